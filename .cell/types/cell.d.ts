// What an editor knows about the names that every cell sees without importing them. `cell build`
// copies it to `.cell/types/cell.d.ts`; what decorators there are stands in macros.d.ts beside it.

/** The status of an answer: gRPC's codes. */
declare const enum Status {
  CANCELLED = 1,
  UNKNOWN = 2,
  INVALID_ARGUMENT = 3,
  DEADLINE_EXCEEDED = 4,
  NOT_FOUND = 5,
  ALREADY_EXISTS = 6,
  PERMISSION_DENIED = 7,
  RESOURCE_EXHAUSTED = 8,
  FAILED_PRECONDITION = 9,
  ABORTED = 10,
  OUT_OF_RANGE = 11,
  UNIMPLEMENTED = 12,
  INTERNAL = 13,
  UNAVAILABLE = 14,
  DATA_LOSS = 15,
  UNAUTHENTICATED = 16,
}

/** An encoded value that goes with an error. */
declare class Details {
  private constructor();
}
/** `value` as the details of an error. Its class is part of the schema. */
declare function details<D>(value: D): Details;
/** Ends the method: `return fail<User>(Status.NOT_FOUND, "no such user")`. The instance stays. */
declare function fail<T>(status: Status, message: string, details?: Details | null): T;

/** How an attempt went. */
declare class Attempt<T> {
  private constructor();
  readonly ok: bool;
  /** 0 when it returned, else the status it failed with. */
  readonly status: u32;
  readonly message: string;
  /** What it returned; throws when it failed. */
  readonly value: T;
}
/** `fn(arg)`, with a `fail` inside it as a value. A trap is not caught. */
declare function attempt<A, T>(fn: (arg: A) => T, arg: A): Attempt<T>;
declare function attemptVoid<A>(fn: (arg: A) => void, arg: A): Attempt<bool>;

/** Lines in the host's log. */
declare namespace log {
  function debug(text: string): void;
  function info(text: string): void;
  function warn(text: string): void;
  function error(text: string): void;
}

/** Now; the same for all of one call. */
declare function now(): Instant;
/** Evenly spread in [0, 1). Not for secrets. */
declare function random(): f64;
/** 64 random bits. Not for secrets. */
declare function randomBits(): u64;
/** A new id as a text of 36 characters: an UUID of version 7, which sorts by time. */
declare function uuid(): string;
/** A new id: an UUID of version 7, which sorts by time. */
declare function newUuid(): Uuid;

/** Who calls: from the connection that the host authenticated. */
declare class Session {
  private constructor();
  static readonly subject: string;
  static readonly roles: string[];
  static readonly scopes: string[];
  static hasRole(role: string): bool;
  static hasScope(scope: string): bool;
}

/** Files of the folder that was granted to this cell. Waits. */
declare class Blob {
  private constructor();
  static size(name: string): i64;
  static read(name: string, offset?: i64, length?: i32): Uint8Array;
  /** Reads to address `ptr`; returns the bytes read. */
  static readInto(name: string, offset: i64, ptr: usize, cap: i32): i32;
}

/** Feature flags, as they are for the caller (`cell.flags.json` of the host). */
declare class Flags {
  private constructor();
  /** Whether a flag is on; `otherwise` when there is no such flag. */
  static on(name: string, otherwise?: bool): bool;
  /** Name of the caller's variant; `otherwise` when there is no such flag. */
  static variantOf(name: string, otherwise?: string): string;
}

/** The trace that the call belongs to (W3C Trace Context). Calls to other cells carry it on. */
declare class TraceContext {
  private constructor();
  /** `traceparent`, `00-<trace id>-<span id>-01`; "" when the call belongs to no trace. */
  static readonly current: string;
}

declare module "cell/sql" {
  /** Values of a statement, in order. */
  export class SqlArgs {
    constructor(count?: u32);
    put<T>(value: T): SqlArgs;
    none(): SqlArgs;
  }
  /** Rows that a statement gave: their fields in order, each once. */
  export class SqlRows {
    private constructor();
    readonly affected: u32;
    readonly count: i32;
    get<T>(): T;
    skip(): void;
  }
  /**
   * Runs any text, where the cell was granted raw SQL. Values are $1, $2 ... in the text; `names`
   * has a line for each of the `columns` that are expected.
   */
  export function sqlRaw(text: string, args: SqlArgs, columns: u32, names: string): SqlRows;
}

declare module "cell/flags" {
  const Here: typeof Flags;
  export { Here as Flags };
}

/** 128 bits, written `01234567-89ab-cdef-0123-456789abcdef`. */
declare class Uuid {
  high: u64;
  low: u64;
  constructor(high?: u64, low?: u64);
  static parse(text: string): Uuid | null;
  toString(): string;
}
/** Microseconds since 1970 UTC. */
declare class Instant {
  micros: i64;
  constructor(micros?: i64);
  /** No time yet: in a row that is inserted, the default of its column stands instead. */
  static readonly unset: Instant;
  readonly isUnset: bool;
  plus(duration: Duration): Instant;
  since(earlier: Instant): Duration;
}
/** Microseconds. */
declare class Duration {
  micros: i64;
  constructor(micros?: i64);
  static ofMillis(millis: i64): Duration;
  static ofSeconds(seconds: i64): Duration;
  readonly millis: f64;
  readonly seconds: f64;
}
/** An exact decimal number. */
declare class Decimal {
  private constructor();
  static parse(text: string): Decimal | null;
  static ofInteger(value: i64): Decimal;
  readonly isNegative: bool;
  compare(other: Decimal): i32;
  toString(): string;
}
