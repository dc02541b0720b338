// Owns the names that user code sees without importing them, and where in the SDK each lives. A
// file gets only those that it mentions and does not declare itself.
import type { SourceShape } from '../1-read/shapes.ts';

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
  Session: 'session',
  Blob: 'blob',
  Uuid: 'values',
  Instant: 'values',
  Duration: 'values',
  Decimal: 'values',
};

/** SDK file -> the names of it that `source` uses; and whether it uses `details`. */
export function sdkUses(
  source: SourceShape,
  declared: Set<string>,
): { files: Map<string, string[]>; details: boolean } {
  const files = new Map<string, string[]>();
  const used = (name: string): boolean =>
    !declared.has(name) && new RegExp(`(?<![\\w$.])${name}(?![\\w$])`).test(source.text);
  for (const [name, file] of Object.entries(SDK_NAMES)) {
    if (used(name)) files.set(file, [...(files.get(file) ?? []), name]);
  }
  return { files, details: used('details') };
}
