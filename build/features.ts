// Owns `--features`: "telemetry=off,auth=off" as a map, and the refusal of words that mean nothing.
import { nearest } from '../host/schema/nearest.ts';
import { cellsOf, namespaceOf } from './2-discover/cell-name.ts';
import type { Discovery, Features } from './3-negotiate/contract.ts';

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
  if (features.size === 0) return;
  const namespaces = await discovery.namespaces();
  const known = namespaces.filter((ns) => ns !== '').flatMap(cellsOf);
  for (const cell of features.keys()) {
    if (known.includes(cell)) continue;
    if (!('missing' in (await discovery.identify(namespaceOf(cell, namespaces))))) continue;
    const near = nearest(cell, known);
    const meant =
      near === null ? `one of ${[...new Set(known)].join(', ')}` : `did you mean ${near}?`;
    throw new FeatureError(`--features: no cell \`${cell}\` answers for macros here`, meant);
  }
}
