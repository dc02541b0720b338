// Owns the question which name was meant: the one with the fewest changes between it and what was
// written. Never guesses when half of the letters differ.

/** Names that a fix lists. */
const LISTED: i32 = 12;
/** Characters of names that are compared. Threat: time, which grows with their product. */
const COMPARED: i32 = 128;

/** Insertions, removals, changes and swaps of neighbours between two texts. */
function distance(a: string, b: string): i32 {
  const width = b.length + 1;
  const table = new StaticArray<i32>((a.length + 1) * width);
  for (let i = 0; i <= a.length; i++) table[i * width] = i;
  for (let j = 0; j <= b.length; j++) table[j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a.charCodeAt(i - 1) == b.charCodeAt(j - 1);
      const changed = table[(i - 1) * width + j - 1] + (same ? 0 : 1);
      const removed = table[(i - 1) * width + j] + 1;
      let least = min(min(changed, removed), table[i * width + j - 1] + 1);
      if (i > 1 && j > 1 && a.charCodeAt(i - 1) == b.charCodeAt(j - 2)) {
        if (a.charCodeAt(i - 2) == b.charCodeAt(j - 1)) {
          least = min(least, table[(i - 2) * width + j - 2] + 1);
        }
      }
      table[i * width + j] = least;
    }
  }
  return table[a.length * width + b.length];
}

/** The name of `known` that `written` is most like; "" when none is like it. */
export function nearestOf(written: string, known: string[]): string {
  const lower = written.toLowerCase();
  let best = "";
  let fewest = max(1, written.length / 3) + 1;
  for (let i = 0; i < known.length; i++) {
    if (max(written.length, known[i].length) > COMPARED) continue;
    const changes = distance(lower, known[i].toLowerCase());
    if (changes >= fewest) continue;
    fewest = changes;
    best = known[i];
  }
  return best;
}

/** The fix for a name that is none of `known`. */
export function suggestion(written: string, known: string[]): string {
  const meant = nearestOf(written, known);
  if (meant != "") return "did you mean " + quote(meant) + "?";
  if (known.length == 0) return "none is declared";
  const more = known.length > LISTED ? ", ..." : "";
  return "one of " + quoteAll(known.slice(0, LISTED)) + more;
}
