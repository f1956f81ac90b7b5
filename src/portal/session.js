// Who is signed in: a token in the memory of this tab alone (`sessionStorage`), from the page's fragment or pasted.

const KEY = 'recert.token';

/** @typedef {{ token: string, subject: string, agency: string, expiresAt: number | null }} Session */

/** The claims of a token. They are the gateway's to check; here they only say who it is and until when. @param {string} token */
function claims(token) {
  const part = token.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/');
  if (!part) return undefined;
  try {
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** @param {string} text @returns {Session | undefined} */
export function read(text) {
  const token = text.trim().replace(/^bearer\s+/i, '');
  const said = claims(token);
  if (!said || typeof said !== 'object') return undefined;
  return {
    token,
    subject: String(said.sub ?? ''),
    agency: String(said.agency ?? ''),
    expiresAt: typeof said.exp === 'number' ? said.exp * 1000 : null,
  };
}

/** The session of this tab. A token in the fragment is taken out of the address, so that it stays out of the history. */
export function restore() {
  const given = /[#&]token=([^&]+)/.exec(location.hash);
  if (given) {
    history.replaceState(null, '', `${location.pathname}#/`);
    const session = read(decodeURIComponent(given[1]));
    if (session) keep(session);
  }
  const kept = sessionStorage.getItem(KEY);
  return kept === null ? undefined : read(kept);
}

/** @param {Session} session */
export function keep(session) {
  sessionStorage.setItem(KEY, session.token);
}

export function forget() {
  sessionStorage.removeItem(KEY);
}
