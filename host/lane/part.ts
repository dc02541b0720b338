// Owns what a lane is told of a cell: the part of a CellSpec that it needs, fit for posting to a
// worker.
import type { GuestManifest } from '../capability/contract.ts';
import type { CellSpec, Grants } from './contract.ts';

/** A cell as a lane holds it. */
export interface CellPart {
  name: string;
  index: number;
  module: WebAssembly.Module;
  firstRoute: number;
  /** `waiting`: of itself, whatever it calls. `calls`: methods of others that it can reach. */
  methods: { name: string; waiting: boolean; calls: string[] }[];
  /** Cells that it calls, sorted, with their methods in the order of its links (links.ts). */
  remotes: { cell: string; methods: string[]; links: number }[];
  actor: boolean;
  start: boolean;
  /** Milliseconds of CPU for one stretch of initialisers or start(). */
  startCpuMs: number;
  /** Lane of an actor; -1: every lane holds the cell. */
  home: number;
  grants: Grants;
  manifest: GuestManifest;
  file: string;
  map?: string;
}

/**
 * Makes the part of `spec`. An actor with one waiting method has only waiting routes: its calls
 * must queue behind the one that waits.
 */
export function partOf(spec: CellSpec, home: number, startCpuMs: number): CellPart {
  const { name, index, module, firstRoute, grants, file, schema, manifest } = spec;
  const queued = manifest.actor && schema.methods.some((m) => m.tier === 'waiting');
  const methods = schema.methods.map((m) => ({
    name: m.name,
    waiting: queued || m.tier === 'waiting',
    calls: m.calls ?? [],
  }));
  const remotes = Object.entries(manifest.remotes ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([cell, texts]) => ({ cell, methods: Object.keys(texts).sort(), links: 0 }));
  const { actor, start } = manifest;
  const part: CellPart = {
    ...{ name, index, module, firstRoute, methods, remotes, actor, start },
    ...{ startCpuMs, grants, file, manifest: guestManifest(manifest) },
    home: actor ? home : -1,
  };
  if (spec.map !== undefined) part.map = spec.map;
  return part;
}

function guestManifest({ sql, persisted }: CellSpec['manifest']): GuestManifest {
  return { ...(sql ? { sql } : {}), ...(persisted ? { persisted } : {}) };
}
