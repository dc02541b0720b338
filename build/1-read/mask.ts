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
/** Comments and texts stay as they are: `"@Auth.public"` in one is no decorator. */
const USE = new RegExp(
  [
    String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`,
    String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\`(?:[^\`\\]|\\[\s\S])*\``,
    String.raw`(@[A-Za-z_$][\w$]*\.)([A-Za-z]+)\b`,
  ].join('|'),
  'g',
);

/** `text` with `@Ns.word` masked as `@Ns.____` where the word is reserved. */
export function maskReserved(text: string): string {
  return text.replace(USE, (whole, ns: string | undefined, word: string) =>
    ns !== undefined && RESERVED.has(word) ? ns + '_'.repeat(word.length) : whole,
  );
}
