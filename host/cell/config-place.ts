// Owns where a key stands in the text of cell.config.ts. It reads the object that is written behind
// `export default` and nothing else: no imports, no variables. Where it is not sure it says null.

/** Comments, texts, names and numbers, or one sign. */
const TOKEN =
  /\/\/.*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|[\w$]+|\S/g;

/** Characters that are read. Threat: time, for the line of an error. */
const TEXT = 1 << 20;

interface Token {
  text: string;
  at: number;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.slice(0, TEXT).matchAll(TOKEN)) {
    if (/^\/[/*]/.test(match[0])) continue;
    tokens.push({ text: match[0], at: match.index });
  }
  return tokens;
}

/** Index of the `{` of the configuration; -1 when it is not written behind `export default`. */
function rootOf(tokens: Token[]): number {
  const from = tokens.findIndex((t, i) => t.text === 'default' && tokens[i - 1]?.text === 'export');
  if (from < 0) return -1;
  const brace = tokens.findIndex(({ text }, i) => i > from && !/^[\w$(]+$/.test(text));
  return tokens[brace]?.text === '{' ? brace : -1;
}

/** Indices of the entries of the list or object that opens at `open`: each one's first token. */
function entriesOf(tokens: Token[], open: number): number[] {
  const entries: number[] = [];
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const { text } = tokens[i];
    if (depth === 1 && (i === open + 1 || tokens[i - 1].text === ',') && !/^[\]}]$/.test(text)) {
      entries.push(i);
    }
    if (/^[[({]$/.test(text)) depth++;
    else if (/^[\])}]$/.test(text) && --depth === 0) break;
  }
  return entries;
}

/** The key of an entry as the path writes it, `.port`; '' where there is none to compare. */
function keyAt(tokens: Token[], entry: number): string {
  if (tokens[entry + 1]?.text !== ':') return '';
  return `.${tokens[entry].text.replace(/^(['"])(.*)\1$/, '$2')}`;
}

/**
 * `line:column` (from 1) of the innermost part of `path` that is written in `text`; null when no
 * part is.
 * @param path as the check writes it: `.limits.methods.atlas.search.perSecond`, `.origins[0]`
 */
export function placeOfKey(text: string, path: string): string | null {
  const tokens = tokensOf(text);
  let open = rootOf(tokens);
  let rest = path;
  let found = -1;
  while (open >= 0 && rest !== '' && /^[[{]$/.test(tokens[open]?.text ?? '')) {
    const isList = tokens[open].text === '[';
    const keys = entriesOf(tokens, open).map((entry, i): [string, number] => [
      isList ? `[${i}]` : keyAt(tokens, entry),
      entry,
    ]);
    const fits = keys.find(
      ([key]) => key !== '' && rest.startsWith(key) && /^(?:$|[.[])/.test(rest.slice(key.length)),
    );
    if (fits === undefined) break;
    found = tokens[fits[1]].at;
    rest = rest.slice(fits[0].length);
    open = isList ? fits[1] : fits[1] + 2;
  }
  if (found < 0) return null;
  const before = text.slice(0, found).split('\n');
  return `${before.length}:${before[before.length - 1].length + 1}`;
}
