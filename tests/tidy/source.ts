// Owns reading source text without a parser: which characters are code, which are comments,
// strings, templates and regular expressions; where functions begin and end; what a file imports.
// One scanner for TypeScript, AssemblyScript and JavaScript: no parser at hand reads all three.
// Never judges; tests/tidy.test.ts does.

/** A source text and its mask: of equal length, with everything that is not code blanked. */
export interface Source {
  text: string;
  /** Comments, strings, templates and regular expressions are spaces; line ends are kept. */
  code: string;
}

/** What may stand before a `/` that begins a regular expression, not a division. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void))$/;

/** Just beyond the next `end`; beyond the text when there is none. */
function beyond(text: string, end: string, from: number): number {
  const found = text.indexOf(end, from);
  return found === -1 ? text.length + end.length : found + end.length;
}

/** Where a string in quotes ends; just beyond the closing quote, or the line's end. */
function quoted(text: string, from: number): number {
  const quote = text[from];
  let at = from + 1;
  while (at < text.length && text[at] !== quote && text[at] !== '\n')
    at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Where a regular expression ends. */
function regex(text: string, from: number): number {
  let inClass = false;
  let at = from + 1;
  for (; at < text.length && text[at] !== '\n'; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '[') inClass = true;
    else if (text[at] === ']') inClass = false;
    else if (text[at] === '/' && !inClass) break;
  }
  return at + 1;
}

/** Blanks what is not code. Code inside `${}` of templates stays code. */
export function read(text: string): Source {
  const out = text.split('');
  const blank = (from: number, to: number) => {
    for (let i = from; i < to && i < out.length; i += 1) if (out[i] !== '\n') out[i] = ' ';
  };
  // Depth of braces at which a template's `${` is open; -1 below the bottom.
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  // Blanks template text from `at` to its end or to the next `${`.
  const template = () => {
    const from = at;
    while (at < text.length) {
      if (text[at] === '\\') at += 2;
      else if (text[at] === '`') {
        at += 1;
        break;
      } else if (text.startsWith('${', at)) {
        templates.push(depth);
        depth += 1;
        at += 2;
        break;
      } else at += 1;
    }
    blank(from, at);
  };
  let before = '';
  while (at < text.length) {
    const c = text[at];
    const from = at;
    if (text.startsWith('//', at)) at = beyond(text, '\n', at) - 1;
    else if (text.startsWith('/*', at)) at = beyond(text, '*/', at + 2);
    else if (c === "'" || c === '"') at = quoted(text, at);
    else if (c === '/' && BEFORE_REGEX.test(before.trimEnd().slice(-12))) at = regex(text, at);
    else if (c === '`') {
      at += 1;
      blank(from, at);
      template();
      before = 'x';
      continue;
    } else {
      if (c === '{') depth += 1;
      if (c === '}') depth -= 1;
      at += 1;
      if (c === '}' && templates.at(-1) === depth) {
        templates.pop();
        blank(from, at);
        template();
        before = 'x';
      } else before = (before + c).slice(-24);
      continue;
    }
    blank(from, at);
    if (c === "'" || c === '"') before = 'x';
  }
  return { text, code: out.join('') };
}

/** Line number, from 1, of an offset. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) line += 1;
  return line;
}

const CLOSING: Record<string, string> = { '(': ')', '{': '}', '[': ']' };

/** Offset of the bracket that closes the one at `open`; the text's end when there is none. */
export function closing(code: string, open: number): number {
  const close = CLOSING[code[open]];
  let depth = 0;
  for (let i = open; i < code.length; i += 1) {
    if (code[i] === code[open]) depth += 1;
    else if (code[i] === close && --depth === 0) return i;
  }
  return code.length;
}

/**
 * From the `)` of parameters to the `{` of the body, over a return type; -1 when there is no body.
 */
function bodyAfter(code: string, paren: number): number {
  let at = paren + 1;
  let last = ')';
  for (; at < code.length; at += 1) {
    const c = code[at];
    if (c === '{') {
      // A `{` after these belongs to the return type: `): Promise<{`, `): { a: b } | {`.
      if (!/[:|&<,([]/.test(last) && !(last === '>' && code.slice(at - 3, at).includes('=>'))) {
        return at;
      }
      at = closing(code, at);
      last = '}';
    } else if (c === '(' || c === '[') {
      at = closing(code, at);
      last = ')';
    } else if (c === ';' || c === '=' || c === ')' || c === '}') {
      if (c === '=' && code[at + 1] === '>') at += 1;
      else return -1;
      last = '>';
    } else if (c === '\n' && last === ')' && !/^\s*[:{]/.test(code.slice(at))) return -1;
    else if (c !== ' ' && c !== '\n') {
      if (last === ')' && c !== ':') return -1;
      last = c;
    }
  }
  return -1;
}

/** A function with a body: its first line and the line of its closing brace, both from 1. */
export interface Span {
  name: string;
  from: number;
  to: number;
}

const WORDS = /^(?:if|for|while|switch|catch|with|return|await|typeof|do|else|new|throw|yield)$/;
const MODIFIERS =
  'export|default|declare|async|static|private|protected|public|override|get|set|function|readonly';
const HEADER = new RegExp(
  `^[ \\t]*(?:@\\w+[ \\t]+)*(?:(?:${MODIFIERS})\\b[ \\t*]+)*\\*?` +
    '(#?[\\w$]+)[ \\t]*(?:<[^>\\n]*>)?\\(',
  'gm',
);
const EXPRESSION = /\bfunction\b[ \t]*\*?[ \t]*([\w$]*)[ \t]*\(/g;
const ARROW = /=>\s*\{/g;

/** All functions, methods and arrow functions with a block. */
export function functions({ code }: Source): Span[] {
  const spans = new Map<number, Span>();
  const add = (name: string, from: number, body: number) => {
    if (body === -1 || spans.has(body)) return;
    const to = lineOf(code, closing(code, body));
    spans.set(body, { name: name || 'function', from: lineOf(code, from), to });
  };
  for (const match of code.matchAll(HEADER)) {
    if (WORDS.test(match[1])) continue;
    const paren = match.index + match[0].length - 1;
    add(match[1], match.index, bodyAfter(code, closing(code, paren)));
  }
  for (const match of code.matchAll(EXPRESSION)) {
    const paren = match.index + match[0].length - 1;
    add(match[1], match.index, bodyAfter(code, closing(code, paren)));
  }
  for (const match of code.matchAll(ARROW)) {
    add('=>', match.index, match.index + match[0].length - 1);
  }
  return [...spans.values()];
}

/** An import, export from, dynamic import or `new URL(..., import.meta.url)`, and its line. */
export interface Import {
  specifier: string;
  line: number;
}

const SPECIFIERS = [
  /^[ \t]*(?:import|export)\b[^;'"`]*?\bfrom\s*(['"])([^'"\n]+)\1/gm,
  /^[ \t]*import\s*(['"])([^'"\n]+)\1/gm,
  /\bimport\s*\(\s*(['"])([^'"\n]+)\1/g,
  /\bnew URL\(\s*(['"])([^'"\n]+)\1\s*,\s*import\.meta\.url/g,
];

/** What a file imports, in no order. Text inside strings and comments is not looked at. */
export function imports({ text, code }: Source): Import[] {
  const found: Import[] = [];
  for (const pattern of SPECIFIERS) {
    for (const match of text.matchAll(pattern)) {
      const word = match[0].length - match[0].trimStart().length + match.index;
      if (!/\w/.test(code[word])) continue;
      const beside = pattern === SPECIFIERS[3] && /^\w[^:]*$/.test(match[2]);
      found.push({ specifier: beside ? `./${match[2]}` : match[2], line: lineOf(text, word) });
    }
  }
  return found;
}
