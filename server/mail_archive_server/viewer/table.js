"use strict";
// The rows as a grid that can be sorted. Only what is in sight is in the page, so that thousands of rows scroll lightly.

const table = (() => {
  const HEIGHT = 40;
  const SEEN = 12;
  const HEAD = 30;
  const AROUND = 8;
  // A name can pass for another's: the address stands below it, always.
  const COLUMNS = [
    {
      by: "time",
      title: "Received",
      of: (row) => [row.received.slice(0, 10)],
      below: (row) => row.received.slice(11, 16),
    },
    {
      by: "from",
      title: "From",
      of: (row) => [row.from.name || row.from.address],
      below: (row) => row.from.name && row.from.address,
      full: (row) => row.sender,
    },
    {
      by: "to",
      title: "To",
      of: (row) => [row.to.map((each) => each.name || each.address).join(", ") || row.recipient],
      below: (row) =>
        row.to
          .map((each) => each.name && each.address)
          .filter(Boolean)
          .join(", "),
      full: (row) => row.recipient,
    },
    {
      by: "subject",
      title: "Subject",
      of: (row) => [row.attachments && clip("Has attachments"), row.subject || "–"],
      full: (row) => row.subject,
    },
  ];
  const selected = new Set();
  let list = [];
  let active = 0;
  let open = () => {};

  const body = el("div", { role: "rowgroup", class: "rows" });
  const scroller = el("div", { class: "scroller", onscroll: () => requestAnimationFrame(paint) });
  const heads = COLUMNS.map(({ by, title }) =>
    el(
      "div",
      { role: "columnheader", class: `cell ${by}`, "aria-sort": "none" },
      button(title, () => rows.sort(by), { "aria-label": `Sort by ${title}` }),
    ),
  );
  const grid = el(
    "div",
    {
      role: "grid",
      class: "grid",
      tabindex: "0",
      "aria-label": "Messages. Arrow keys move, Enter opens, Space selects.",
      "aria-multiselectable": "true",
      onkeydown: (event) => press(event),
    },
    scroller,
  );
  const empty = el("p", { class: "note", hidden: true }, "No row passes. Take away what narrows them.");
  scroller.append(
    el(
      "div",
      { role: "rowgroup", class: "heads" },
      el("div", { role: "row", class: "row head", "aria-rowindex": "1" }, heads),
    ),
    body,
  );

  function cell({ by, of, below, full }, row) {
    const second = below?.(row);
    return el(
      "div",
      { role: "gridcell", class: `cell ${by}`, dir: "auto", title: full?.(row) },
      of(row),
      second && el("small", null, second),
    );
  }

  function line(row, place) {
    const element = el(
      "div",
      {
        role: "row",
        id: `row-${place}`,
        class: `row${place === active ? " active" : ""}`,
        "aria-rowindex": place + 2,
        "aria-selected": selected.has(row.id) ? "true" : "false",
        onclick: (event) => click(event, place),
      },
      COLUMNS.map((column) => cell(column, row)),
    );
    element.style.transform = `translateY(${place * HEIGHT}px)`;
    return element;
  }

  /** Put the rows in sight into the page. */
  function paint() {
    const first = Math.max(0, Math.floor(scroller.scrollTop / HEIGHT) - AROUND);
    const count = Math.ceil((scroller.clientHeight || SEEN * HEIGHT) / HEIGHT) + 2 * AROUND;
    fill(
      body,
      list.slice(first, first + count).map((row, place) => line(row, first + place)),
    );
    body.style.height = `${list.length * HEIGHT}px`;
    if (list.length) grid.setAttribute("aria-activedescendant", `row-${active}`);
    else grid.removeAttribute("aria-activedescendant");
  }

  function click(event, place) {
    move(place);
    if (event.ctrlKey || event.metaKey) toggle(list[place].id);
    else choose(list[place]);
  }

  /** Select this one alone, and open it. */
  function choose(row) {
    selected.clear();
    toggle(row.id);
    open(row.id);
  }

  function toggle(id) {
    if (!selected.delete(id)) selected.add(id);
    host.tellModel([...selected]);
    paint();
  }

  function move(place) {
    active = Math.min(Math.max(place, 0), Math.max(list.length - 1, 0));
    const top = active * HEIGHT;
    const room = scroller.clientHeight - HEAD;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    if (top + HEIGHT > scroller.scrollTop + room) scroller.scrollTop = top + HEIGHT - room;
    paint();
  }

  function press(event) {
    if (event.target.closest("button")) return;
    const page = Math.max(1, Math.floor(scroller.clientHeight / HEIGHT) - 1);
    const moves = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: list.length - 1,
    };
    if (event.key in moves) move(moves[event.key]);
    else if (event.key === "Enter" && list[active]) choose(list[active]);
    else if (event.key === " " && list[active]) toggle(list[active].id);
    else return;
    event.preventDefault();
  }

  return {
    element: el("div", {}, grid, empty),

    /** Have a function called with the id of a message that is to be opened. */
    onOpen(listener) {
      open = listener;
    },

    render() {
      list = rows.shown();
      active = Math.min(active, Math.max(list.length - 1, 0));
      const { by, descending } = rows.sorted;
      COLUMNS.forEach((column, place) => {
        const way = column.by === by ? (descending ? "descending" : "ascending") : "none";
        heads[place].setAttribute("aria-sort", way);
      });
      grid.setAttribute("aria-rowcount", list.length + 1);
      scroller.style.height = `${HEAD + Math.min(Math.max(list.length, 3), SEEN) * HEIGHT}px`;
      empty.hidden = list.length > 0;
      paint();
    },
  };
})();
