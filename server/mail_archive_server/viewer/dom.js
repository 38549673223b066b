"use strict";
// Elements out of text. Nothing that a mail says is ever read as HTML: there is no way here to do so.

/** Attributes through which text could load, run or leave. */
const REFUSED = /^(href|src|srcset|srcdoc|action|formaction|style|xlink:href|data|ping)$/i;

/**
 * An element with attributes and children. Strings become text nodes; `on...` takes a listener; what is null, undefined
 * or false is left out.
 */
function el(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for drawings. */
function svg(name, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
      continue;
    }
    if (REFUSED.test(name)) throw new TypeError(`the view sets no ${name}`);
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(2)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

function byId(id) {
  return document.getElementById(id);
}

/** Put these in the place of all that an element has. What had the focus has it again, if its `data-key` is still there. */
function fill(element, ...children) {
  const key = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.replaceChildren();
  filled(element, null, children);
  if (key) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  return element;
}

function button(words, onclick, attributes) {
  return el("button", { type: "button", onclick, ...attributes }, words);
}

/** A paper clip, drawn: not every font has one. */
function clip(title) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", class: "clip", role: "img", "aria-label": title },
    svg("title", null, title),
    svg("path", { d: "M12 6v5a4 4 0 0 1-8 0V4.5a2.5 2.5 0 0 1 5 0V11a1 1 0 0 1-2 0V6" }),
  );
}

const number = new Intl.NumberFormat("en");

/** `1 message`, `2,000 messages`. */
function counted(count, noun, several = `${noun}s`) {
  return `${number.format(count)} ${count === 1 ? noun : several}`;
}
