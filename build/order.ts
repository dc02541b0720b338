// Owns the order in which the services of a project are built: a cell comes after the cells of this
// project whose macros it uses or whose methods it calls. Reads texts cheaply, without a parser, so
// that an unchanged build stays quick; nothing but the order is decided by it.
import fs from 'node:fs';
import path from 'node:path';
import { cellsOf, kebab } from './2-discover/cell-name.ts';

/** What a service file is and names, as far as the order needs it. */
export interface Outline {
  /** Absolute. */
  file: string;
  /** Name of its cell; '' when there is no service in it. */
  cell: string;
  /** Cells whose macros it uses: every cell that a namespace could mean. */
  macros: Set<string>;
  /** Cells that it calls. */
  calls: Set<string>;
  /** Classes that stand for them. */
  remotes: RemoteUse[];
}

/** `@remote("ledger") class Ledger {}` in `file` (absolute). */
export interface RemoteUse {
  cell: string;
  name: string;
  file: string;
  exported: boolean;
}

/** Cells that need each other come as one group; single cells as groups of one. */
export interface Group {
  files: Outline[];
  /** More than one cell, or a cell that answers for its own decorators. */
  mutual: boolean;
}

const TOKENS = new RegExp(
  [
    String.raw`\/\/[^\n]*`,
    String.raw`\/\*[\s\S]*?\*\/`,
    String.raw`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\`(?:[^\`\\]|\\[\s\S])*\``,
    String.raw`@\s*[\w$]+(?:\s*\.\s*[\w$]+)?`,
    String.raw`(?<![\w$.])[A-Z]\w*\s*\.\s*[\w$]+`,
    String.raw`\bclass\s+[\w$]+|\b(?:from|export)\b|\bname\s*:|[(){}]`,
  ].join('|'),
  'g',
);

/** Reads a service file and what it imports by relative paths. */
export function outlineOf(file: string): Outline {
  const sets = { macros: new Set<string>(), calls: new Set<string>() };
  const outline: Outline = { file, cell: '', ...sets, remotes: [] };
  const seen = new Set<string>();
  const queue = [file];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const text = readText(next);
    if (text !== null) queue.push(...scan(text, next, outline));
  }
  return outline;
}

/** Adds what `text` names to `outline`; returns the files that it imports. */
function scan(text: string, file: string, outline: Outline): string[] {
  const imports: string[] = [];
  let service = false;
  /** Within the arguments of `@service`. */
  let naming = false;
  let given = '';
  let before = '';
  let remote: string | null = null;
  const spaces = new Set<string>();
  for (const [token] of text.matchAll(TOKENS)) {
    if (token.startsWith('//') || token.startsWith('/*')) continue;
    if (token.startsWith('@')) {
      const [ns, name] = decorator(token);
      for (const cell of cellsOf(ns)) outline.macros.add(cell);
      naming = ns === '' && name === 'service';
      service ||= naming;
      if (ns === '' && name === 'remote') remote = '';
    } else if (/^[A-Z]/.test(token)) {
      spaces.add(token.split('.')[0].trim());
    } else if (/^["'`]/.test(token)) {
      const value = token.slice(1, -1);
      if (before === 'from' && value.startsWith('.')) {
        const base = path.resolve(path.dirname(file), value.replace(/\.ts$/, ''));
        imports.push(`${base}.ts`, path.join(base, 'index.ts'));
      }
      if (remote === '' && before === '(') {
        remote = value;
        outline.calls.add(value);
      }
      if (naming && before.startsWith('name')) given = value;
    } else if (token.startsWith('class')) {
      if (service && outline.cell === '') outline.cell = given || kebab(token.slice(5).trim());
      if (remote) {
        const name = token.slice(5).trim();
        outline.remotes.push({ cell: remote, name, file, exported: before === 'export' });
      }
      service = false;
      naming = false;
      remote = null;
      given = '';
    }
    before = token;
  }
  for (const ns of spaces) {
    if (declares(text, ns)) continue;
    for (const cell of cellsOf(ns)) outline.macros.add(cell);
  }
  return imports;
}

/** Whether a namespace that is called, `Ledger.debit()`, is the file's own or imported. */
function declares(text: string, ns: string): boolean {
  const own = `\\b(?:class|enum|namespace|type|interface|const|let)\\s+${ns}\\b`;
  return new RegExp(`${own}|\\bimport\\b[^;'"]*\\b${ns}\\b`).test(text);
}

/** Namespace and name; a namespace in lower case is the bare one's. */
function decorator(token: string): [string, string] {
  const [first, second] = token.slice(1).split('.');
  if (second === undefined) return ['', first.trim()];
  return /^[A-Z]/.test(first.trim()) ? [first.trim(), second.trim()] : ['', token.slice(1)];
}

function readText(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** What `one` needs of `all`, by its own words. */
export function needsOf(one: Outline, all: readonly Outline[]): Outline[] {
  return all.filter((o) => o.cell !== '' && (one.macros.has(o.cell) || one.calls.has(o.cell)));
}

/**
 * Groups in an order that can be built: Tarjan's strongly connected components, which come out with
 * what is needed first. Within a group and among groups that do not need each other: as given.
 */
export function ordered(all: readonly Outline[]): Group[] {
  const groups: Group[] = [];
  const index = new Map<Outline, number>();
  const low = new Map<Outline, number>();
  const stack: Outline[] = [];
  const visit = (one: Outline): void => {
    index.set(one, index.size);
    low.set(one, index.get(one) as number);
    stack.push(one);
    for (const other of needsOf(one, all)) {
      if (!index.has(other)) visit(other);
      else if (!stack.includes(other)) continue;
      low.set(one, Math.min(low.get(one) as number, low.get(other) as number));
    }
    if (low.get(one) !== index.get(one)) return;
    const files = stack.splice(stack.indexOf(one)).sort((a, b) => all.indexOf(a) - all.indexOf(b));
    groups.push({ files, mutual: files.length > 1 || needsOf(one, files).length > 0 });
  };
  for (const one of all) if (!index.has(one)) visit(one);
  return groups;
}
