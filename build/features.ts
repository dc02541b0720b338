// Owns `--features`: "telemetry=off,auth=off" as a map, and the refusal of cells that mean nothing,
// there and in the settings.
import { nearest } from '../host/schema/nearest.ts';
import { cellsOf, namespaceOf } from './2-discover/cell-name.ts';
import type { Discovery, Features, Settings } from './3-negotiate/contract.ts';

/** `--features` that cannot be. The message says what would be right. */
export class FeatureError extends Error {
  override name = 'FeatureError';
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

const USAGE = 'write <cell>=off, <cell>=on or <cell>=<profile>, separated by commas';

/** Parses `telemetry=off,auth=off`; a later word for the same cell wins. FeatureError. */
export function parseFeatures(text: string): Map<string, string> {
  const features = new Map<string, string>();
  for (const part of text.split(',')) {
    const found = /^\s*([a-z][a-z0-9-]*)\s*=\s*([a-z][a-z0-9-]*)\s*$/.exec(part);
    if (found === null) throw new FeatureError(`\`${part.trim()}\` is no feature`, USAGE);
    features.set(found[1], found[2]);
  }
  return features;
}

/** FeatureError when a feature names a cell that answers for no macros here. */
export async function knownFeatures(features: Features, discovery: Discovery): Promise<void> {
  for (const { cell, near, known } of await strangers(features.keys(), discovery)) {
    const meant = near === null ? `one of ${known.join(', ')}` : `did you mean ${near}?`;
    throw new FeatureError(`--features: no cell \`${cell}\` answers for macros here`, meant);
  }
}

/**
 * FeatureError when settings are for a cell that is nearly one of those here: its own would not be
 * heard. Settings for cells that are far from all may be a host's, or another folder's.
 */
export async function knownSettings(settings: Settings, discovery: Discovery): Promise<void> {
  for (const { cell, near } of await strangers(settings.keys(), discovery)) {
    if (near === null) continue;
    const message = `cell.config.ts: no cell \`${cell}\` answers for macros here`;
    throw new FeatureError(message, `did you mean cells.${near}?`);
  }
}

/** Those of `cells` that answer for no macros here, with the one that each may have meant. */
async function strangers(
  cells: Iterable<string>,
  discovery: Discovery,
): Promise<{ cell: string; near: string | null; known: string[] }[]> {
  const asked = [...cells];
  if (asked.length === 0) return [];
  const namespaces = await discovery.namespaces();
  const known = [...new Set(namespaces.filter((ns) => ns !== '').flatMap(cellsOf))];
  const found: { cell: string; near: string | null; known: string[] }[] = [];
  for (const cell of asked) {
    if (known.includes(cell)) continue;
    if (!('missing' in (await discovery.identify(namespaceOf(cell, namespaces))))) continue;
    found.push({ cell, near: nearest(cell, known), known });
  }
  return found;
}
