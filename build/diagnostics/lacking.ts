// Owns what of TypeScript a cell does not have, and what to write instead: the words of CELL1008.
// Parser and compiler of AssemblyScript complain in words of their own about most of it; here they
// are recognised by those words and by the text at the place. Never reports anything.

/** Holes of CELL1008. */
export type Lacking = { what: string; instead: string };

const LOOP = 'a loop: for (let i = 0; i < list.length; i++); map.keys() is a list too';
const OPTIONAL = 'a comparison: if (x !== null) ...';

/** Text before the place, text from the place on, what is missing, what to write. */
const WRITTEN: [RegExp, RegExp, string, string][] = [
  [/\?$/, /^\./, '`?.`', OPTIONAL],
  [/\?$/, /^\?/, '`??`', OPTIONAL],
  [/\bfor\s*\($/, /^(const|let|var)\s*[[{]/, '`for ... of`', LOOP],
  [/\bfor\s*\(\s*(const|let|var)\s+$/, /^\w+\s+in\b/, '`for ... in`', LOOP],
  [/(?:)$/, /^(const|let|var)\s*[[{]/, 'destructuring', 'one variable for each: const x = p.x'],
  [/(?:)$/, /^(\{\s*)?\.\.\./, 'spread', 'the fields one by one, or list.concat(other)'],
  [/\d$/, /^n\b/, 'bigint literals', 'the number itself: an i64 or u64 holds it'],
];

/** Words of asc, text from the place on, what is missing, what to write. */
const COMPILED: [RegExp, RegExp, string, string][] = [
  [/Not implemented: Iterators/, /^/, '`for ... of`', LOOP],
  [/Not implemented: Spread/, /^/, 'spread', 'list.concat(other), or push in a loop'],
  [
    /Not implemented: Regular expressions/,
    /^/,
    'regular expressions',
    'indexOf, startsWith, split, or a loop over charCodeAt',
  ],
  [/'forEach' does not exist on type '~lib\/(map|set)/, /^/, '`forEach` of a Map or Set', LOOP],
  [
    /Cannot find name 'JSON'/,
    /^/,
    '`JSON`',
    'a value class: arguments and results are read and written for you',
  ],
  [/Cannot find name 'any'/, /^/, '`any`', 'the type itself'],
  [/Cannot find name 'undefined'/, /^/, '`undefined`', 'null'],
  [
    /Cannot find name '(Promise|setTimeout|setInterval)'/,
    /^/,
    'promises and timers',
    'plain calls: a method that waits simply waits',
  ],
  [/Expected 1 arguments/, /^new\s+Date\s*\(\s*\)/, 'clock of its own', 'now()'],
  [
    /does not compile to a value/,
    /^(Number|String|Boolean)\b/,
    '`Number()`, `String()` and `Boolean()`',
    'parseFloat(text), x.toString(), x != 0',
  ],
  [/'toFixed' does not exist/, /^/, '`toFixed`', 'Math.round(x * 100) / 100'],
];

/** What a complaint of the parser about `text` at `start` means; null when it is something else. */
export function lackingInText(text: string, start: number): Lacking | null {
  const before = text.slice(Math.max(0, start - 80), start);
  const from = text.slice(start, start + 80);
  const found = WRITTEN.find(([left, right]) => left.test(before) && right.test(from));
  return found ? { what: found[2], instead: found[3] } : null;
}

/** What a complaint of the compiler at `start` of `text` means; null when it is something else. */
export function lackingInModule(message: string, text: string, start: number): Lacking | null {
  const from = text.slice(start, start + 80);
  const found = COMPILED.find(([words, right]) => words.test(message) && right.test(from));
  return found ? { what: found[2], instead: found[3] } : null;
}
