"use strict";
// The page as a whole: what the host says, which view is shown, what narrows the rows.

(() => {
  const FACETS = 6;
  const VIEWS = [
    { id: "table", title: "Table", of: table },
    { id: "timeline", title: "Timeline", of: timeline },
    { id: "pairs", title: "Who to whom", of: pairs },
    { id: "thread", title: "Conversation", of: thread },
  ];
  let shown = "table";
  let args = {};
  let begun = false;
  let modes = [];
  let mode = "inline";

  const tabs = VIEWS.map(({ id, title }) =>
    button(title, () => choose(id), { role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, onkeydown: turn }),
  );
  const panels = VIEWS.map(({ id, of }) =>
    el("div", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}` }, of.element),
  );
  const words = el("input", {
    type: "search",
    placeholder: "Words in From, To, Subject",
    "aria-label": "Words in From, To or Subject",
    oninput: () => rows.narrow({ words: words.value.trim() }),
  });
  const chips = el("div", { class: "chips", role: "group", "aria-label": "Facets" });

  const room = button("Full screen", () => changeRoom(), { class: "quiet room", hidden: true });

  function choose(id) {
    shown = id;
    render();
  }

  /** Arrow keys go from tab to tab, as screen readers announce. */
  function turn(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const place = (VIEWS.findIndex(({ id }) => id === shown) + step + VIEWS.length) % VIEWS.length;
    choose(VIEWS[place].id);
    tabs[place].focus();
  }

  function chip(title, isOn, change) {
    const key = title.replace(/ [\d,]+$/, "");
    return button(title, change, { class: "chip", "data-key": key, "aria-pressed": isOn ? "true" : "false" });
  }

  function facets() {
    const { domain, attachments, from, to, pair } = rows.narrowed;
    const list = rows.shown("domain");
    const frequent = rows.most(list, (row) => row.domain, FACETS);
    const withFiles = rows.shown().filter((row) => row.attachments).length;
    fill(
      chips,
      frequent.map(([name, count]) =>
        chip(`${name} ${number.format(count)}`, domain === name, () =>
          rows.narrow({ domain: domain === name ? "" : name }),
        ),
      ),
      chip(`With attachments ${number.format(withFiles)}`, attachments, () =>
        rows.narrow({ attachments: !attachments }),
      ),
      (from !== null || to !== null) &&
        chip(`${from === null ? "…" : dayOf(from)} to ${to === null ? "…" : dayOf(to - 1)} ✕`, true, () =>
          rows.narrow({ from: null, to: null }),
        ),
      pair && chip(`${pair[0]} to ${pair[1]} ✕`, true, () => rows.narrow({ pair: null })),
      rows.isNarrowed &&
        button(
          "Clear",
          () => {
            words.value = "";
            rows.widen();
          },
          { class: "quiet" },
        ),
    );
  }

  function status() {
    const { found, complete, cursor, notes, begin, end } = rows.told;
    const passing = rows.shown().length;
    const line = [
      complete
        ? `${counted(found, "message")} found`
        : `${counted(found, "message")} found so far: the search is not complete`,
      rows.loaded < found && `, ${number.format(rows.loaded)} loaded`,
      passing < rows.loaded && `, ${number.format(passing)} shown`,
      begin && `. Received ${begin.slice(0, 10)} to ${end.slice(0, 10)}, in UTC.`,
      rows.isLoading
        ? [" Loading… ", button("Stop", () => rows.stop())]
        : cursor && [" ", button("Load more", () => load(rows.loaded + 1_000))],
      notes.map((note) => el("span", { class: "note" }, ` ${note}`)),
    ];
    fill(byId("status"), line);
    fill(byId("heading"), args.subject?.length ? `Messages about ${[args.subject].flat().join(", ")}` : "Messages");
  }

  function render() {
    status();
    facets();
    for (const [place, { id, of }] of VIEWS.entries()) {
      const isShown = id === shown;
      tabs[place].setAttribute("aria-selected", isShown ? "true" : "false");
      tabs[place].tabIndex = isShown ? 0 : -1;
      panels[place].hidden = !isShown;
      if (isShown) of.render();
    }
  }

  function complain(words_) {
    const problem = byId("problem");
    problem.hidden = !words_;
    fill(problem, words_);
  }

  async function load(target) {
    try {
      complain("");
      await rows.load(target);
    } catch (error) {
      complain(error.message);
    }
  }

  function open(id) {
    byId("panels").classList.add("open");
    thread.want(id);
    message.open(id);
    if (shown === "thread") thread.render();
  }

  /** The host has a result: show it, then load the rest of the rows. */
  async function begin(result) {
    if (begun) return;
    byId("view").setAttribute("aria-busy", "false");
    if (result.isError) {
      fill(byId("heading"), "The search failed");
      complain((result.content ?? []).map((block) => block.text ?? "").join(" "));
      return;
    }
    begun = true;
    try {
      // Some hosts hand the view the text alone: it then asks for the rows itself.
      rows.begin(args, result.structuredContent ?? (await host.ask("search_archive", args)));
      if (host.can("serverTools")) await load();
    } catch (error) {
      complain(error.message);
    }
  }

  /** Where the host can give more room, a button asks for it, and gives it back. */
  function dressForRoom(context) {
    modes = context.availableDisplayModes ?? modes;
    mode = context.displayMode ?? mode;
    const isFull = mode === "fullscreen";
    room.hidden = !modes.includes(isFull ? "inline" : "fullscreen");
    fill(room, isFull ? "Back into the chat" : "Full screen");
  }

  async function changeRoom() {
    try {
      const answer = await host.requestDisplayMode(mode === "fullscreen" ? "inline" : "fullscreen");
      dressForRoom({ displayMode: answer.mode });
    } catch (error) {
      complain(error.message);
    }
  }

  function dress(context) {
    dressForRoom(context);
    if (context.theme) document.documentElement.dataset.theme = context.theme;
    for (const [name, value] of Object.entries(context.styles?.variables ?? {})) {
      if (value && /^--[a-z0-9-]+$/.test(name)) document.documentElement.style.setProperty(name, value);
    }
  }

  byId("narrowing").append(words, chips, room);
  byId("tabs").append(...tabs);
  byId("panels").append(el("div", { class: "views" }, panels), message.element);
  for (const id of ["narrowing", "tabs"]) byId(id).hidden = false;
  table.onOpen(open);
  thread.onOpen(open);
  rows.onChange(render);

  host.on("ui/notifications/tool-input", (params) => {
    args = params.arguments ?? {};
  });
  host.on("ui/notifications/tool-result", begin);
  host.on("ui/notifications/tool-cancelled", (params) => {
    byId("view").setAttribute("aria-busy", "false");
    fill(byId("heading"), "The search was stopped");
    complain(params.reason ?? "");
  });
  host.on("ui/notifications/host-context-changed", dress);
  host.on("ui/resource-teardown", () => {
    rows.stop();
    return {};
  });
  host.connect().then(dress, (error) => complain(error.message));
  host.reportSize();
})();
