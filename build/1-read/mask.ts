// Owns the masking of reserved words behind the dot of a decorator. asc's scanner stops at them and
// drops the decorator silently (`@Auth.protected`). Equal length, so that every offset stays the
// user's own.

const RESERVED = new Set(
  (
    'abstract as async await break case catch class const continue debugger declare default ' +
    'delete do else enum export extends false finally for from function get if implements import ' +
    'in instanceof interface is keyof let module namespace new null of package private protected ' +
    'public readonly return set static super switch this throw true try type typeof var void ' +
    'while with yield'
  ).split(' '),
);
const USE = /(@[A-Za-z_$][\w$]*\.)([A-Za-z]+)\b/g;

/** `text` with `@Ns.word` masked as `@Ns.____` where the word is reserved. */
export function maskReserved(text: string): string {
  return text.replace(USE, (whole, ns: string, word: string) =>
    RESERVED.has(word) ? ns + '_'.repeat(word.length) : whole,
  );
}
