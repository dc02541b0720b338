// Owns the contract between the build and whoever knows where cells are. The host's side of it is
// host/discovery; the two meet in host/cli. Shapes only.
import type { Schema } from '../../host/schema/types.ts';
import type { Synapse } from '../../host/synapse/index.ts';

/**
 * running: a host that serves this project. own: built by this project. package: brought by a
 * package of it. standard: brought by cell itself.
 */
export type PlaceKind = 'running' | 'own' | 'package' | 'standard';

/** Where one version of a cell is. */
export interface Place {
  cell: string;
  kind: PlaceKind;
  /** For people: "the running host ws://127.0.0.1:4400/cell". */
  from: string;
  /** SHA-256 of the module, hex. */
  digest: string;
  /** Namespace that it answers for; null: it has no macros. undefined: only asking will tell. */
  ns: string | null | undefined;
  /** Why its macros cannot be asked, for people; absent: they can. */
  closed?: string;
  /** Its plans depend on more than what they are asked: on databases. */
  changing?: boolean;
  /** null: only the running host knows it. */
  schema(): Schema | null;
  /** A connection to a host that serves the cell; started when it must be. */
  connect(): Promise<Synapse>;
}

/** Everywhere that cells of one project are. */
export interface Places {
  /** Places of a cell; what a build takes comes first: running, own, package, standard. */
  of(cell: string): Place[];
  /** Cells that are somewhere, sorted. */
  cells(): string[];
  /** What was looked through, for people: "no host runs here", "node_modules brings ...". */
  tried(cell: string): string[];
  /** Ends what was started, and its connections. */
  close(): Promise<void>;
}
