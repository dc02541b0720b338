// Owns what differs between two texts, line by line, as people read it: changed lines with a few
// around them. Prints nothing.

/** One line of a difference. `line`: from 1, in the expected text; of `+` where it would stand. */
interface Line {
  sign: ' ' | '-' | '+';
  text: string;
  line: number;
}

/** Unchanged lines shown before and behind a change. */
const AROUND = 2;
/** Cells of the table of common lines: 4 MB. Larger differences are told as a whole. */
const CELLS = 1 << 20;

/** Lines of a text; its last line end begins none. */
export const linesOf = (text: string): string[] => text.replace(/\n$/, '').split('\n');

/**
 * The changes that make `got` of `expected`, each with its first changed line; [] = none.
 * Lines begin with "- ", "+ " or two spaces.
 */
export function lineDifference(expected: string, got: string): { line: number; lines: string[] }[] {
  const all = walk(linesOf(expected), linesOf(got));
  const near = all.map((_, i) =>
    all.slice(Math.max(0, i - AROUND), i + AROUND + 1).some(({ sign }) => sign !== ' '),
  );
  const changes: { line: number; lines: string[] }[] = [];
  for (const [i, { sign, text }] of all.entries()) {
    if (!near[i]) continue;
    if (i === 0 || !near[i - 1]) {
      const changed = all.slice(i).find((one) => one.sign !== ' ');
      changes.push({ line: changed?.line ?? 1, lines: [] });
    }
    changes[changes.length - 1].lines.push(`${sign} ${text}`);
  }
  return changes;
}

/** Every line of both, in order: of a change first what goes, then what comes. */
function walk(was: string[], is: string[]): Line[] {
  let first = 0;
  while (first < was.length && first < is.length && was[first] === is[first]) first++;
  let last = 0;
  const most = Math.min(was.length, is.length) - first;
  while (last < most && was[was.length - 1 - last] === is[is.length - 1 - last]) last++;
  const [wasEnd, isEnd] = [was.length - last, is.length - last];
  const lines: Line[] = [];
  const keep = (i: number): number => lines.push({ sign: ' ', text: was[i], line: i + 1 });
  for (let i = 0; i < first; i++) keep(i);
  const common = commonLines(was.slice(first, wasEnd), is.slice(first, isEnd));
  let [i, j] = [first, first];
  for (const [a, b] of [...common, [wasEnd - first, isEnd - first]]) {
    for (; i < first + a; i++) lines.push({ sign: '-', text: was[i], line: i + 1 });
    for (; j < first + b; j++) lines.push({ sign: '+', text: is[j], line: i + 1 });
    if (i < wasEnd && j < isEnd) keep(i);
    [i, j] = [i + 1, j + 1];
  }
  for (let i = wasEnd; i < was.length; i++) keep(i);
  return lines;
}

/** Places of a longest common subsequence. */
function commonLines(a: string[], b: string[]): [number, number][] {
  const width = b.length + 1;
  if ((a.length + 1) * width > CELLS) return [];
  // longest[i, j]: of a from i and b from j.
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const [down, right] = [longest[(i + 1) * width + j], longest[i * width + j + 1]];
      longest[i * width + j] =
        a[i] === b[j] ? longest[(i + 1) * width + j + 1] + 1 : Math.max(down, right);
    }
  }
  const found: [number, number][] = [];
  for (let [i, j] = [0, 0]; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) found.push([i++, j++]);
    else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) i++;
    else j++;
  }
  return found;
}
