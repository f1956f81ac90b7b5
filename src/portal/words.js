// The closed vocabularies of the schema in a caseworker's words. A word that is new here is shown as it is written.

/** @typedef {{ text: string, icon: string, tone: 'calm' | 'busy' | 'act' | 'wait' | 'good' | 'bad' }} Look */

/** @param {string | null | undefined} word `NEEDS_CLIENT` as `Needs client` */
export function plain(word) {
  if (!word) return '';
  const text = word.toLowerCase().replaceAll('_', ' ');
  return text[0].toUpperCase() + text.slice(1);
}

/** @param {Record<string, [string, string, Look['tone']]>} table @returns {(word: string) => Look} */
const looks = (table) => (word) => {
  const [text, icon, tone] = table[word] ?? [plain(word), 'dot', 'calm'];
  return { text, icon, tone };
};
/** @param {Record<string, string>} table @returns {(word: string | null | undefined) => string} */
const texts = (table) => (word) => (word ? (table[word] ?? plain(word)) : '');

/** In the order of the work. */
export const CASE_STATUSES = ['READY_FOR_REVIEW', 'NEEDS_CASEWORKER', 'NEEDS_CLIENT', 'DUE', 'WAITING_ON_CLIENT', 'RETRY_SCHEDULED', 'REFRESHING', 'NOT_DUE'];
/** Those that stand for work to be done or on its way. */
export const OPEN_STATUSES = CASE_STATUSES.filter((status) => status !== 'NOT_DUE');

export const caseStatus = looks({
  NOT_DUE: ['Not due', 'dot', 'calm'],
  DUE: ['Due', 'calendar', 'act'],
  REFRESHING: ['Refreshing', 'refresh', 'busy'],
  RETRY_SCHEDULED: ['Retry scheduled', 'clock', 'wait'],
  NEEDS_CLIENT: ['Needs client', 'person', 'bad'],
  WAITING_ON_CLIENT: ['Waiting on client', 'hourglass', 'wait'],
  NEEDS_CASEWORKER: ['Needs caseworker', 'warning', 'bad'],
  READY_FOR_REVIEW: ['Ready for review', 'review', 'good'],
  CLOSED: ['Closed', 'lock', 'calm'],
});

export const orderStatus = looks({
  REQUESTED: ['Requested', 'clock', 'busy'],
  OUTCOME_UNKNOWN: ['Outcome unknown, being looked up', 'clock', 'wait'],
  PENDING: ['With Truv', 'clock', 'busy'],
  IN_PROGRESS: ['In progress', 'refresh', 'busy'],
  COMPLETED: ['Completed', 'success', 'good'],
  PARTIAL: ['Partly completed', 'success', 'wait'],
  NO_DATA: ['No data', 'warning', 'bad'],
  FAILED: ['Failed', 'error', 'bad'],
  REJECTED: ['Refused by Truv', 'error', 'bad'],
  CANCELED: ['Canceled', 'lock', 'calm'],
  EXPIRED: ['Expired', 'hourglass', 'bad'],
  STALLED: ['No news, being asked', 'hourglass', 'wait'],
});

export const linkHealth = looks({
  HEALTHY: ['Healthy', 'success', 'good'],
  AT_RISK: ['At risk before the due date', 'warning', 'wait'],
  LIKELY_EXPIRED: ['Likely expired', 'hourglass', 'bad'],
  BROKEN: ['Broken', 'error', 'bad'],
  UNKNOWN: ['Not known', 'dot', 'calm'],
});

export const batchStatus = looks({
  QUEUED: ['Queued', 'clock', 'busy'],
  RUNNING: ['Running', 'refresh', 'busy'],
  PAUSED: ['Paused', 'pause', 'wait'],
  CANCELED: ['Canceled', 'lock', 'calm'],
  FINISHED: ['Finished', 'success', 'good'],
});

export const itemStatus = looks({
  QUEUED: ['Queued', 'clock', 'calm'],
  REFRESHING: ['Refreshing', 'refresh', 'busy'],
  RETRYING: ['Will be tried again', 'clock', 'wait'],
  SUCCEEDED: ['New data', 'success', 'good'],
  NEEDS_LINK: ['Needs a link', 'person', 'bad'],
  LINK_SENT: ['Link sent', 'hourglass', 'wait'],
  SKIPPED: ['Left out', 'lock', 'calm'],
  FAILED: ['Failed', 'error', 'bad'],
});

export const nextAction = texts({
  NONE: 'Nothing to do',
  CREATE_REFRESH_ORDER: 'Ask for new data',
  WAIT: 'Wait for the data',
  RETRY_LATER: 'Wait for the retry',
  SEND_VERIFICATION_LINK: 'Send the client a link',
  RESOLVE_BY_HAND: 'Resolve by hand',
  REVIEW: 'Review and decide',
});

export const actor = texts({ CASEWORKER: 'Caseworker', CLIENT: 'Client', OPERATIONS: 'Technical staff', GATEWAY: 'Recert' });

export const program = texts({ SNAP: 'SNAP', TANF: 'TANF', LIHEAP: 'LIHEAP' });
export const PROGRAMS = ['SNAP', 'TANF', 'MEDICAID', 'CHILD_CARE', 'HOUSING', 'LIHEAP', 'OTHER'];

export const failureReason = texts({
  SESSION_EXPIRED: 'The session with the payroll provider has ended',
  CREDENTIALS_CHANGED: 'The payroll provider refused the sign-in',
  ACCOUNT_LOCKED: 'The client’s account is locked',
  PROVIDER_UNAVAILABLE: 'The payroll provider cannot be reached',
  NOT_SUPPORTED: 'The payroll provider cannot be used',
  CONFIGURATION: 'Something is set up wrongly, or documents are in review',
  NO_DATA: 'The payroll provider has no pay data',
  STALLED: 'The client’s time ran out',
  UNKNOWN: 'The refresh failed',
});

export const eventKind = texts({
  CASE_STATUS_CHANGED: 'Status changed',
  ORDER_CREATED: 'Order created',
  ORDER_STATUS_CHANGED: 'Order moved',
  TASK_STATUS_CHANGED: 'Connection worked on',
  REFRESH_FAILED: 'Refresh failed',
  REPORT_READY: 'New report',
  VERIFICATION_LINK_SENT: 'Link sent',
  REVIEW_COMPLETED: 'Review decided',
  LINK_HEALTH_CHANGED: 'Connection changed',
  CONNECTION_RESTORED: 'Connection works again',
});

export const dataSource = texts({ DOCS: 'Documents', TAX: 'Tax records', FINANCIAL_ACCOUNTS: 'Bank accounts', UNKNOWN: 'Source not known' });

export const orderKind = texts({ PARTIAL_REFRESH: 'Partial refresh', REAUTHENTICATION: 'New login' });

export const decision = texts({
  CONFIRMED: 'Confirmed',
  CONFIRMED_WITH_EDITS: 'Confirmed with edits',
  REJECTED: 'Rejected',
  NEEDS_DOCUMENTS: 'Needs documents',
});

export const plannedAction = texts({
  REFRESH_NOW: 'Refresh now',
  REFRESH_LATER: 'Refresh later',
  ASK_CLIENT: 'Ask the client',
  BLOCKED: 'Leave alone for now',
});

export const planReason = texts({
  CYCLE_OPEN: 'the cycle is open and the connections should work',
  CYCLE_OPENS_LATER: 'the cycle opens later; the connections should last until then',
  PAST_EXPECTED_LIFE: 'a connection is past its expected life; trying costs less than asking',
  ENDS_BEFORE_CYCLE_OPENS: 'a connection should end before the cycle opens',
  CONNECTION_BROKEN: 'a connection does not work any more',
  NO_CONNECTION: 'the client has connected no employer',
  LIMIT_REACHED: 'a connection has been refreshed as often as Truv allows in a day',
  FRESH_ENOUGH: 'the last report is fresh enough by the rule of your agency',
  PRODUCT_NOT_COVERED: 'Truv does not refresh the earlier order for this product',
  IN_PROGRESS: 'an order is on its way',
  WAITING_ON_CLIENT: 'the client has a link already',
  READY_FOR_REVIEW: 'new data waits for a decision',
});

export const skipReason = texts({
  IN_PROGRESS: 'another order was on its way',
  READY_FOR_REVIEW: 'new data was waiting for a decision',
  WAITING_ON_CLIENT: 'the client had a link already',
  NOT_DUE: 'no renewal was open',
  CLOSED: 'the case had ended',
  BATCH_CANCELED: 'the batch was canceled first',
  ORDER_CANCELED: 'somebody canceled the refresh',
  FRESH_ENOUGH: 'the data there is fresh enough',
});

/** What a scope lets its holder do, for the words of a refusal. */
export const missing = (/** @type {string} */ scope) => `Your sign-in does not include “${scope}”.`;
