"use strict";
// The rows that were loaded, what narrows them, and who wants to know when either changes.

const rows = (() => {
  const MOST = 1_000;
  const PAGE = 50;
  const EMPTY_PAGES = 3;
  const all = [];
  const ids = new Set();
  const changed = [];
  const none = () => ({ words: "", domain: "", attachments: false, from: null, to: null, pair: null });
  let narrowed = none();
  let sorted = { by: "time", descending: true };
  let asked = {};
  let told = { found: 0, complete: true, cursor: null, notes: [], begin: "", end: "" };
  let loading = false;
  let stopped = false;

  function parsed(row) {
    const from = author(row.From);
    const to = addresses(row.To);
    return {
      id: row.ArchivedMessageId,
      received: row.ReceivedTimestamp ?? "",
      time: Date.parse(row.ReceivedTimestamp ?? "") || 0,
      from,
      sender: row.From ?? "",
      recipient: row.To ?? "",
      domain: domainOf(from.address),
      to,
      toCut: (row.To ?? "").includes("…,") || (row.To ?? "").endsWith("…"),
      subject: row.Subject ?? "",
      attachments: Boolean(row.HasAttachments),
      copies: row.Copies ?? 1,
      folded: [row.From, row.To, row.Subject].join("\n").toLowerCase(),
    };
  }

  function take(page) {
    for (const row of page.Rows ?? []) {
      if (!row.ArchivedMessageId || ids.has(row.ArchivedMessageId)) continue;
      ids.add(row.ArchivedMessageId);
      all.push(parsed(row));
    }
    told = {
      found: page.MessagesSoFar ?? all.length,
      complete: Boolean(page.Complete),
      cursor: page.NextCursor ?? null,
      notes: [...new Set([...told.notes, ...(page.Notes ?? [])])],
      begin: page.FromTimestamp ?? told.begin,
      end: page.ToTimestamp ?? told.end,
    };
  }

  const keys = {
    time: (row) => row.time,
    from: (row) => row.sender.toLowerCase(),
    to: (row) => row.recipient.toLowerCase(),
    subject: (row) => row.subject.toLowerCase().replace(/^((re|fwd?|aw|wg|sv|tr):\s*)+/, ""),
  };

  function passes(row, without) {
    const { words, domain, attachments, from, to, pair } = narrowed;
    return (
      (!words ||
        words
          .toLowerCase()
          .split(/\s+/)
          .every((word) => row.folded.includes(word))) &&
      (without === "domain" || !domain || row.domain === domain) &&
      (!attachments || row.attachments) &&
      (without === "time" || ((from === null || row.time >= from) && (to === null || row.time < to))) &&
      (without === "pair" || !pair || (row.from.address === pair[0] && row.to.some((each) => each.address === pair[1])))
    );
  }

  function say() {
    for (const listener of changed) listener();
  }

  return {
    /** Have a function called whenever rows, narrowing or order change. */
    onChange(listener) {
      changed.push(listener);
    },

    /** Begin with what the host gave: the arguments of the search, and its first page. */
    begin(args, page) {
      asked = args;
      take(page);
      say();
    },

    /** Load pages until so many rows more are there, or the search has no more. */
    async load(target = MOST) {
      if (loading || !told.cursor) return;
      loading = true;
      stopped = false;
      let empty = 0;
      say();
      try {
        while (told.cursor && all.length < target && !stopped && empty < EMPTY_PAGES) {
          const before = all.length;
          take(await host.ask("search_archive", { ...asked, cursor: told.cursor, limit: PAGE }));
          empty = all.length === before ? empty + 1 : 0;
          say();
        }
      } finally {
        loading = false;
        say();
      }
    },

    stop() {
      stopped = true;
    },

    get loaded() {
      return all.length;
    },

    get told() {
      return told;
    },

    get isLoading() {
      return loading;
    },

    get archive() {
      return asked.archive_id;
    },

    get narrowed() {
      return narrowed;
    },

    get isNarrowed() {
      return JSON.stringify(narrowed) !== JSON.stringify(none());
    },

    get sorted() {
      return sorted;
    },

    narrow(by) {
      narrowed = { ...narrowed, ...by };
      say();
    },

    widen() {
      narrowed = none();
      say();
    },

    sort(by) {
      sorted = { by, descending: sorted.by === by ? !sorted.descending : by === "time" };
      say();
    },

    row(id) {
      return all.find((row) => row.id === id);
    },

    /** The rows that pass what narrows them, all but one sort of it, in order. */
    shown(without) {
      const key = keys[sorted.by];
      const way = sorted.descending ? -1 : 1;
      const passing = all.filter((row) => passes(row, without));
      return passing.sort((a, b) => (key(a) < key(b) ? -way : key(a) > key(b) ? way : b.time - a.time));
    },

    /** The most frequent of what a function gives of rows: `[value, count]`. */
    most(list, of, count) {
      const counts = new Map();
      for (const row of list) for (const value of [of(row)].flat()) counts.set(value, (counts.get(value) ?? 0) + 1);
      return [...counts]
        .filter(([value]) => value)
        .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
        .slice(0, count);
    },
  };
})();
