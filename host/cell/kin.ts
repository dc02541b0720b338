// Owns which cells of a host belong together: those that call each other, through whomever. Their
// actors live in one lane, so that a call never needs two lanes at once.
import type { Manifest } from '../schema/types.ts';

/** For each cell the name of the first of its group, in the order of `cells`. */
export function kinOf(cells: readonly { name: string; manifest: Manifest }[]): string[] {
  const parents = new Map(cells.map(({ name }) => [name, name]));
  const root = (name: string): string => {
    const parent = parents.get(name) ?? name;
    return parent === name ? name : root(parent);
  };
  for (const { name, manifest } of cells) {
    for (const called of Object.keys(manifest.remotes ?? {})) {
      if (parents.has(called)) parents.set(root(called), root(name));
    }
  }
  return cells.map(({ name }) => root(name));
}
