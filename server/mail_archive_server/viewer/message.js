"use strict";
// One message: what deserves a look first, then who, what, and the files. All of it as text.

const message = (() => {
  const LINK = /https?:\/\/[^\s<>"'\[\]]+/g;
  const QUOTED = /^\s*>/;
  const LEAST_FOLDED = 3;
  const SECTIONS = ["headers", "text", "attachments", "authentication", "route", "links", "findings"];
  const element = el("article", { class: "message", tabindex: "-1", "aria-label": "Message" });
  const kept = new Map();
  let current = null;

  function list(title, items, attributes) {
    return (
      items.length > 0 &&
      el(
        "section",
        attributes,
        el("h3", null, title),
        el(
          "ul",
          null,
          items.map((each) => el("li", { dir: "auto" }, each)),
        ),
      )
    );
  }

  /** A link is a button: it shows the host, and where it leads before it goes there. */
  function link(url) {
    let name;
    try {
      name = new URL(url).host;
    } catch {
      return url;
    }
    const holder = el("span", { class: "link" });
    const ask = () =>
      fill(
        holder,
        el(
          "span",
          { class: "asked", role: "group", "aria-label": "Leave the view?" },
          el("code", { dir: "ltr" }, url),
          " ",
          button("Open outside", () => host.openLink(url).then(rest, (error) => fill(holder, error.message))),
          " ",
          button("Stay", rest),
        ),
      );
    const rest = () =>
      fill(
        holder,
        button(`${name} ↗`, host.can("openLinks") ? ask : null, {
          title: url,
          class: "host",
          disabled: !host.can("openLinks"),
        }),
      );
    rest();
    return holder;
  }

  function linked(words) {
    const pieces = [];
    let end = 0;
    for (const found of words.matchAll(LINK)) {
      pieces.push(words.slice(end, found.index), link(found[0]));
      end = found.index + found[0].length;
    }
    return [...pieces, words.slice(end)];
  }

  /** The text; lines that repeat earlier mail are folded where there are several of them. */
  function text(words) {
    const blocks = [];
    for (const line of words.split("\n")) {
      const isQuoted = QUOTED.test(line);
      if (blocks.at(-1)?.isQuoted === isQuoted) blocks.at(-1).lines.push(line);
      else blocks.push({ isQuoted, lines: [line] });
    }
    return blocks.map(({ isQuoted, lines }) => {
      const made = el("div", { class: `text${isQuoted ? " quoted" : ""}`, dir: "auto" }, linked(lines.join("\n")));
      if (!isQuoted || lines.length < LEAST_FOLDED) return made;
      return el("details", null, el("summary", null, `${counted(lines.length, "quoted line")}`), made);
    });
  }

  /** Text that comes a part at a time. */
  function pages(first, ask) {
    const holder = el("div");
    const add = (page) => {
      holder.append(...text(withoutFence(page.Text)));
      if (page.NextOffset === undefined) return;
      const more = button(
        `More (${number.format(page.NextOffset)} of ${number.format(page.TotalChars)} characters shown)`,
        async () => {
          more.disabled = true;
          try {
            const next = await ask(page.NextOffset);
            more.remove();
            add(next);
          } catch (error) {
            more.replaceWith(el("p", { role: "alert" }, error.message));
          }
        },
      );
      holder.append(more);
    };
    add(first);
    return holder;
  }

  function attachment(id, file) {
    const shown = el("div", { class: "file" });
    const ask = (offset) =>
      host.ask("read_archive_attachment", { archived_message_id: id, attachment_id: file.AttachmentId, offset });
    const show = button("Show its text", async () => {
      show.disabled = true;
      fill(shown, el("p", { class: "note" }, "Reading…"));
      try {
        const found = await ask(0);
        fill(
          shown,
          found.Text ? pages(found, ask) : el("p", { class: "note" }, "It has no text."),
          (found.Notes ?? []).map((note) => el("p", { class: "note" }, note)),
        );
      } catch (error) {
        fill(shown, el("p", { class: "note", role: "alert" }, error.message));
        show.disabled = false;
      }
    });
    const type = file.DetectedType ? `${file.Type}, which is ${file.DetectedType}` : file.Type;
    return el(
      "li",
      null,
      el("b", { dir: "auto" }, file.Name ?? "without a name"),
      ` ${type}, ${bytes(file.SizeBytes)} `,
      show,
      shown,
    );
  }

  function verdict(words) {
    const result = /=\s*(\w+)/.exec(words)?.[1] ?? "";
    const kind = result === "pass" ? "good" : /fail|error|none/.test(result) ? "bad" : "";
    return el("span", { class: `tag ${kind}` }, words);
  }

  function authentication(found) {
    return (found.Authentication ?? []).map((each) => [
      each.AuthservId ?? "A host without a name",
      each.Trusted ? " (trusted): " : " (the sender may have written this): ",
      each.Results.map((result) => [verdict(result), " "]),
    ]);
  }

  /** The way from host to host, first one first, with what each step took; what goes back in time or lingers is marked. */
  function route(hops) {
    if (!hops?.length) return null;
    const [STEP, BOX, WIDE] = [50, 26, 330];
    const names = [hops[0].From ?? hops[0].IpAddress ?? "?", ...hops.map((hop) => hop.By ?? "?")];
    const drawn = names.map((name, place) => {
      const y = 1 + place * STEP;
      const hop = hops[place - 1];
      const took = hop?.DelaySeconds;
      const words = [took !== undefined && `${number.format(took)} s`, hop?.Protocol, hop?.IpAddress].filter(Boolean);
      return svg(
        "g",
        null,
        svg("title", null, [name, minute(hop?.Time)].filter(Boolean).join(", ")),
        hop &&
          svg("line", {
            x1: 14,
            y1: y - STEP + BOX,
            x2: 14,
            y2: y,
            class: `way${took < 0 || took > 3_600 ? " odd" : ""}`,
          }),
        hop && svg("text", { x: 24, y: y - 8, class: "label" }, words.join(" · ")),
        svg("rect", { x: 1, y, width: WIDE - 2, height: BOX, rx: 5, class: "hop" }),
        svg("text", { x: 9, y: y + 17, class: "hop-name" }, name.length > 46 ? `${name.slice(0, 45)}…` : name),
      );
    });
    const height = STEP * (names.length - 1) + BOX + 2;
    return el(
      "section",
      null,
      el("h3", null, "The way it came"),
      el(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "The way it came" },
        svg(
          "svg",
          {
            width: WIDE,
            height,
            viewBox: `0 0 ${WIDE} ${height}`,
            role: "img",
            "aria-label": `From ${names.join(" to ")}`,
          },
          drawn,
        ),
      ),
    );
  }

  function headers(found) {
    const of = found.Headers ?? {};
    const lines = [
      ["From", of.From],
      ["Sender", of.Sender],
      ["Reply to", of.ReplyTo],
      ["To", of.To],
      ["Cc", of.Cc],
      ["Date", of.Date],
      ["Return path", of.ReturnPath],
      ["Message-ID", of.MessageId],
    ];
    return el(
      "dl",
      null,
      lines
        .filter(([, value]) => value?.length)
        .map(([name, value]) => [el("dt", null, name), el("dd", { dir: "auto" }, [value].flat().join(", "))]),
    );
  }

  function show(found) {
    const id = found.ArchivedMessageId;
    const findings = (found.Findings ?? []).map((each) => [
      el("span", { class: "tag bad" }, each.Name),
      " ",
      each.Finding,
    ]);
    const hidden = (found.HiddenText ?? []).map(
      (each) => `${counted(each.Words, "word")} hidden (${each.Reason}), left out of the text`,
    );
    const hosts = (found.Links ?? []).map((each) => [
      el("b", null, each.Host),
      each.Count > 1 && ` ${each.Count} times`,
      each.Words?.length > 0 && `: ${each.Words.join(" · ")}`,
    ]);
    const askText = (offset) =>
      host.ask("read_archive_message", { archived_message_id: id, sections: ["text"], offset });
    fill(
      element,
      el("h2", { dir: "auto" }, found.Headers?.Subject ?? "Without a subject"),
      list("Look at this first", [...findings, ...hidden], { class: "findings" }),
      headers(found),
      el(
        "section",
        { "aria-label": "Text" },
        found.Text ? pages(found, askText) : el("p", { class: "note" }, "It has no text."),
      ),
      found.Attachments?.length > 0 &&
        el(
          "section",
          null,
          el("h3", null, "Attachments"),
          el(
            "ul",
            null,
            found.Attachments.map((file) => attachment(id, file)),
          ),
        ),
      list("Who checked the sender", authentication(found)),
      route(found.Route),
      list("Hosts that its links lead to", hosts),
      list("What could not be read", found.Problems ?? []),
      // That the view asked for these sections is of no interest to who looks.
      (found.Notes ?? [])
        .filter((note) => !note.startsWith("Shown, as asked for"))
        .map((note) => el("p", { class: "note" }, note)),
      el("p", { class: "note" }, `${id} · ${bytes(found.SizeBytes)} · SHA-256 ${found.Sha256}`),
    );
  }

  return {
    element,

    async open(id) {
      current = id;
      element.setAttribute("aria-busy", "true");
      try {
        if (!kept.has(id)) {
          fill(element, el("p", { class: "note" }, "Reading…"));
          kept.set(id, await host.ask("read_archive_message", { archived_message_id: id, sections: SECTIONS }));
        }
        if (id !== current) return;
        show(kept.get(id));
        element.scrollTop = 0;
      } catch (error) {
        if (id === current) fill(element, el("p", { class: "note", role: "alert" }, error.message));
      }
      if (id === current) element.setAttribute("aria-busy", "false");
    },
  };
})();
