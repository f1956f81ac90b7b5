// Where the page is: the part of the address behind `#`, so that every view can be kept, shared and gone back to.

/** @typedef {{ screen: string, parts: string[], query: URLSearchParams, href: string }} Route */

/** @returns {Route} */
export function current() {
  const hash = location.hash.startsWith('#/') ? location.hash.slice(2) : '';
  const [path, query] = hash.split('?', 2);
  const [screen, ...parts] = path.split('/').map(decodeURIComponent);
  return { screen: screen || 'queue', parts, query: new URLSearchParams(query), href: `#/${hash}` };
}

/** @param {string} path @param {Record<string, string | null | undefined>} [query] */
export function href(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const text = new URLSearchParams(/** @type {[string, string][]} */ (given)).toString();
  return `#/${path}${text && `?${text}`}`;
}

/** @param {string} id @param {string} [part] */
export const caseHref = (id, part) => `#/cases/${encodeURIComponent(id)}${part ? `/${part}` : ''}`;
/** @param {string} id */
export const batchHref = (id) => `#/batches/${encodeURIComponent(id)}`;

/** @param {string} target */
export function go(target) {
  location.hash = target;
}
