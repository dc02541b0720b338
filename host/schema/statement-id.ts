// Owns the number by which code names a SQL statement: FNV-1a of 32 bits over its UTF-8 text. Its
// twin in cells is `statementId` of assembly/guest/sql.ts; a test holds both to the same vectors.

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** Id of a statement's text, 0 to 2^32 - 1. A lone surrogate counts as U+FFFD. */
export function statementId(text: string): number {
  let hash = OFFSET_BASIS;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, PRIME);
  return hash >>> 0;
}
