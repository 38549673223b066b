"use strict";
// What stands in the fields of mail: addresses, moments, the fence around texts.

const DAY = 86_400_000;

/** The addresses of a header line: `{name, address}` of each. A line that was cut ends in an ellipsis, which is none. */
function addresses(line) {
  const found = [];
  for (const piece of (line ?? "").match(/(?:"[^"]*"|[^",<])*<[^<>]*>|[^\s,<>"]+@[^\s,<>"]+/g) ?? []) {
    const parts = /^\s*,?\s*(.*?)\s*<([^<>]*)>$/s.exec(piece);
    const address = (parts ? parts[2] : piece).trim().toLowerCase();
    if (address) found.push({ name: parts ? parts[1].replace(/^"|"$/g, "") : "", address });
  }
  return found;
}

/** Who a From line names: one, nearly always, whose name may have commas. */
function author(line) {
  const parts = /^(.*?)\s*<([^<>]*)>\s*$/s.exec(line ?? "");
  if (parts && !parts[1].includes("<"))
    return { name: parts[1].replace(/^"|"$/g, ""), address: parts[2].trim().toLowerCase() };
  return addresses(line)[0] ?? { name: line ?? "", address: "" };
}

function domainOf(address) {
  return address.slice(address.lastIndexOf("@") + 1);
}

/** `2025-04-07 15:42`, of a moment in UTC. */
function minute(iso) {
  return iso ? iso.slice(0, 16).replace("T", " ") : "";
}

/** `2025-04-07` of milliseconds. */
function dayOf(time) {
  return new Date(time).toISOString().slice(0, 10);
}

/** A text without the marks that the server puts around what a mail says. */
function withoutFence(text) {
  return (text ?? "").replace(/^\[\[MAIL-DATA [0-9a-f]+\]\]\n?/, "").replace(/\n?\[\[\/MAIL-DATA [0-9a-f]+\]\]$/, "");
}

function bytes(count) {
  if (count < 1_000) return `${count} bytes`;
  return count < 1_000_000 ? `${(count / 1_000).toFixed(1)} KB` : `${(count / 1_000_000).toFixed(1)} MB`;
}
