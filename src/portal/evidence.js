// How strong the evidence of a review is, rule by rule. The rules explain; people decide.

import { alert, h, icon, unseen } from './dom.js';
import { count, date, moment } from './format.js';

/** @typedef {{ key: string, employmentKey: string | null, isMet: boolean, sentence: string }} Check */

/** @param {any} review */
export function evidence({ sufficiency, stability, lateReports }) {
  const { isSufficient, windowDays, asOfDate } = sufficiency;
  return h('section', { 'data-key': 'evidence', 'aria-labelledby': 'evidence-heading' },
    h('h2', { id: 'evidence-heading' }, 'Evidence'),
    lateReports.length > 0 && alert('warning', 'A report came after the decision.',
      h('p', {}, `${count(lateReports.length, 'report')}, the last of ${moment(lateReports.at(-1).generatedAt)}. It has changed nothing: look whether it should.`)),
    h('div', { class: 'pair pair-even' },
      rules('sufficiency', isSufficient ? 'Enough evidence' : 'Not enough evidence', isSufficient, `For the ${count(windowDays, 'day')} up to ${date(asOfDate)}.`, sufficiency.checks),
      rules('stability', stability.isStable ? 'Stable: could be renewed without contact' : 'Not stable', stability.isStable, 'Whether anything speaks against a renewal without contact.', stability.checks)));
}

/** @param {string} key @param {string} heading @param {boolean} isMet @param {string} hint @param {Check[]} checks */
function rules(key, heading, isMet, hint, checks) {
  const broken = checks.filter((check) => !check.isMet);
  const kept = checks.filter((check) => check.isMet);
  return h('div', { class: `card verdict ${isMet ? 'tone-good' : 'tone-wait'}`, 'data-key': key },
    h('h3', {}, icon(isMet ? 'success' : 'warning'), heading),
    h('p', { class: 'note' }, hint),
    broken.length > 0 && h('ul', { class: 'plain checks' }, broken.map(line)),
    kept.length > 0 && h('details', { 'data-key': `${key}-kept` },
      h('summary', { 'data-key': `${key}-kept-open` }, count(kept.length, 'rule that is met', 'rules that are met')),
      h('ul', { class: 'plain checks' }, kept.map(line))));
}

/** @param {Check} check */
function line({ isMet, sentence }) {
  return h('li', {}, icon(isMet ? 'check' : 'warning'), h('span', {}, unseen(isMet ? 'Met: ' : 'Not met: '), sentence));
}
