// Owns which statements a migration may not have: those that begin or end transactions. A
// migration is applied in one transaction with its row of the ledger; a `commit` in it would let a
// half of it stand.
import { INVALID_ARGUMENT } from '../../assembly/shared/status.ts';
import { AdminError, shown } from './admin.ts';

const WORDS = new Set([
  ...['begin', 'start', 'commit', 'end', 'rollback', 'abort', 'savepoint', 'release', 'prepare'],
]);

/**
 * What is no code, from its first character: comments, quoted texts (`E'\\''` has backslashes) and
 * names, as PostgreSQL's scanner reads them: letters beyond ASCII are letters, \r ends a line.
 */
const QUIET = new RegExp(
  [
    String.raw`--[^\n\r]*|\/\*|[eE]'(?:[^'\\]|\\.|'')*'?|'(?:[^']|'')*'?|"(?:[^"]|"")*"?`,
    String.raw`\$(?:[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9_\u0080-\u{10ffff}]*)?\$`,
    String.raw`[A-Za-z0-9_$\u0080-\u{10ffff}]+|.`,
  ].join('|'),
  'gsyu',
);

/** The first words of the statements of `text`, in lower case. */
export function firstWords(text: string): string[] {
  const words: string[] = [];
  let fresh = true;
  QUIET.lastIndex = 0;
  for (let found = QUIET.exec(text); found !== null; found = QUIET.exec(text)) {
    const [token] = found;
    if (token === '/*') QUIET.lastIndex = afterComment(text, QUIET.lastIndex);
    else if (token.startsWith('--') || /^\s$/.test(token)) continue;
    else if (token === ';') fresh = true;
    else {
      if (/^\$.*\$$/.test(token)) {
        const end = text.indexOf(token, QUIET.lastIndex);
        QUIET.lastIndex = end < 0 ? text.length : end + token.length;
      }
      if (fresh) words.push(token.toLowerCase());
      fresh = false;
    }
  }
  return words;
}

/** Behind a comment; PostgreSQL's may hold others. */
function afterComment(text: string, from: number): number {
  let depth = 1;
  let at = from;
  while (depth > 0 && at < text.length) {
    if (text.startsWith('*/', at)) depth--;
    else if (text.startsWith('/*', at)) depth++;
    else {
      at++;
      continue;
    }
    at += 2;
  }
  return at;
}

/** Throws AdminError when a step begins or ends a transaction. */
export function refuseEndings(steps: readonly string[]): void {
  for (const [i, step] of steps.entries()) {
    const word = firstWords(step).find((one) => WORDS.has(one));
    if (word === undefined) continue;
    throw new AdminError(
      INVALID_ARGUMENT,
      `step ${i + 1} of ${steps.length}, \`${shown(step)}\`: a migration is one transaction; ` +
        `it cannot have \`${word}\``,
    );
  }
}
