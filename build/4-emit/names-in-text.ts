// Owns the names in a piece of AssemblyScript that a macro wrote: finding them and putting others
// in their place. Sees texts, comments, numbers and members behind a dot for what they are; knows
// nothing of scopes.

// A template is opened piece by piece: its expressions hold names like any other.
const TOKEN = new RegExp(
  [
    String.raw`\/\/[^\n]*`,
    String.raw`\/\*[\s\S]*?\*\/`,
    String.raw`"(?:[^"\\]|\\[\s\S])*"`,
    String.raw`'(?:[^'\\]|\\[\s\S])*'`,
    '`|[{}]',
    String.raw`\d[\w.]*`,
    String.raw`\.\s*[\p{ID_Start}$_][\p{ID_Continue}$]*`,
    String.raw`[\p{ID_Start}$_][\p{ID_Continue}$]*`,
  ].join('|'),
  'gu',
);
const TEMPLATE = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(`|\$\{)/uy;
const NAME = /^[\p{ID_Start}$_]/u;

/** `text` with each name that `instead` returns a text for replaced by it. */
export function renamed(text: string, instead: (name: string) => string | undefined): string {
  const out: string[] = [];
  let from = 0;
  // What closes at a brace: a block, or the hole of a template.
  const open: ('block' | 'hole')[] = [];
  const token = new RegExp(TOKEN);
  const template = (at: number): number => {
    TEMPLATE.lastIndex = at;
    const found = TEMPLATE.exec(text);
    if (found === null) return text.length;
    if (found[1] === '${') open.push('hole');
    return TEMPLATE.lastIndex;
  };
  for (let m = token.exec(text); m !== null; m = token.exec(text)) {
    const [found] = m;
    if (found === '`') token.lastIndex = template(token.lastIndex);
    else if (found === '{') open.push('block');
    else if (found === '}') {
      if (open.pop() === 'hole') token.lastIndex = template(token.lastIndex);
    } else if (NAME.test(found)) {
      const other = instead(found);
      if (other === undefined) continue;
      out.push(text.slice(from, m.index), other);
      from = m.index + found.length;
    }
  }
  return out.length === 0 ? text : out.join('') + text.slice(from);
}

/** The names in `text`, members behind a dot left out. */
export function namesIn(text: string): Set<string> {
  const names = new Set<string>();
  renamed(text, (name) => {
    names.add(name);
    return undefined;
  });
  return names;
}
