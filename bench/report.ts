// Owns how measured rows look: one JSON object a line, or a table with the targets beside them.
// Never measures, never writes: it returns text.

import { styleText } from 'node:util';
import { held, targets } from './targets.ts';

/**
 * What a suite emits. `value` is in `unit`; `n` is how many samples or operations are behind it.
 */
export interface Measure {
  name: string;
  unit: string;
  value: number;
  n: number;
}

export interface Row extends Measure {
  suite: string;
}

/** A suite that could not be measured to its end, and why. */
export interface Failure {
  suite: string;
  why: string;
}

/** Rows measured, targets held and missed, and targets of the suites run that nobody measured. */
export interface Verdict {
  held: Row[];
  short: Row[];
  unmeasured: string[];
}

/**
 * Checks what a suite emitted and puts its suite in front; a name may carry the suite already
 * (`kernel/echo-64`). TypeError when it is not {name, unit, value: finite, n: > 0}.
 */
export function rowOf(suite: string, measure: Measure): Row {
  const { name, unit, value, n } = measure;
  if (typeof name !== 'string' || name === '') throw new TypeError(`${suite}: a row has no name`);
  if (typeof unit !== 'string') throw new TypeError(`${suite}/${name}: unit is not a string`);
  if (!Number.isFinite(value)) throw new TypeError(`${suite}/${name}: value is ${value}`);
  if (!(Number.isFinite(n) && n > 0)) throw new TypeError(`${suite}/${name}: n is ${n}`);
  const bare = name.startsWith(`${suite}/`) ? name.slice(suite.length + 1) : name;
  return { suite, name: bare, unit, value, n };
}

/** One line of `--json`, without the line end; exactly the five keys, in this order. */
export function jsonLine(row: Row): string {
  const { suite, name, unit, value, n } = row;
  return JSON.stringify({ suite, name, unit, value, n });
}

/** Judges rows against bench/targets.ts, for the suites that ran. */
export function judge(suites: string[], rows: Row[]): Verdict {
  const verdict: Verdict = { held: [], short: [], unmeasured: [] };
  const seen = new Set<string>();
  for (const row of rows) {
    seen.add(`${row.suite}/${row.name}`);
    const ok = held(row.suite, row.name, row.value);
    if (ok === true) verdict.held.push(row);
    if (ok === false) verdict.short.push(row);
  }
  for (const key of Object.keys(targets)) {
    if (suites.includes(key.slice(0, key.indexOf('/'))) && !seen.has(key)) {
      verdict.unmeasured.push(key);
    }
  }
  return verdict;
}

/**
 * A number as people read it: 1,234,567; 12.3; 0.456. At most `4` significant digits below 1000.
 */
export function readable(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(size >= 100 ? 4 : 3)));
}

/** The table of one suite: name, value, unit, target and a mark for what falls short. */
export function table(suite: string, rows: Row[], colour: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const cells = rows.map((row) => {
    const target = targets[`${row.suite}/${row.name}`];
    return {
      name: row.name,
      value: readable(row.value),
      unit: row.unit,
      target: target === undefined ? '' : `${target.op} ${readable(target.hold)}`,
      ok: held(row.suite, row.name, row.value),
      n: readable(row.n),
    };
  });
  const wide = (key: 'name' | 'value' | 'unit' | 'target', least: number) =>
    Math.max(least, ...cells.map((cell) => cell[key].length));
  const [w, v, u, t] = [wide('name', 24), wide('value', 10), wide('unit', 7), wide('target', 9)];
  const lines = [paint('bold', suite)];
  for (const cell of cells) {
    const mark = cell.ok === null ? '' : cell.ok ? paint('green', 'held ') : paint('red', 'SHORT');
    const left = `  ${cell.name.padEnd(w)} ${cell.value.padStart(v)} ${cell.unit.padEnd(u)}`;
    lines.push(`${left} ${cell.target.padEnd(t)} ${mark} ${paint('dim', `n=${cell.n}`)}`);
  }
  return lines.join('\n');
}

/** The last lines of a readable run: what held, what fell short, what nobody measured. */
export function closing(verdict: Verdict, failures: Failure[]): string {
  const judged = verdict.held.length + verdict.short.length;
  const lines = [`${verdict.held.length} of ${judged} targets held.`];
  for (const row of verdict.short) {
    const target = targets[`${row.suite}/${row.name}`];
    const wanted = `${target.op} ${readable(target.hold)}`;
    const seen = `${readable(row.value)} ${row.unit}`;
    lines.push(`short: ${row.suite}/${row.name} is ${seen}, should be ${wanted}`);
  }
  if (verdict.unmeasured.length > 0) {
    lines.push(`not measured: ${verdict.unmeasured.join(', ')}`);
  }
  for (const { suite, why } of failures) lines.push(`failed: ${suite}: ${why.split('\n')[0]}`);
  return lines.join('\n');
}
