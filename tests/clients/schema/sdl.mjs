import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A file of the repository's folder `schema`. */
export const read = (name) => readFileSync(`${root}/schema/${name}`, 'utf8');
