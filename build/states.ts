// Owns what of another cell decides a build, as one text: part of the key of the cache. Cheap,
// since an unchanged build computes it too.
import { hashOf } from './2-discover/answers.ts';
import type { Features, Identity, Missing, Settings } from './3-negotiate/contract.ts';

/** Which module answers for macros, in which profile, with which settings; null: nobody. */
export function macroState(
  found: Identity | Missing,
  features: Features,
  settings: Settings,
): string | null {
  if ('missing' in found) return null;
  const { cell, digest } = found;
  const set = settings.get(cell);
  const plain = set === undefined ? '-' : hashOf(set);
  return `${cell} ${digest} ${features.get(cell) ?? 'on'} ${plain}`;
}
