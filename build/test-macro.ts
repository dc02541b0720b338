// Owns golden cases of macros: a folder each, built as `cell build` would and compared with what is
// written beside it. Writes nothing unless it is told to update. Prints nothing.
//
//   golden/renamed/input.cell.ts      the service; what else it imports stands beside it
//                  case.json          optional: { "settings": {...}, "features": {...} } by cell
//                  expanded.txt       what `cell expand` prints, when it builds
//                  findings.txt       errors and warnings, when there are any
import fs from 'node:fs';
import path from 'node:path';
import type { Discovery } from './3-negotiate/contract.ts';
import { settingsOf } from './3-negotiate/settings.ts';
import { readIfThere, writeWhole } from './6-lock/files.ts';
import { readTools } from './6-lock/tools.ts';
import { printFinding } from './diagnostics/findings.ts';
import { buildService } from './driver.ts';

/** The service file of a case. */
export const INPUT = 'input.cell.ts';
/** Files that a case is compared by. */
const EXPECTED = ['expanded.txt', 'findings.txt'] as const;

/** A case that could not be run; the message says why, `fix` what to do. */
export class CaseError extends Error {
  override name = 'CaseError';
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

export interface Difference {
  file: string;
  /** null: there is no such file. */
  expected: string | null;
  /** null: nothing was to be written there. */
  got: string | null;
}

export interface CaseResult {
  /** Folder of the case, relative to the folder of cases; "" = itself. */
  name: string;
  differs: Difference[];
  /** The differences were written. */
  updated: boolean;
}

/** Folders below `folder`, itself included, that are cases; absolute, sorted. */
export function casesIn(folder: string): string[] {
  const found: string[] = [];
  const look = (at: string): void => {
    const entries = fs.readdirSync(at, { withFileTypes: true });
    if (entries.some((e) => e.isFile() && e.name === INPUT)) found.push(at);
    for (const entry of entries) {
      const skipped = entry.name.startsWith('.') || entry.name === 'node_modules';
      if (entry.isDirectory() && !skipped) look(path.join(at, entry.name));
    }
  };
  look(folder);
  return found.sort();
}

/** Runs one case. Rejects with CaseError. */
export async function runCase(
  at: string,
  options: { folder: string; discovery: Discovery; update: boolean },
): Promise<CaseResult> {
  const { folder, discovery, update } = options;
  const macros = { discovery, ...circumstancesOf(at) };
  const built = await buildService(path.join(at, INPUT), at, readTools().versions, macros);
  const findings = built.findings.map((f) => `${printFinding(f)}\n`).join('\n');
  const got = {
    'expanded.txt': built.compiled === null ? null : built.expanded,
    'findings.txt': findings === '' ? null : findings,
  };
  const differs: Difference[] = [];
  for (const file of EXPECTED) {
    const expected = readIfThere(path.join(at, file))?.toString('utf8') ?? null;
    if (expected !== got[file]) differs.push({ file, expected, got: got[file] });
  }
  if (update) for (const one of differs) write(path.join(at, one.file), one.got);
  const name = path.relative(folder, at).split(path.sep).join('/');
  return { name, differs, updated: update && differs.length > 0 };
}

function write(file: string, text: string | null): void {
  if (text === null) fs.rmSync(file, { force: true });
  else writeWhole(file, Buffer.from(text));
}

/** What case.json says. */
function circumstancesOf(at: string) {
  const file = path.join(at, 'case.json');
  const text = readIfThere(file)?.toString('utf8') ?? '{}';
  const wants = '{ "settings": { "cell": { ... } }, "features": { "cell": "off" } }';
  const refuse = (why: string): never => {
    throw new CaseError(`${file}: ${why}`, `write ${wants}, each optional`);
  };
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch (error) {
    return refuse((error as Error).message);
  }
  if (!isObject(said)) return refuse('it is no object');
  const { settings = {}, features = {}, ...rest } = said;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return refuse(`it has no key \`${unknown}\``);
  if (!isObject(settings) || !isObject(features))
    return refuse('settings and features are objects');
  const profiles = Object.entries(features);
  for (const [cell, profile] of profiles) {
    if (typeof profile !== 'string') refuse(`features.${cell} is no text`);
  }
  return {
    settings: settingsOf(settings as Parameters<typeof settingsOf>[0]),
    settingsAt: { path: 'case.json', text, under: 'settings' },
    features: new Map(profiles as [string, string][]),
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
