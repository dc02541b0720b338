// Owns the contract between the session (listener thread) and the lanes, whether they are workers
// or, with `--lanes 0`, the listener thread itself.

import type { Manifest, Schema } from '../schema/types.ts';

/** A module that was read and checked (host/cell/module.ts), with what it was granted. */
export interface CellSpec {
  name: string;
  module: WebAssembly.Module;
  schema: Schema;
  manifest: Manifest;
  /** First route of this cell; method i has route `firstRoute + i`. */
  firstRoute: number;
  index: number;
  /** Cells with the same one call each other, through whomever: their actors share a lane. */
  kin?: string;
  grants: Grants;
  /** Path of the `.wasm`, and of its composed source map where there is one, for traps. */
  file: string;
  map?: string;
}

/** Capabilities granted to one cell. Absent = denied. log, clock and random are granted always. */
export interface Grants {
  /** Folder whose files `cell:blob` may read; names never leave it. */
  blob?: { root: string };
  /** Cells of the same host that it may call. */
  call?: string[];
  /** Its database; {}: where the module says (SqlManifest.target). */
  sql?: SqlGrant;
  /** Where its durable fields are kept; {}: in `.cell/data` of the project. */
  kv?: KvGrant;
  /** It may ask and change databases as a build does. For cells that plan schemas. */
  database?: true;
  /** Folder of the project, absolute: where embedded databases are. Set by the host alone. */
  project?: string;
}

/** A text that nobody may read in a log, or the variable of the environment that holds it. */
export type Secret = string | { env: string };

export interface SqlGrant {
  /** Connection string; default: what the module's target says. */
  url?: Secret;
  /** File of SQLite. Absolute here, relative to the configuration where it is written. */
  file?: string;
  /** Connections that one lane may hold, 1 to 100. Default 4. */
  connections?: number;
  /** Milliseconds that one statement may take, 1 to 3,600,000. Default 30,000. */
  timeoutMs?: number;
  /** Role that its statements run as. Set by the host alone, where the login may take it. */
  role?: string;
  /** Tables of others that it may read, `public.orders`. */
  read?: string[];
  /** Statements that the build has not seen. */
  raw?: boolean;
  /** Keys of encrypted columns, 32 bytes as base64: the first encrypts, all decrypt. Files hold
   *  one such text. */
  keys?: (Secret | { file: string })[];
}

export interface KvGrant {
  /** File of SQLite. Absolute here. */
  file?: string;
  /** Address of a Redis, `redis://...`. */
  redis?: Secret;
}

/** What lanes tell the listener thread about answers. */
export interface Deliver {
  /**
   * Whole frames for one connection: a view on shared memory, valid during the call. `last`: no
   * more answers follow within this look at the ring (true is a hint that saves a copy; absent is
   * right too).
   */
  frames(connection: number, generation: number, bytes: Uint8Array, last?: boolean): void;
  /** The kernel found the connection at fault: end it. */
  close(connection: number, generation: number, reason: number): void;
  /** A frame (HELLO) that the session must handle. Valid during the call. */
  control(connection: number, generation: number, frame: Uint8Array): void;
}

export interface LaneEvents {
  /** Lines that guests logged, and host events worth telling: lane lost, cell quarantined. */
  log(line: {
    level: 'debug' | 'info' | 'warn' | 'error';
    cell: string;
    text: string;
    lane: number;
  }): void;
}

export interface LaneStats {
  lane: number;
  state: 'starting' | 'ready' | 'stopped';
  restarts: number;
  waiting: number;
}

export interface MethodStats {
  cell: string;
  method: string;
  count: number;
  errors: number;
  meanUs: number;
  p50Us: number;
  p99Us: number;
  /** Sum of all latencies, and calls by bucket (stats.ts, bucketUs). */
  sumUs: number;
  buckets: number[];
  /** Calls answered with a kept reply: fresh, or stale while another call refreshed it. */
  memoHits: number;
  memoStale: number;
  /** Calls that had to be made though their replies are kept. */
  memoMisses: number;
}

/** A sampled call that has ended. Ids are hex; times unix microseconds. */
export interface SpanRecord {
  traceId: string;
  spanId: string;
  /** '' = the root of its trace. */
  parentId: string;
  lane: number;
  route: number;
  /** gRPC status, 0 = OK, and the kernel's reason (reason.ts), 0 = the cell's own. */
  status: number;
  reason: number;
  /** Receipt of the call, and the end of the burst that it was served in. */
  startUs: number;
  endUs: number;
  /** It was answered with a kept reply. */
  kept: boolean;
  /** A cell of the same lane made the call. */
  nested: boolean;
}

/** How many calls of a method have succeeded, for one set of callers' labels. */
export interface CounterStats {
  cell: string;
  method: string;
  name: string;
  /** value null: a claim of the caller's token, told by `set`. */
  labels: { key: string; value: string | null }[];
  /** S_LABELS of the callers; 0 = no labels. */
  set: number;
  value: number;
}

/** The lanes as one. All calls are made on the listener thread. */
export interface Lanes {
  readonly count: number;
  /** Loads a cell in every lane (an actor: in its home lane); resolves when it is ready. */
  load(spec: CellSpec): Promise<void>;
  /** Lane that a new connection belongs to, for life. */
  assign(): number;
  /**
   * Copies one message into the ring of `lane`. False: the ring is full, nothing was taken;
   * the session parks the message and tries again in `onRoom`.
   */
  push(lane: number, connection: number, generation: number, bytes: Uint8Array): boolean;
  /** Called after answers left a lane whose ring had refused a push. */
  onRoom: (lane: number) => void;
  stats(): LaneStats[];
  methods(): MethodStats[];
  /** Hands at most `most` ended spans to `each`; returns how many. */
  spans(each: (span: SpanRecord) => void, most: number): number;
  /** Spans that found no room, since the start. */
  spansLost(): number;
  /** Whether calls are sampled and spans kept. Off until asked for. */
  collectSpans(on: boolean): void;
  /** Counts above 0 of the counters that methods ask for. */
  counters(): CounterStats[];
  /** Serves what was accepted, then ends the workers. */
  stop(): Promise<void>;
}
