// Owns the rule by which names and queries become comparable: lower case, no accents, words
// divided by one space. Never applied by the cell itself: the cell folds queries through the table
// that `foldTable` puts into places.bin, so the rule exists once.

/** Code points from here on fold to themselves; below it the table says what they become. */
export const FOLD_LIMIT = 0x3000;

/** Letters that Unicode does not decompose, as people type them. */
const LETTERS: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ı: 'i',
  ĸ: 'k',
  ŋ: 'n',
  ŧ: 't',
  ə: 'e',
  ɓ: 'b',
  ɗ: 'd',
  ƙ: 'k',
  ƴ: 'y',
  ɛ: 'e',
  ɔ: 'o',
  ĳ: 'ij',
  ŉ: 'n',
};

/** Marks inside a word: `Xi’an` is found as `xian`, and what follows still starts a word. */
const DROPPED = new Set([
  "'",
  '`',
  '´',
  '‘',
  '’',
  'ʻ',
  'ʼ',
  'ʽ',
  'ʾ',
  'ʿ',
  'ʹ',
  'ʺ',
  '"',
  '“',
  '”',
]);

/**
 * What one code point becomes: '' = dropped, ' ' = separates words, else its folded text.
 * Rule: NFKD, marks removed, lower case, LETTERS; anything that is no letter or digit separates.
 */
export function foldPoint(point: number): string {
  const char = String.fromCodePoint(point);
  if (DROPPED.has(char)) return '';
  if (point >= FOLD_LIMIT) return char;
  let text = '';
  for (const part of char.normalize('NFKD')) {
    if (/\p{M}/u.test(part)) continue;
    for (const lower of part.toLowerCase().normalize('NFD')) {
      if (/\p{M}/u.test(lower) || DROPPED.has(lower)) continue;
      text += LETTERS[lower] ?? (/[\p{L}\p{N}]/u.test(lower) ? lower : ' ');
    }
  }
  if (text.trim() === '') return /\p{M}/u.test(char) ? '' : ' ';
  return text.replaceAll(' ', '');
}

const remembered = new Map<string, string>();

/** `foldPoint` of a character; names are made of few different ones. */
function foldChar(char: string): string {
  let folded = remembered.get(char);
  if (folded === undefined) {
    folded = foldPoint(char.codePointAt(0)!);
    remembered.set(char, folded);
  }
  return folded;
}

/** A folded name and the offsets (UTF-16 units) where its words start. */
export interface Folded {
  text: string;
  words: number[];
}

/** Folds a whole text: runs of separators become one space, none at either end. */
export function fold(text: string): Folded {
  let out = '';
  const words: number[] = [];
  let starts = true;
  let separated = false;
  for (const char of text) {
    const folded = foldChar(char);
    if (folded === '') {
      starts ||= DROPPED.has(char);
    } else if (folded === ' ') {
      separated = out !== '';
      starts = true;
    } else {
      if (separated) out += ' ';
      if (starts) words.push(out.length);
      out += folded;
      starts = separated = false;
    }
  }
  return { text: out, words };
}

/** Every code point below FOLD_LIMIT that separates or does not fold to itself, ascending. */
export function foldTable(): { point: number; text: string }[] {
  if (table.length > 0) return table;
  for (let point = 0; point < FOLD_LIMIT; point++) {
    const text = foldPoint(point);
    if (text === ' ' || text !== String.fromCodePoint(point)) table.push({ point, text });
  }
  return table;
}

/** Made once: Unicode does not change while a program runs. */
const table: { point: number; text: string }[] = [];
