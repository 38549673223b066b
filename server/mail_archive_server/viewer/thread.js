"use strict";
// The conversation around a message, as a tree with its gaps.

const thread = (() => {
  const element = el("div", { class: "thread" }, el("p", { class: "note" }, "Open a message to see its conversation."));
  const kept = new Map();
  let wanted = null;
  let open = () => {};

  function entry(each, asked) {
    const words = each.Found
      ? [
          el("span", { class: "when" }, minute(each.ReceivedTimestamp)),
          el("span", { class: "who", dir: "auto", title: each.From }, each.From ?? "–"),
          each.HasAttachments && clip((each.Attachments ?? []).join(", ") || "Has attachments"),
          each.Subject && el("span", { class: "what", dir: "auto" }, each.Subject),
          each.BySubject && el("span", { class: "tag" }, "placed by its subject alone"),
        ]
      : [
          el("span", { class: "tag gap" }, `${counted(each.Missing ?? 1, "message")} missing`),
          el("span", { class: "what" }, each.MessageId ?? ""),
        ];
    const line = each.Found
      ? button(words, () => open(each.ArchivedMessageId), { "aria-current": each.Number === asked ? "true" : null })
      : el("p", { class: "absent" }, words);
    const item = el("li", { "aria-level": each.Depth, class: each.Found ? "" : "missing" }, line);
    item.style.marginInlineStart = `${Math.min(each.Depth - 1, 8) * 18}px`;
    return item;
  }

  function show(found) {
    const rest = found.TotalMessages - found.Messages.length;
    fill(
      element,
      el("h2", { dir: "auto" }, found.Subject ?? "Conversation"),
      el(
        "ol",
        { "aria-label": "Conversation, oldest first" },
        found.Messages.map((each) => entry(each, found.AskedNumber)),
      ),
      !found.Complete && el("p", { class: "note" }, "Not all of it was searched: there may be more."),
      rest > 0 && el("p", { class: "note" }, `${counted(rest, "entry", "entries")} more: ask for them in the chat.`),
    );
  }

  return {
    element,

    onOpen(listener) {
      open = listener;
    },

    /** The message whose conversation is meant, which is fetched once somebody looks. */
    want(id) {
      wanted = id;
    },

    async render() {
      const id = wanted;
      if (!id) return;
      try {
        if (!kept.has(id)) {
          fill(element, el("p", { class: "note" }, "Looking for the conversation…"));
          kept.set(id, await host.ask("get_archive_thread", { archive_id: rows.archive, archived_message_id: id }));
        }
        if (id === wanted) show(kept.get(id));
      } catch (error) {
        fill(element, el("p", { class: "note", role: "alert" }, error.message));
      }
    },
  };
})();
