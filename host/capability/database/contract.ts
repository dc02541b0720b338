// Owns the contract of `cell:database`: what a macro cell that plans schemas may ask a database,
// and do to it. assembly/guest/database.ts is the other side. Questions and answers are sequences
// of fields: i32 bytes (-1 = null), then that many bytes of UTF-8.
//
//   ask(operation, ptr, len) -> i64 bytes of the held answer, or -status   waits
//   take(ptr) -> i32 bytes copied: answer or error text, once
//   error() -> i32 bytes of the held error text
//
// Field 0 of every question is the target. What follows, and the answer:
//
//   INFO      -                                          engine, version, server, embedded, roles
//   QUERY     sql, arguments...                          columns, rows as fields
//   DESCRIBE  schema, ddl, count, texts...               per text: describe.ts, `encode`
//   PREPARE   service, handle, expected, count, steps...,
//             count, (number, hash, name, sql, model)... -      ABORTED: another ledger
//   COMMIT    handle                                     -
//   ROLLBACK  handle                                     -      FAILED_PRECONDITION: committed;
//             both: NOT_FOUND: never prepared; ABORTED: ended by itself
//   LEDGER    service                                    (number, hash, name, model, at, by)...
//   HASH      texts...                                   SHA-256 of each, hex

export const INFO = 1;
export const QUERY = 2;
export const DESCRIBE = 3;
export const PREPARE = 4;
export const COMMIT = 5;
export const ROLLBACK = 6;
export const LEDGER = 7;
export const HASH = 8;

/** Bytes of one question. Threat: memory. All texts of a service, and its migrations. */
export const QUESTION_BYTES = 16 << 20;
/** Bytes of one answer. A catalogue of thousands of columns. */
export const ANSWER_BYTES = 32 << 20;
/** Texts of one DESCRIBE; as many as a service may have statements. */
export const DESCRIBE_TEXTS = 4096;
/** UTF-16 units of one text that is described. Threat: parse time. */
export const DESCRIBE_CHARS = 65_536;
/** Milliseconds for one statement: below the 30 s that a build waits for a macro. */
export const STATEMENT_MS = 25_000;
/** Milliseconds that a change waits for that of another build, within the same 30 s. */
export const TURN_MS = 20_000;

/** What a database says of one text. Offsets and lengths are UTF-16 units; -1 = nobody knows. */
export type Described = DescribedText | Refused;

export interface Refused {
  ok: false;
  message: string;
  sqlstate: string;
  offset: number;
  length: number;
  /** What to write instead; '' = nothing to offer. */
  hint: string;
}

export interface DescribedText {
  ok: true;
  kind: 'select' | 'insert' | 'update' | 'delete' | 'merge' | 'values';
  writes: boolean;
  parameters: DescribedParameter[];
  columns: DescribedColumn[];
  tables: { name: string; writes: boolean }[];
}

export interface DescribedParameter {
  /** Short name: `int8`, `timestamptz`, `text[]`. */
  type: string;
  /** `schema.table.column` that it is assigned to; '' = none. */
  assigned: string;
  notNull: boolean;
  offset: number;
  length: number;
}

export interface DescribedColumn {
  name: string;
  type: string;
  /** `schema.table.column` that it is, unchanged; '' = computed. */
  source: string;
  nullable: boolean;
  offset: number;
  length: number;
}
