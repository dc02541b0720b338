// Owns the map that lies beside a module: from offsets in its bytes to the user's own text. asc's
// map leads to the emitted texts, the maps of emitting from there to the user's; here they are
// composed.
//
// `x.wasm.map` is a source map, version 3, whose columns are byte offsets in the module (line 0),
// and the names of functions that may stand in frames:
//   "cell": {"functions": {"12": "hello.cell/Hello#greet"}, "of": "<sha256 of the module>"}
import { createHash } from 'node:crypto';
import remapping from '@jridgewell/remapping';
import type { Emission } from '../4-emit/emit.ts';
import type { RawModule } from './asc.ts';

/** Composes; returns JSON text. `names`: what asc calls the module's functions, by index. */
export function composeMap(
  raw: NonNullable<RawModule['map']>,
  { texts, functions: generated }: Pick<Emission, 'texts' | 'functions'>,
  names: Map<number, string>,
): string {
  const flat = { version: 3 as const, names: [], sources: raw.sources, mappings: raw.mappings };
  // Depth 1: an emitted text has its user's name, whose own map would be itself. Paths are those of
  // the build; without the stroke `lib/a.ts` would be looked for beside itself.
  const loader = (file: string, { depth }: { depth: number }) => {
    const map = depth === 1 ? texts.get(file)?.map : undefined;
    return map === undefined
      ? null
      : ({ ...map, sources: map.sources.map((one) => `/${one}`) } as never);
  };
  const composed = remapping(flat, loader);
  const functions: Record<string, string> = {};
  for (const [index, name] of [...names].sort((a, b) => a[0] - b[0])) {
    const known = generated.get(name);
    functions[index] = known === undefined ? name : `${name.replace(/[^/]*$/, '')}${known.shown}`;
  }
  return JSON.stringify({
    version: 3,
    sources: composed.sources.map((one) => one?.replace(/^\//, '') ?? null),
    names: [],
    mappings: composed.mappings,
    cell: { functions },
  });
}

/**
 * `map` of the module `wasm` with its hash, and the cells whose macros contributed nothing
 * (`--features auth=off`) in it. It stands here, because the module is byte for byte that of the
 * undecorated source; hosts ask for it.
 */
export function withLeftOut(
  map: string,
  wasm: Uint8Array,
  features: ReadonlyMap<string, string>,
): string {
  const off = [...features].filter(([, profile]) => profile === 'off').map(([cell]) => cell);
  const read = JSON.parse(map) as { cell: object };
  const of = createHash('sha256').update(wasm).digest('hex');
  const more = off.length === 0 ? {} : { off: off.sort() };
  return JSON.stringify({ ...read, cell: { ...read.cell, of, ...more } });
}
