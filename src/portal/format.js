// Days, instants, money and percentages as people read them. Money never passes through arithmetic here.

const LOCALE = 'en-US';
const DAY = 86_400_000;
const day = new Intl.DateTimeFormat(LOCALE, { year: 'numeric', month: 'short', day: 'numeric', timeZone: 'UTC' });
const shortDay = new Intl.DateTimeFormat(LOCALE, { month: 'short', day: 'numeric', timeZone: 'UTC' });
const clock = new Intl.DateTimeFormat(LOCALE, { hour: 'numeric', minute: '2-digit' });
const instantDay = new Intl.DateTimeFormat(LOCALE, { month: 'short', day: 'numeric' });
const instantYear = new Intl.DateTimeFormat(LOCALE, { year: 'numeric', month: 'short', day: 'numeric' });
const localDay = new Intl.DateTimeFormat('en-CA');
const plural = new Intl.PluralRules(LOCALE);
const whole = new Intl.NumberFormat(LOCALE);

/** By how much the gateway's clock is ahead of this machine's; the first frame of a stream tells. */
let ahead = 0;

/** @param {string} instant what the gateway's clock shows now */
export function setClock(instant) {
  ahead = Date.parse(instant) - Date.now();
}

/** This moment by the gateway's clock. */
export const now = () => new Date(Date.now() + ahead);

/** Today as `YYYY-MM-DD`, moved by some days. */
export function today(days = 0) {
  return localDay.format(new Date(now().getTime() + days * DAY));
}

/** A calendar day, `Nov 3, 2026`. @param {string | null | undefined} date */
export function date(date) {
  return date ? day.format(new Date(`${date}T00:00:00Z`)) : '–';
}

/** The same without the year. @param {string | null | undefined} date */
export function dateInYear(date) {
  return date ? shortDay.format(new Date(`${date}T00:00:00Z`)) : '–';
}

/** @param {string} date how many days from today */
export function daysUntil(date) {
  return Math.round((Date.parse(`${date}T00:00:00Z`) - Date.parse(`${today()}T00:00:00Z`)) / DAY);
}

/** `12 days left`, `today`, `3 days overdue`. @param {string} date */
export function daysLeft(date) {
  const days = daysUntil(date);
  if (days === 0) return 'due today';
  return days > 0 ? `${count(days, 'day')} left` : `${count(-days, 'day')} overdue`;
}

/** The time of day if it is today, else the day. @param {string | null | undefined} instant */
export function when(instant) {
  if (!instant) return '–';
  const at = new Date(instant);
  const current = now();
  if (localDay.format(at) === localDay.format(current)) return clock.format(at);
  const shown = at.getFullYear() === current.getFullYear() ? instantDay : instantYear;
  return shown.format(at);
}

/** Day and time of day. @param {string | null | undefined} instant */
export function moment(instant) {
  if (!instant) return '–';
  const at = new Date(instant);
  const time = clock.format(at);
  return localDay.format(at) === localDay.format(now()) ? `today, ${time}` : `${when(instant)}, ${time}`;
}

/** `1 case`, `1,204 cases`. @param {number} number @param {string} noun @param {string} [many] */
export function count(number, noun, many = `${noun}s`) {
  return `${whole.format(number)} ${plural.select(number) === 'one' ? noun : many}`;
}

/** @param {number} value */
export const number = (value) => whole.format(value);

/** Dollars as they came, with separators; the text is not read as a number. @param {string | null | undefined} amount */
export function money(amount) {
  if (amount === null || amount === undefined) return '–';
  const [, sign, dollars, cents] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount) ?? [];
  if (dollars === undefined) return amount;
  const grouped = dollars.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${sign ? '−' : ''}$${grouped}.${(cents ?? '').padEnd(2, '0')}`;
}
