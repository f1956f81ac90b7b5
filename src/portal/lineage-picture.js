// The tree of a case's orders as a picture: time goes to the right, each refresh hangs on the order it came from.

import { s } from './dom.js';
import { when } from './format.js';
import { orderKind, orderStatus } from './words.js';

const BOX = { width: 176, height: 66, across: 40, down: 18, edge: 4 };

/** @typedef {{ entry: any, x: number, y: number }} Place */

/**
 * Where each order stands: a column for each step away from the root, and a new row for every child but the first.
 * @param {any[]} entries in the order of a walk that shows a parent before its children
 * @returns {Place[]}
 */
export function places(entries) {
  /** @type {Map<string, Place>} */
  const placed = new Map();
  const parents = new Set();
  let row = 0;
  return entries.map((entry) => {
    const parent = entry.parent?.id;
    // The first child goes on in its parent's row; everything else begins a row below all that stands.
    const isFirst = placed.size > 0 && parent && !parents.has(parent);
    if (placed.size > 0 && !isFirst) row += 1;
    if (parent) parents.add(parent);
    const place = { entry, x: entry.depth * (BOX.width + BOX.across) + BOX.edge, y: row * (BOX.height + BOX.down) + BOX.edge };
    placed.set(entry.order.id, place);
    return place;
  });
}

/** @param {any} lineage @param {string} label */
export function picture({ entries, latest }, label) {
  const all = places(entries);
  const of = (/** @type {string} */ id) => all.find(({ entry }) => entry.order.id === id);
  const width = Math.max(...all.map(({ x }) => x)) + BOX.width + BOX.edge;
  const height = Math.max(...all.map(({ y }) => y)) + BOX.height + BOX.edge;
  const edges = all.map(({ entry, x, y }) => {
    const from = entry.parent && of(entry.parent.id);
    if (!from) return null;
    const [startX, startY, endY] = [from.x + BOX.width, from.y + BOX.height / 2, y + BOX.height / 2];
    const middle = x - BOX.across / 2;
    const path = endY === startY ? `M${startX} ${startY}H${x}` : `M${startX} ${startY}H${middle}V${endY}H${x}`;
    return s('path', { d: path, class: entry.isOnActivePath ? 'edge is-active' : 'edge' });
  });
  const boxes = all.map(({ entry: { order, isOnActivePath }, x, y }) => {
    const { text, icon, tone } = orderStatus(order.status);
    const state = [isOnActivePath && 'is-active', order.id === latest?.id && 'is-latest'].filter(Boolean).join(' ');
    return s('g', { transform: `translate(${x} ${y})`, class: `node tone-${tone} ${state}` },
      s('rect', { width: BOX.width, height: BOX.height, rx: 4 }),
      s('text', { x: 12, y: 22, class: 'node-kind' }, orderKind(order.kind)),
      s('use', { href: `/portal/icons.svg#${icon}`, x: 11, y: 29, width: 16, height: 16 }),
      s('text', { x: 32, y: 42 }, text.split(',')[0]),
      s('text', { x: 12, y: 58, class: 'node-when' }, when(order.createdAt)));
  });
  return s('svg', { class: 'tree', width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label }, edges, boxes);
}
