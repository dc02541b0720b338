// Owns the way from a string's value back to what the user wrote: offset 7 of the value of
// "a\u{1F600}b" is where in the source? Reads escapes as asc's tokenizer does.
import type { Span } from './shapes.ts';

/**
 * The part of `source` in which `length` UTF-16 units of a string's value were written, from
 * `offset` on; `literal` is the string with its quotes. At least one character of it, within the
 * quotes; an escape that is only half of the part is in it as a whole. A value ends where the text
 * does: what lies behind it is its last character.
 */
export function placeInText(source: string, literal: Span, offset: number, length: number): Span {
  const last = literal.end - 1;
  const from = Math.max(0, offset);
  const to = from + Math.max(1, length);
  let at = literal.start + 1;
  let before = at;
  let start = -1;
  let value = 0;
  while (at < last) {
    const piece = pieceAt(source, at, last);
    if (piece.units > 0) {
      if (start < 0 && value + piece.units > from) start = at;
      value += piece.units;
      before = at;
    }
    at += piece.chars;
    if (value >= to) return { start, end: at };
  }
  if (start >= 0) return { start, end: last };
  // Behind the last character: nothing stands there that could be underlined.
  return { start: before, end: Math.max(last, before + 1) };
}

/** What stands at `at`: characters of the source, and units of the value that they make. */
function pieceAt(source: string, at: number, last: number): { chars: number; units: number } {
  if (source[at] !== '\\') return { chars: 1, units: 1 };
  switch (source[at + 1]) {
    case 'x':
      return { chars: 4, units: 1 };
    case 'u': {
      if (source[at + 2] !== '{') return { chars: 6, units: 1 };
      const close = source.indexOf('}', at);
      const end = close < 0 || close > last ? last : close + 1;
      const point = Number.parseInt(source.slice(at + 3, end - 1), 16);
      return { chars: end - at, units: point > 0xffff ? 2 : 1 };
    }
    case '\r':
      return { chars: source[at + 2] === '\n' ? 3 : 2, units: 0 };
    case '\n':
    case '\u2028':
    case '\u2029':
      return { chars: 2, units: 0 };
    default:
      return { chars: 2, units: 1 };
  }
}
