// Owns the verb `test-macro`: builds the macro cells of this project that the cases use, runs the
// cases, says what differs. Exit code 0 when every case is as written, else 1.
import fs from 'node:fs';
import path from 'node:path';
import { namespaceOf } from '../../build/2-discover/cell-name.ts';
import { readIfThere, sha256 } from '../../build/6-lock/files.ts';
import { printFinding } from '../../build/diagnostics/findings.ts';
import { make, PLACES } from '../../build/make.ts';
import type { CaseResult, Difference } from '../../build/test-macro.ts';
import { type Config, loadConfig } from '../cell/config.ts';
import { discoveryWith, macroLog } from './discovery.ts';
import { lineDifference, linesOf } from './line-diff.ts';
import { makeOptions } from './macro-flags.ts';
import { style, UserError } from './print.ts';

export interface TestMacroFlags {
  /** Folder of cases, relative to cwd or absolute. */
  folder: string;
  cwd: string;
  /** Write what came out instead of comparing. */
  update: boolean;
  json: boolean;
}

/** Places of one file that are printed, and lines of each. */
const CHANGES = 20;
const LINES = 24;

/** Runs the cases below a folder. Returns the exit code. */
export async function testMacro({ folder, cwd, update, json }: TestMacroFlags): Promise<number> {
  const at = path.resolve(cwd, folder);
  const { casesIn, CaseError, INPUT, runCase } = await import('../../build/test-macro.ts');
  if (!fs.statSync(at, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`there is no folder ${folder}`, undefined, 'name the folder of the cases');
  }
  const cases = casesIn(at);
  if (cases.length === 0) {
    const fix = `put each case into a folder of its own, with ${INPUT} in it`;
    throw new UserError(`there is no case below ${folder}`, undefined, fix);
  }
  const config = await loadConfig(cwd);
  const inputs = cases.map((one) => path.join(one, INPUT));
  await buildOwn(inputs, at, { cwd, config });
  const discovery = discoveryWith(config, macroLog())({ cwd, start: true });
  const results: CaseResult[] = [];
  try {
    for (const one of cases) {
      const result = await runCase(one, { folder: at, discovery, update });
      results.push(result);
      if (!json) print(result);
    }
  } catch (error) {
    if (error instanceof CaseError) throw new UserError(error.message, undefined, error.fix);
    throw error;
  } finally {
    await discovery.close();
  }
  const failed = results.filter((r) => r.differs.length > 0 && !r.updated).length;
  if (json) console.log(JSON.stringify({ ok: failed === 0, cases: results }));
  else summarize(results, failed);
  return failed === 0 ? 0 : 1;
}

/**
 * Builds the cells of this project that the cases ask and that nobody else answers for. Throws when
 * one does not build.
 */
async function buildOwn(
  inputs: string[],
  folder: string,
  { cwd, config }: { cwd: string; config: Config },
): Promise<void> {
  const { needsOf, outlineOf } = await import('../../build/order.ts');
  const { findServices } = await import('../../build/services.ts');
  const outside = findServices(cwd).filter((file) => !file.startsWith(folder + path.sep));
  const own = outside.map(outlineOf);
  const discovery = discoveryWith(config)({ cwd, start: true });
  const needed = new Set<string>();
  for (const { cell, file } of inputs.map(outlineOf).flatMap((one) => needsOf(one, own))) {
    if (needed.has(file)) continue;
    const found = await discovery.identify(namespaceOf(cell, await discovery.namespaces()));
    const built = readIfThere(path.join(cwd, PLACES.wasm(cell)));
    const isOurs = 'missing' in found || (built !== null && sha256(built) === found.digest);
    if (isOurs) needed.add(file);
  }
  await discovery.close();
  if (needed.size === 0) return;
  const made = await make({ ...(await makeOptions({}, cwd)), files: [...needed] });
  const broken = made.filter((m) => m.summary === null);
  if (broken.length === 0) return;
  for (const { findings } of broken) console.error(findings.map(printFinding).join('\n\n'));
  const files = broken.map((m) => m.file).join(', ');
  throw new UserError(`${files} does not build`, undefined, 'mend what is said above');
}

function print({ name, differs, updated }: CaseResult): void {
  if (differs.length === 0) {
    console.log(`${style('green', '✔')} ${name || '.'}`);
    return;
  }
  const files = differs.map((d) => d.file).join(', ');
  if (updated) {
    console.log(`${style('yellow', '✎')} ${name || '.'}: wrote ${files}`);
    return;
  }
  console.log(`${style('red', '✘')} ${name || '.'}: ${files}`);
  for (const one of differs) console.log(differenceText(one));
}

/** The lines that differ: expected ones with `-`, what came out with `+`, two around them. */
function differenceText({ file, expected, got }: Difference): string {
  if (expected === null) {
    return `    ${file} is not there yet:\n${told(linesOf(got ?? '').map((line) => `+ ${line}`))}`;
  }
  if (got === null) {
    const lines = linesOf(expected).map((line) => `- ${line}`);
    return `    ${file} is there, and nothing came out:\n${told(lines)}`;
  }
  const changes = lineDifference(expected, got);
  const shown = changes.slice(0, CHANGES);
  const texts = shown.map(({ line, lines }) => `    ${file}:${line}\n${told(lines)}`);
  const more = changes.length - shown.length;
  if (more > 0) texts.push(`    ... and ${more} more place${more === 1 ? '' : 's'} in ${file}`);
  return texts.join('\n');
}

function told(lines: string[]): string {
  const shown = lines.slice(0, LINES).map((line) => `    ${line}`);
  if (lines.length > LINES) shown.push(`    ... and ${lines.length - LINES} more lines`);
  return shown.join('\n');
}

function summarize(results: CaseResult[], failed: number): void {
  const wrote = results.filter((r) => r.updated).length;
  const rest = wrote > 0 ? `, ${wrote} written` : '';
  console.log(`${results.length - failed} of ${results.length} cases are as written${rest}`);
  if (failed > 0) {
    console.log('fix: mend the macro, or look at what changed and run it with --update');
  }
}
