// The caseworker's decision about a review.

import { button, h } from './dom.js';
import { decision as words } from './words.js';

/** @type {[string, string][]} */
const CHOICES = [
  ['CONFIRMED', 'The data is right. The case is renewed on it.'],
  ['CONFIRMED_WITH_EDITS', 'The data is right but for what the note says.'],
  ['NEEDS_DOCUMENTS', 'The client must hand in documents; the renewal stays open.'],
  ['REJECTED', 'The data cannot be used.'],
];

/** @param {boolean} isPossible @param {{ isSending: boolean, fault?: string }} standing */
export function decisionForm(isPossible, { isSending, fault }) {
  if (!isPossible) return null;
  return h('section', { 'data-key': 'decision', 'aria-labelledby': 'decision-heading', class: 'panel panel-calm' },
    h('h2', { id: 'decision-heading' }, 'Decision'),
    h('form', { 'data-act': 'decide', novalidate: true },
      h('fieldset', {}, h('legend', {}, 'What do you decide?'),
        CHOICES.map(([value, hint]) => h('div', { class: 'choice' },
          h('input', { type: 'radio', name: 'decision', id: `decide-${value}`, value, 'aria-describedby': `hint-${value}` }),
          h('label', { for: `decide-${value}` }, words(value)),
          h('p', { class: 'hint', id: `hint-${value}` }, hint)))),
      h('label', { for: 'note', class: 'label' }, 'Note for the file'),
      h('textarea', { id: 'note', name: 'note', class: 'input', rows: 3, maxlength: 4000 }),
      fault && h('p', { class: 'fault', role: 'alert', id: 'decision-fault' }, fault),
      h('button', { type: 'submit', class: 'button', 'data-key': 'decide', 'aria-disabled': isSending && 'true' }, isSending ? 'Recording…' : 'Record decision')));
}

/** @param {number} changes that have come while somebody was deciding */
export function heldChanges(changes) {
  if (changes === 0) return null;
  return h('div', { class: 'held-changes', 'data-key': 'held' }, h('p', {}, 'New data has come while this page was open.'),
    button('show-held', `${changes} ${changes === 1 ? 'update' : 'updates'}: show`, { class: 'button button-small', 'data-key': 'show-held' }));
}
