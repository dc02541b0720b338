// Owns the names that user code sees without importing them, and where in the SDK each lives. A
// file gets only those that it mentions and does not declare itself.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { SourceShape } from '../1-read/shapes.ts';

/** The SDK that cells link: "cell/<file>" is assembly/guest/<file>.ts. */
const FOLDER = fileURLToPath(new URL('../../assembly/guest/', import.meta.url));

/** Whether the SDK has a file of that name: `session`, `macro/spot`. */
export function sdkFileThere(file: string): boolean {
  return /^[a-z][a-z0-9-]*(\/[a-z][a-z0-9-]*)?$/.test(file) && fs.existsSync(`${FOLDER}${file}.ts`);
}

/** Name -> SDK file, imported as "cell/<file>". `details` is generated into the entry. */
export const SDK_NAMES: Record<string, string> = {
  fail: 'failure',
  Details: 'failure',
  Status: 'status',
  attempt: 'attempt',
  attemptVoid: 'attempt',
  Attempt: 'attempt',
  log: 'log',
  now: 'clock',
  random: 'random',
  randomBits: 'random',
  uuid: 'uuid',
  newUuid: 'uuid',
  Session: 'session',
  Blob: 'blob',
  Flags: 'flags',
  TraceContext: 'trace',
  Uuid: 'values',
  Instant: 'values',
  Duration: 'values',
  Decimal: 'values',
};

/** Names of these that a service may have all the same: no generated code uses them. */
export const SERVICE_NAMES: ReadonlySet<string> = new Set(['Flags']);

/** Names that macro cells see beside those. */
export const MACRO_NAMES: Record<string, string> = {
  Spot: 'macro/spot',
  Planning: 'macro/planning',
  Arguments: 'macro/arguments',
  quote: 'macro/quote',
  quoteAll: 'macro/quote',
  Effect: 'macro/protocol',
  Declaration: 'macro/protocol',
  Site: 'macro/protocol',
  Use: 'macro/protocol',
  Param: 'macro/protocol',
  Literal: 'macro/protocol',
  LiteralKind: 'macro/protocol',
};

/** Name -> SDK file, of all that a cell sees without importing it. `isMacro`: it has macros. */
export function sdkNames(isMacro: boolean): Readonly<Record<string, string>> {
  return isMacro ? { ...SDK_NAMES, ...MACRO_NAMES } : SDK_NAMES;
}

/**
 * SDK file -> the names of it that `source` uses; and whether it uses `details`. `brought`: names
 * that macros made visible, by file.
 */
export function sdkUses(
  source: SourceShape,
  declared: Set<string>,
  isMacro = false,
  brought: ReadonlyMap<string, string> = new Map(),
): { files: Map<string, string[]>; details: boolean } {
  const files = new Map<string, string[]>();
  const used = (name: string): boolean =>
    !declared.has(name) && new RegExp(`(?<![\\w$.])${name}(?![\\w$])`).test(source.text);
  const names = { ...sdkNames(isMacro), ...Object.fromEntries(brought) };
  for (const [name, file] of Object.entries(names)) {
    if (used(name)) files.set(file, [...(files.get(file) ?? []), name]);
  }
  return { files, details: used('details') };
}
