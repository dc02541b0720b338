// Owns what a build found wrong: collecting, ordering and printing. Texts come from the catalogue.
import { entryOf } from './catalogue.ts';

/** A source text that a finding can point into. */
export interface SourceText {
  /** As shown to the user. */
  path: string;
  text: string;
}

export interface Finding {
  code: string;
  message: string;
  fix: string;
  file: string;
  /** From 1; 0 when the finding concerns the file as a whole. */
  line: number;
  column: number;
  /** Characters to underline, at least 1. */
  length: number;
  /** The source line, '' when there is none. */
  excerpt: string;
  /** Told, but the build goes on. */
  warning?: true;
}

/** Holes of a message and its fix. */
export type Holes = Record<string, string | number>;

export class Findings {
  readonly #list: Finding[] = [];

  /** Errors; warnings do not count. */
  get count(): number {
    return this.#list.filter((f) => f.warning !== true).length;
  }

  /**
   * Adds a finding at [start, end) of `source`, or at the whole file when `at` is null. One place
   * keeps only its first finding of a code.
   */
  report(
    code: string,
    source: SourceText,
    at: { start: number; end: number } | null,
    holes: Holes = {},
  ): void {
    this.#add(code, source, at, holes, {});
  }

  /** `report`, as a warning. */
  warn(
    code: string,
    source: SourceText,
    at: { start: number; end: number } | null,
    holes: Holes = {},
  ): void {
    this.#add(code, source, at, holes, { warning: true });
  }

  #add(
    code: string,
    source: SourceText,
    at: { start: number; end: number } | null,
    holes: Holes,
    kind: { warning?: true },
  ): void {
    const { message, fix } = entryOf(code);
    const place = at === null ? NOWHERE : placeOf(source.text, at.start, at.end);
    const finding = {
      code,
      message: fill(message, holes),
      fix: fill(fix, holes),
      file: source.path,
      ...place,
      ...kind,
    };
    const same = (f: Finding) =>
      f.code === code &&
      f.file === finding.file &&
      f.line === finding.line &&
      f.column === finding.column;
    if (!this.#list.some(same)) this.#list.push(finding);
  }

  /** By file, then place, then code. */
  sorted(): Finding[] {
    const key = (f: Finding) =>
      `${f.file}\0${String(f.line).padStart(8, '0')}${String(f.column).padStart(8, '0')}${f.code}`;
    return [...this.#list].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  }
}

const NOWHERE = { line: 0, column: 0, length: 1, excerpt: '' };

/** Line and column (from 1) of an offset, with the line's text. */
export function placeOf(text: string, start: number, end: number) {
  const at = Math.min(Math.max(start, 0), text.length);
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  const lineEnd = text.indexOf('\n', at);
  const excerpt = text.slice(lineStart, lineEnd < 0 ? text.length : lineEnd).replace(/\r$/, '');
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) line++;
  const room = excerpt.length - (at - lineStart);
  const length = Math.max(1, Math.min(end - at, room));
  return { line, column: at - lineStart + 1, length, excerpt };
}

function fill(template: string, holes: Holes): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (!(name in holes)) throw new Error(`no value for {${name}} in: ${template}`);
    return String(holes[name]);
  });
}

/** Characters of a source line that are printed, and how many before the place. */
const EXCERPT = 160;
const EXCERPT_BEFORE = 100;

/**
 * One finding as text:
 *   error CELL3001: message
 *     hello.cell.ts:4:15
 *      4 |   greet(name: number): string {
 *        |               ^~~~~~
 *     fix: write f64
 */
export function printFinding(f: Finding): string {
  const lines = [`${f.warning ? 'warning' : 'error'} ${f.code}: ${f.message}`];
  if (f.line === 0) {
    lines.push(`  ${f.file}`);
  } else {
    const gutter = String(f.line);
    const from = Math.max(0, f.column - 1 - EXCERPT_BEFORE);
    const shown = f.excerpt.slice(from, from + EXCERPT);
    const lead = shown.slice(0, f.column - 1 - from).replace(/[^\t]/g, ' ');
    const marks = Math.min(f.length, EXCERPT - lead.length) - 1;
    lines.push(
      `  ${f.file}:${f.line}:${f.column}`,
      `  ${gutter} | ${shown}`,
      `  ${' '.repeat(gutter.length)} | ${lead}^${'~'.repeat(Math.max(0, marks))}`,
    );
  }
  lines.push(`  fix: ${f.fix}`);
  return lines.map(plainText).join('\n');
}

/** Control characters but tab and line end: cells, packages and sources say what is printed. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g;

/** `text` without what moves a cursor; no line of it looks like another finding's. */
const plainText = (text: string): string =>
  text.replace(CONTROLS, '\ufffd').replace(/\n(?! {2})/g, '\n  ');
