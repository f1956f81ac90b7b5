// Brings what stands on the page to what it should be, changing only what differs: the element under the focus, what was
// typed and what was opened stay as they are.

/** Elements with the same key are the same thing. @param {Node} node */
const key = (node) => (node instanceof Element ? node.getAttribute('data-key') || node.id || null : null);

/** @param {Element} current @param {Element} next */
export function morph(current, next) {
  for (const { name } of [...current.attributes]) {
    // Whether a part is open is the reader's business.
    if (!next.hasAttribute(name) && !(name === 'open' && current instanceof HTMLDetailsElement)) current.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
  morphChildren(current, next);
}

/** @param {Element} current @param {Element} next */
export function morphChildren(current, next) {
  const wanted = new Set([...next.childNodes].map(key).filter(Boolean));
  /** @type {Map<string, Node>} */
  const keyed = new Map();
  for (const child of [...current.childNodes]) {
    const name = key(child);
    if (!name) continue;
    // What goes is taken out first, so that what stays need not be moved: moving takes the focus away.
    if (wanted.has(name)) keyed.set(name, child);
    else child.remove();
  }
  /** @type {Node | null} */
  let place = current.firstChild;
  for (const fresh of [...next.childNodes]) {
    const name = key(fresh);
    const same = name ? keyed.get(name) : place && !key(place) && isAlike(place, fresh) ? place : undefined;
    if (!same) {
      current.insertBefore(fresh, place);
      continue;
    }
    if (same === place) place = place.nextSibling;
    else current.insertBefore(same, place);
    if (same instanceof Element && fresh instanceof Element && same.nodeName === fresh.nodeName) morph(same, fresh);
    else if (same instanceof Element) same.replaceWith(fresh);
    else if (same.nodeValue !== fresh.nodeValue) same.nodeValue = fresh.nodeValue;
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.parentNode?.removeChild(gone);
  }
}

/** @param {Node} one @param {Node} other */
function isAlike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName;
}

/**
 * Whether the element that has the focus inside `current` would still be there, and do the same.
 * @param {Element} current @param {Element} next
 */
export function keepsFocus(current, next) {
  const focused = document.activeElement;
  if (!focused || focused === current || !current.contains(focused)) return true;
  const name = key(focused);
  if (!name) return true;
  const successor = [...next.querySelectorAll('[data-key], [id]')].find((element) => key(element) === name);
  return successor !== undefined && successor.getAttribute('data-act') === focused.getAttribute('data-act');
}
