// Owns the shape of a service as data: what the build writes into a module's `cell:schema` section
// and what clients, codecs, `inspect` and the host read back. Plain JSON; no behaviour here.

/** Scalars that sit inside a record. i64, u64, instant and duration are bigint in TypeScript. */
export type Scalar =
  | 'bool'
  | 'i8'
  | 'u8'
  | 'i16'
  | 'u16'
  | 'i32'
  | 'u32'
  | 'i64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'instant'
  | 'duration';

/** A type of a value, by structure. `record` and `enum` refer to Schema.records / Schema.enums. */
export type Type =
  | { kind: 'scalar'; scalar: Scalar }
  | { kind: 'string' }
  | { kind: 'bytes' }
  | { kind: 'uuid' }
  | { kind: 'decimal' }
  | { kind: 'enum'; name: string }
  | { kind: 'record'; name: string }
  | { kind: 'list'; of: Type }
  | { kind: 'map'; key: Type; value: Type }
  | { kind: 'nullable'; of: Type };

export interface Field {
  name: string;
  type: Type;
  doc?: string;
}
export interface RecordType {
  name: string;
  fields: Field[];
  doc?: string;
}
export interface EnumType {
  name: string;
  members: { name: string; value: number }[];
  doc?: string;
}

/** Who may call. From `@Auth.require` and `@Auth.public`; absent lists mean "no such demand". */
export interface Access {
  public: boolean;
  anyRole: string[];
  scopes: string[];
}

/** "account:{id}" -> ["account:", 0, ""]: texts and indices of parameters, in turn. */
export type Template = (string | number)[];

/** What the kernel does for a method before, around and after the cell. Absent = not done. */
export interface Policies {
  /** GCRA limit. `per`: a bucket for each subject, or one for all callers of the method. */
  rate?: { perSecond: number; burst: number; per: 'subject' | 'method' };
  /** Replies kept. `shared`: one for all callers instead of one for each subject. */
  memo?: { ttlMs: number; swrMs: number; shared: boolean; tags: Template[] };
  /** Tags whose kept replies are forgotten when a call has succeeded. */
  forget?: Template[];
  /** A span for each sampled call; `ratio` of the roots begun here are sampled. */
  span?: { name: string; ratio: number };
  /** Counters of calls. Labels: fixed `key:value`, or a claim of the caller's token. */
  counters?: { name: string; labels: { key: string; value: string | null }[] }[];
}

export interface Method {
  name: string;
  /** Index that the cell's `handle` export takes. */
  index: number;
  params: Field[];
  /** null = void. */
  result: Type | null;
  tier: 'pure' | 'waiting';
  access: Access;
  policies?: Policies;
  /** Channel that its calls come on; absent = APP. MACRO: a method of the macro protocol. */
  channel?: 'macro';
  /** Methods of other cells that it can reach, `ledger.debit`, sorted; absent = none. */
  calls?: string[];
  /** Canonical text (host/schema/canonical.ts) and the first 8 bytes of its SHA-256, hex. */
  canonical: string;
  fingerprint: string;
  doc?: string;
}

export interface Schema {
  version: 1;
  /** Class name, e.g. `Hello`, and the cell's name, e.g. `hello` (kebab-case of the class). */
  service: string;
  cell: string;
  doc?: string;
  methods: Method[];
  records: RecordType[];
  enums: EnumType[];
  /** Records that errors may carry as details, as the payload of a result: {value: T}. */
  details?: string[];
}

/** What a cell needs and is, in the `cell:manifest` section. */
export interface Manifest {
  version: 1;
  cell: string;
  /** true: the service has fields or the module mutable variables: one instance, calls queue. */
  actor: boolean;
  /** true: the module exports `start`, run once before an instance is ready. */
  start: boolean;
  /** Capabilities reached by the code, sorted; each with the imports that need it. */
  capabilities: { name: string; imports: string[]; broughtBy: string }[];
  limits: { pages: number; cpuMs: number; payloadBytes: number };
  /** Macro cells: the namespace they answer for. Their description is what `describe` says. */
  macros?: { ns: string; names: string[] };
  /** Remote cells that it was built against: name -> method -> canonical text. */
  remotes?: Record<string, Record<string, string>>;
  /** SQL that the build has seen; absent = none. A cell names a statement, never a text. */
  sql?: SqlManifest;
  /** Fields that outlive the instance (`@Storage.persist`), by name; absent = none. */
  persisted?: PersistedField[];
  /** Tools that made the module: {"cell": "0.1.0", "assemblyscript": "0.28.20"}. */
  tools: Record<string, string>;
}

/** The database of a cell, and every statement that it may make. */
export interface SqlManifest {
  engine: 'postgres' | 'sqlite';
  /**
   * Where it is: `default` (DATABASE_URL where it is set, else the embedded one), `env:NAME` (a
   * connection string), `file:path` (sqlite; relative to the project).
   */
  target: string;
  /** Schema that the cell owns: `directory`. Tables of SQLite stand in the file as they are. */
  schema: string;
  /** Tables of others that it reads, `public.orders`, sorted; each has to be granted. */
  reads: string[];
  /** The last migration that the statements were checked against; number 0 = no tables. */
  migration: { number: number; hash: string };
  /** Sorted by id. */
  statements: SqlStatement[];
}

export interface SqlStatement {
  /** FNV-1a, 32 bits, over the UTF-8 bytes of `text`: what code names it by. */
  id: number;
  /** Parameters are $1, $2 ... */
  text: string;
  /** False: it changes nothing (select without side effects). */
  writes: boolean;
  params: SqlValue[];
  columns: (SqlValue & { name: string })[];
}

export interface SqlValue {
  /** Type of the database: `text`, `int8`, `timestamptz`, `text[]`. */
  type: string;
  /** `directory.users.phone`: kept encrypted; the host encrypts and decrypts. */
  encrypted?: string;
}

export interface PersistedField {
  field: string;
  /** `map`: by key. `value`: as a whole. */
  kind: 'map' | 'value';
  /** Canonical text of the type, and of the key of a map. */
  canonical: string;
  key?: string;
}
