"use strict";
// How many messages came when: bars of days or months, stretches without any said, a range to narrow by.

const timeline = (() => {
  const HEIGHT = 170;
  const BOTTOM = 22;
  const LONG_DAYS = 92;
  const MOST_BARS = 400;
  const GAPS = 3;
  let unit = null;
  let dragged = null;

  const months = (time) => Date.UTC(new Date(time).getUTCFullYear(), new Date(time).getUTCMonth(), 1);
  const days = (time) => Math.floor(time / DAY) * DAY;
  const next = (time) => {
    const date = new Date(time);
    return unit === "month" ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) : time + DAY;
  };
  const name = (time) => dayOf(time).slice(0, unit === "month" ? 7 : 10);

  const element = el("div", { class: "timeline" });
  let width = 0;

  /** Every day or month from the first message to the last, those without any too. */
  function slots(list) {
    const times = list.map((row) => row.time).filter(Boolean);
    if (!times.length) return [];
    const [first, last] = [Math.min(...times), Math.max(...times)];
    unit ??= last - first > LONG_DAYS * DAY ? "month" : "day";
    if (unit === "day" && (last - first) / DAY > MOST_BARS) unit = "month";
    const begin = unit === "month" ? months : days;
    const counts = new Map();
    for (const time of times) counts.set(begin(time), (counts.get(begin(time)) ?? 0) + 1);
    const found = [];
    for (let time = begin(first); time <= last; time = next(time)) found.push({ time, count: counts.get(time) ?? 0 });
    return found;
  }

  /** The longest stretches without a message: words about each. */
  function gaps(found) {
    const stretches = [];
    let since = null;
    for (const slot of found) {
      if (slot.count === 0) since ??= slot.time;
      else if (since !== null) {
        stretches.push({ since, until: slot.time });
        since = null;
      }
    }
    const long = stretches.sort((a, b) => b.until - b.since - (a.until - a.since)).slice(0, GAPS);
    return long.map(({ since, until }) => {
      const last = name(until - 1);
      const count = Math.round((until - since) / DAY);
      return `${counted(count, "day")}: ${name(since) === last ? last : `${name(since)} to ${last}`}`;
    });
  }

  function bars(found) {
    const most = Math.max(...found.map((slot) => slot.count));
    const step = width / found.length;
    const { from, to } = rows.narrowed;
    const drawn = found.map(({ time, count }, place) => {
      const height = count ? Math.max(3, (count / most) * (HEIGHT - BOTTOM - 20)) : 0;
      const isOut = (from !== null && time < from) || (to !== null && time >= to);
      return svg(
        "g",
        { class: `slot${isOut ? " out" : ""}` },
        svg("title", null, `${name(time)}: ${counted(count, "message")}`),
        svg("rect", { class: "hit", x: place * step, y: 0, width: step, height: HEIGHT - BOTTOM }),
        count
          ? svg("rect", {
              class: "bar",
              x: place * step + step * 0.1,
              y: HEIGHT - BOTTOM - height,
              width: step * 0.8,
              height,
            })
          : svg("rect", {
              class: "gap",
              x: place * step + step * 0.1,
              y: HEIGHT - BOTTOM - 2,
              width: step * 0.8,
              height: 2,
            }),
      );
    });
    const every = Math.ceil(found.length / 8);
    const labels = found.map(({ time }, place) =>
      place % every ? null : svg("text", { x: place * step + 2, y: HEIGHT - 6, class: "label" }, name(time)),
    );
    const picture = svg(
      "svg",
      {
        viewBox: `0 0 ${width} ${HEIGHT}`,
        role: "img",
        "aria-label": `Messages by ${unit}: ${found
          .filter((slot) => slot.count)
          .map((slot) => `${name(slot.time)} ${slot.count}`)
          .slice(0, 40)
          .join(", ")}`,
        onpointerdown: (event) => {
          dragged = place(event, picture, found);
          picture.setPointerCapture(event.pointerId);
        },
        onpointerup: (event) => {
          if (dragged === null) return;
          const [a, b] = [dragged, place(event, picture, found)].sort((x, y) => x - y);
          dragged = null;
          rows.narrow({ from: found[a].time, to: next(found[b].time) });
        },
        onpointercancel: () => {
          dragged = null;
        },
      },
      drawn,
      labels,
      svg("text", { x: 2, y: 12, class: "label" }, `most: ${most} in one ${unit}`),
    );
    return picture;
  }

  function place(event, picture, found) {
    const box = picture.getBoundingClientRect();
    const part = (event.clientX - box.left) / box.width;
    return Math.min(found.length - 1, Math.max(0, Math.floor(part * found.length)));
  }

  /** The same by keyboard: two days. They stay while somebody types, and take on what was dragged. */
  function day(label, narrowed) {
    const field = el("input", {
      type: "date",
      "aria-label": `${label} day`,
      onchange: () => {
        const time = Date.parse(`${field.value}T00:00:00Z`);
        // While a year is typed it is one of long ago.
        if (!field.value) rows.narrow(narrowed(null));
        else if (time > 0) rows.narrow(narrowed(time));
      },
    });
    return field;
  }

  const first = day("From", (time) => ({ from: time }));
  const last = day("To", (time) => ({ to: time === null ? null : time + DAY }));
  const units = ["day", "month"].map((each) =>
    button(`By ${each}`, () => {
      unit = each;
      timeline.render();
    }),
  );
  const drawing = el("div");
  element.append(
    el("p", { class: "controls" }, units, el("label", null, "From ", first), el("label", null, "to ", last)),
    drawing,
  );

  function showChoices() {
    const { from, to } = rows.narrowed;
    for (const [place, each] of ["day", "month"].entries()) {
      units[place].setAttribute("aria-pressed", unit === each ? "true" : "false");
    }
    if (document.activeElement !== first) first.value = from === null ? "" : dayOf(from);
    if (document.activeElement !== last) last.value = to === null ? "" : dayOf(to - 1);
  }

  new ResizeObserver(() => {
    if (element.clientWidth && element.clientWidth !== width) timeline.render();
  }).observe(element);

  return {
    element,

    render() {
      width = Math.max(element.clientWidth, 280);
      const found = slots(rows.shown("time"));
      showChoices();
      if (!found.length) {
        fill(drawing, el("p", { class: "note" }, "There is no message to place in time."));
        return;
      }
      const silent = gaps(found);
      fill(
        drawing,
        bars(found),
        el("p", { class: "note" }, "Drag over the bars, or name two days, to narrow the rows. Times are of UTC."),
        silent.length > 0 && el("p", { class: "note" }, `Longest without a message: ${silent.join("; ")}.`),
      );
    },
  };
})();
