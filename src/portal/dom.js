// Elements without a framework. Text is only ever set as text, so that nothing that comes from data is read as markup.

/** @typedef {Node | string | number | false | null | undefined} Leaf */
/** @typedef {Leaf | readonly any[]} Child lists may stand in lists */
/** @typedef {Record<string, string | number | boolean | null | undefined>} Attributes */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An HTML element. An attribute that is `null`, `undefined` or `false` is left out; `true` stands without a value.
 * @param {string} name @param {Attributes} [attributes] @param {...Child} children
 */
export function h(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same in SVG. @param {string} name @param {Attributes} [attributes] @param {...Child} children */
export function s(name, attributes, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} element @param {Attributes | undefined} attributes @param {Child[]} children @returns {E}
 */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

/** @param {Element} element @param {Child[]} children */
function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : String(child));
  }
}

/** A picture from `icons.svg`. It stands beside words and never for them, so that it is not read out. @param {string} name */
export function icon(name) {
  return s('svg', { class: `icon icon-${name}`, 'aria-hidden': 'true', focusable: 'false' }, s('use', { href: `/portal/icons.svg#${name}` }));
}

/** Text for those who hear the page only. @param {string} text */
export function unseen(text) {
  return h('span', { class: 'unseen' }, text);
}

/**
 * A button whose press is answered by `act` of the screen that is open.
 * @param {string} act @param {Child} content @param {Attributes} [attributes]
 */
export function button(act, content, attributes) {
  return h('button', { type: 'button', 'data-act': act, class: 'button', ...attributes }, content);
}

/** The instant, for machines as well. @param {string | null} instant @param {string} shown */
export function time(instant, shown) {
  return instant === null ? '–' : h('time', { datetime: instant, title: instant }, shown);
}

/** A list of terms with their values; pairs without a value are left out. @param {[string, Child][]} pairs @param {string} [kind] */
export function facts(pairs, kind = '') {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== false && value !== '');
  return h('dl', { class: `facts ${kind}` }, known.map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));
}

/** @param {'info' | 'warning' | 'error' | 'success'} kind @param {string} heading @param {...Child} body */
export function alert(kind, heading, ...body) {
  const text = h('div', { class: 'alert-text' }, h('p', { class: 'alert-heading' }, heading), ...body);
  return h('div', { class: `alert alert-${kind}` }, icon(kind), text);
}
