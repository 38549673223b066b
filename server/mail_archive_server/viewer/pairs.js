"use strict";
// Who wrote to whom: a table of the most frequent senders and recipients, shaded by how often.

const pairs = (() => {
  const MOST = 12;
  const element = el("div", { class: "pairs" });

  function shortened(address) {
    return address.length > 26 ? `${address.slice(0, 25)}…` : address;
  }

  function cell(from, to, count, most, isChosen) {
    if (!count) return el("td", null, "");
    const made = el(
      "td",
      null,
      button(number.format(count), () => rows.narrow({ pair: isChosen ? null : [from, to] }), {
        "data-key": `${from} ${to}`,
        "aria-label": `${from} to ${to}: ${counted(count, "message")}`,
        "aria-pressed": isChosen ? "true" : "false",
        title: `${from} to ${to}`,
      }),
    );
    made.style.setProperty("--weight", `${Math.round(15 + (70 * count) / most)}%`);
    return made;
  }

  return {
    element,

    render() {
      const list = rows.shown("pair");
      const senders = rows.most(list, (row) => row.from.address, MOST).map(([address]) => address);
      const recipients = rows.most(list, (row) => row.to.map((each) => each.address), MOST).map(([address]) => address);
      if (!senders.length || !recipients.length) {
        fill(element, el("p", { class: "note" }, "These rows name nobody who wrote to somebody."));
        return;
      }
      const counts = new Map();
      for (const row of list) {
        for (const { address } of row.to) {
          const key = `${row.from.address}\n${address}`;
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      }
      const most = Math.max(1, ...senders.flatMap((from) => recipients.map((to) => counts.get(`${from}\n${to}`) ?? 0)));
      const chosen = rows.narrowed.pair?.join("\n");
      const people = new Set(list.flatMap((row) => [row.from.address, ...row.to.map((each) => each.address)]));
      const cut = list.filter((row) => row.toCut).length;
      fill(
        element,
        el(
          "div",
          { class: "scroll", tabindex: "0", role: "region", "aria-label": "Who wrote to whom" },
          el(
            "table",
            null,
            el("caption", null, "Senders in lines, recipients in columns"),
            el(
              "thead",
              null,
              el(
                "tr",
                null,
                el("td"),
                recipients.map((to) => el("th", { scope: "col", title: to }, el("span", null, shortened(to)))),
              ),
            ),
            el(
              "tbody",
              null,
              senders.map((from) =>
                el(
                  "tr",
                  null,
                  el("th", { scope: "row", title: from }, shortened(from)),
                  recipients.map((to) => {
                    const key = `${from}\n${to}`;
                    return cell(from, to, counts.get(key) ?? 0, most, key === chosen);
                  }),
                ),
              ),
            ),
          ),
        ),
        people.size > new Set([...senders, ...recipients]).size &&
          el(
            "p",
            { class: "note" },
            `The ${senders.length} who wrote most and the ${recipients.length} who got most, of ${number.format(people.size)} addresses.`,
          ),
        cut > 0 &&
          el("p", { class: "note" }, `${counted(cut, "row")} with a cut list of recipients: some are not counted.`),
      );
    },
  };
})();
