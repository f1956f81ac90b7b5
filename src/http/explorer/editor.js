// A text area with colours behind it and completion under the caret.

import { tokens } from "./language.js";

const KEYWORDS = new Set(["query", "mutation", "subscription", "fragment", "on", "true", "false", "null"]);

function colour(token) {
  if (token.kind === "name") return KEYWORDS.has(token.text) ? "keyword" : "field";
  return token.kind === "directive" || token.kind === "spread" ? "keyword" : token.kind;
}

/** Puts text into an element, coloured. */
export function paint(element, text) {
  element.replaceChildren(
    ...tokens(text).map((token) => {
      if (token.kind === "space") return document.createTextNode(token.text);
      const span = document.createElement("span");
      span.className = colour(token);
      span.textContent = token.text;
      return span;
    }),
  );
}

/** An editor in `host`. `complete(text, caret)` answers options, or null. */
export function createEditor(host, { onChange = () => {}, complete = () => null, onRun = () => {} } = {}) {
  const back = document.createElement("pre");
  const area = document.createElement("textarea");
  const list = document.createElement("ul");
  area.spellcheck = false;
  area.setAttribute("aria-label", host.dataset.label);
  back.setAttribute("aria-hidden", "true");
  list.setAttribute("role", "listbox");
  list.hidden = true;
  host.append(back, area, list);
  let offered = null;
  let chosen = 0;

  function refresh() {
    paint(back, `${area.value}\n`);
    back.scrollTop = area.scrollTop;
    back.scrollLeft = area.scrollLeft;
  }
  function replace(from, to, text) {
    area.focus();
    area.setSelectionRange(from, to);
    // Keeps the browser's own undo; where it is gone, the value is set.
    if (!document.execCommand("insertText", false, text)) area.setRangeText(text, from, to, "end");
    changed();
  }
  function changed() {
    refresh();
    onChange(area.value);
  }
  function close() {
    list.hidden = true;
    offered = null;
  }
  function offer(always) {
    const found = complete(area.value, area.selectionStart);
    const typed = found ? area.selectionStart - found.from : 0;
    if (!found || found.options.length === 0 || (!always && typed === 0)) return close();
    offered = { ...found, options: found.options.slice(0, 60) };
    chosen = 0;
    const rows = area.value.slice(0, found.from).split("\n");
    const style = getComputedStyle(area);
    const line = parseFloat(style.lineHeight);
    list.style.top = `${rows.length * line + parseFloat(style.paddingTop) - area.scrollTop}px`;
    list.style.left = `${rows.at(-1).length * width(style) + parseFloat(style.paddingLeft) - area.scrollLeft}px`;
    list.replaceChildren(
      ...offered.options.map((option, index) => {
        const item = document.createElement("li");
        const type = document.createElement("span");
        item.setAttribute("role", "option");
        item.title = option.description;
        item.textContent = option.text;
        type.textContent = option.type;
        item.append(type);
        item.addEventListener("mousedown", (event) => (event.preventDefault(), accept(index)));
        return item;
      }),
    );
    list.hidden = false;
    mark();
  }
  function mark() {
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === chosen)));
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
  }
  function accept(index) {
    const { from, options } = offered;
    close();
    replace(from, area.selectionStart, options[index].text + (options[index].after ?? ""));
  }

  area.addEventListener("input", () => (changed(), offer(false)));
  area.addEventListener("scroll", () => (refresh(), close()));
  area.addEventListener("blur", close);
  area.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") return event.preventDefault(), close(), onRun();
    if (event.ctrlKey && event.key === " ") return event.preventDefault(), offer(true);
    if (offered) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) return event.preventDefault(), (chosen = (chosen + step + offered.options.length) % offered.options.length), mark();
      if (event.key === "Enter" || event.key === "Tab") return event.preventDefault(), accept(chosen);
      if (event.key === "Escape") return close();
    }
    if (event.key === "Tab" && !event.shiftKey) return event.preventDefault(), replace(area.selectionStart, area.selectionEnd, "  ");
    if (event.key === "Enter") {
      const before = area.value.slice(0, area.selectionStart);
      const indent = /[ \t]*/.exec(before.slice(before.lastIndexOf("\n") + 1))[0];
      event.preventDefault();
      replace(area.selectionStart, area.selectionEnd, `\n${indent}${before.endsWith("{") ? "  " : ""}`);
    }
  });
  return {
    get value() {
      return area.value;
    },
    set value(text) {
      area.value = text;
      close();
      changed();
    },
    focus: () => area.focus(),
  };
}

let measured = 0;
function width(style) {
  if (!measured) {
    const context = document.createElement("canvas").getContext("2d");
    context.font = style.font;
    measured = context.measureText("0".repeat(100)).width / 100;
  }
  return measured;
}
