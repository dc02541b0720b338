// Owns what `cell expand` shows: the user's own text with what macros made of it, every inserted
// line marked with its macro, policies as comments where the decorators stood. For people: asc gets
// the texts of 4-emit, whose positions stay the user's. Pure: the same input, the same text.
import MagicString from 'magic-string';
import type { Project } from './1-read/project.ts';
import type { DecoratorUse, SourceShape } from './1-read/shapes.ts';
import type { Negotiated, Placed, SiteRef } from './3-negotiate/contract.ts';
import { plainLine } from './3-negotiate/parties.ts';
import type { Emission } from './4-emit/emit.ts';
import type { GeneratedLine } from './4-emit/generated-text.ts';
import { type UserText, wholeField } from './4-emit/user-text.ts';
import { databaseText, dataText, persistedRows, statementRows } from './data-text.ts';
import { policyText } from './policy-text.ts';

/** The expanded text of the service file, then of other files that macros changed. */
export function expandedText(
  project: Project,
  negotiated: Negotiated,
  emission: Pick<Emission, 'user' | 'entry' | 'boundary' | 'service' | 'sql' | 'persisted'>,
): string {
  const parts: string[] = [];
  for (const [path, user] of emission.user) {
    const isEntry = path === project.entry;
    const bound = negotiated.bindings.some((b) => b.source === user.source);
    const uses = usesOf(user.source, negotiated);
    const changed = user.pieces.length > 0 || bound || uses.length > 0;
    if (!isEntry && !changed) continue;
    if (!isEntry) parts.push(`// ---- ${path}`);
    parts.push(expandedFile(user, negotiated).trimEnd());
  }
  const boundary = boundaryOf(emission);
  if (boundary.length > 0) parts.push('// ---- at the boundary of the cell', ...boundary);
  parts.push(...dataOf(emission));
  return `${parts.join('\n\n')}\n`.replace(CONTROLS, '\ufffd');
}

/** What moves a terminal's cursor: a cell's code may hold it, and this is printed. */
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|\r(?!\n)/g;

function expandedFile(user: UserText, negotiated: Negotiated): string {
  const { source } = user;
  const text = new MagicString(source.text);
  for (const group of usesOf(source, negotiated)) explain(group, source, negotiated, text);
  for (const { field } of negotiated.bindings.filter((b) => b.source === source)) {
    const { start, end } = wholeField(source, field);
    text.update(start, end, comment(source.text.slice(start, end).replace(/\s*;$/, '')));
  }
  for (const { at, removed, text: put, origin } of user.pieces) {
    if (origin === null) text.update(at, at + removed, put);
    else if (removed === 0) text.appendLeft(at, marked(put, origin.macro));
    else {
      const written = source.text.slice(at, at + removed).replace(/[\s,]+$/, '');
      const why = comment(`${origin.macro}, for: ${written}`);
      text.update(at, at + removed, put.endsWith('(') ? `${put}${why} ` : `${put} ${why}`);
    }
  }
  const behind = user.behind.filter((line) => line.origin !== null).map(markedLine);
  return [text.toString().trimEnd(), ...behind].join('\n');
}

/** A comment that stands anywhere and ends where it should. */
const comment = (text: string): string =>
  `/* ${text.replace(/\s+/g, ' ').replaceAll('*/', '*\\/')} */`;

/** The database of the service and what it stores, as comments. */
function dataOf({ sql, persisted }: Pick<Emission, 'sql' | 'persisted'>): string[] {
  const parts: string[] = [];
  const listed = (rows: string[][]): string[] => rows.map((row) => `//   ${row.join('  ').trim()}`);
  if (sql !== null) {
    const head = `// ---- statements: ${databaseText(sql)}`;
    parts.push([head, ...listed(statementRows(sql))].join('\n'));
  }
  if (persisted.length > 0) {
    parts.push(['// ---- stored', ...listed(persistedRows(persisted))].join('\n'));
  }
  return parts;
}

/** The answered decorators of a source, those of one declaration together, in order. */
function usesOf(source: SourceShape, { answered }: Negotiated): DecoratorUse[][] {
  const lists = [source.strayDecorators, ...source.enums.map((e) => e.decorators)];
  for (const c of source.classes) {
    lists.push(c.decorators, ...[...c.fields, ...c.methods].map((m) => m.decorators));
  }
  const groups = lists.map((list) => list.filter((use) => answered.has(use)));
  return groups
    .filter((group) => group.length > 0)
    .map((group) => [...new Set(group)].sort((a, b) => a.start - b.start));
}

/** Decorators become comments: what was written, and what the kernel or the build makes of it. */
function explain(
  group: DecoratorUse[],
  source: SourceShape,
  { contributions }: Negotiated,
  text: MagicString,
): void {
  const [{ start: first }] = group;
  const lineStart = source.text.lastIndexOf('\n', first - 1) + 1;
  const lead = /^[ \t]*/.exec(source.text.slice(lineStart, first))?.[0] ?? '';
  const lines = group.flatMap((use) => {
    const written = source.text.slice(use.start, use.end).replace(/\s+/g, ' ');
    const said = contributions.filter((c) => c.useRef === use).map(policyText);
    return [written, ...said.filter((one) => one !== '').map((one) => `    ${plainLine(one)}`)];
  });
  for (const { start, end } of group) {
    const rest = /^\s*/.exec(source.text.slice(end))?.[0].length ?? 0;
    text.remove(start, end + rest);
  }
  text.appendLeft(first, lines.map((line) => `// ${line}\n${lead}`).join(''));
}

/** What a caller passes before a method's own code: guards and wraps in the entry. */
function boundaryOf({
  entry,
  boundary,
  service,
}: Pick<Emission, 'entry' | 'boundary' | 'service'>) {
  const parts: string[] = [];
  const functions = entry.filter(
    (line) => line.origin !== null && /^(export )?function/.test(line.text),
  );
  if (functions.length > 0) parts.push(functions.map(markedLine).join('\n'));
  for (const [index, { before, call }] of boundary) {
    const { name, params } = service.schema.methods[index];
    const args = params.map((p) => p.name);
    const lines = [
      `// ${name}(${args.join(', ')}):`,
      ...before.map((one) => `//   ${one.text('service', args)};  // ${one.origin.macro}`),
      `//   ${call('service', args)};`,
    ];
    parts.push(lines.join('\n'));
  }
  return parts;
}

const markedLine = ({ text, origin }: GeneratedLine): string => marked(text, origin?.macro ?? '');

/** Each line with its macro behind it; inside a line, the mark is a comment that ends there. */
function marked(text: string, macro: string): string {
  if (!text.includes('\n') && /^\s/.test(text)) return `${text} /* ${macro} */`;
  if (text.includes('`')) {
    // A mark behind a line could stand inside a template: the lines are announced instead.
    const [lead] = /^\n*/.exec(text) as RegExpExecArray;
    const count = text.trim().split('\n').length;
    const which = count === 1 ? 'the next line' : `the next ${count} lines`;
    return `${lead}// ${macro}, ${which}:\n${text.slice(lead.length)}`;
  }
  return text
    .split('\n')
    .map((line) => (line.trim() === '' ? line : `${line} // ${macro}`))
    .join('\n');
}

/** One contribution, as `--json` lists it. */
export interface Contributed {
  macro: string;
  cell: string;
  /** `Accounts.get`; of a class `Accounts`. */
  on: string;
  kind: string;
  stage: string;
  /** A policy in words, or the name of what is added. */
  what: string;
}

const placeText = ({ kind, owner, name }: SiteRef): string =>
  kind === 'class' || owner === '' ? name : `${owner}.${name}`;

/** Everything that macros add, in the order in which it is composed. */
export function contributedList({ contributions }: Negotiated): Contributed[] {
  return contributions.map((c: Placed) => ({
    macro: `@${c.macro}`,
    cell: c.cell,
    on: placeText(c.siteRef),
    kind: c.kind,
    stage: c.stage,
    what: policyText(c) || dataText(c) || c.name,
  }));
}
