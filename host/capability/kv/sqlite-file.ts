// Owns one file of SQLite with the durable fields of one cell: its tables, its one writer, what its
// errors mean. Synchronous; it runs in a thread of its own (sqlite-thread.ts), because a commit
// waits for the disk.
//
// The file is opened in exclusive mode: the lock that keeps other hosts out is held until it is
// closed, and the system takes it back from a process that has died. WAL with synchronous=FULL: a
// commit returns when the disk has it.
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  FAILED_PRECONDITION,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
  UNKNOWN,
} from '../../../assembly/shared/status.ts';
import {
  CLEAR,
  DROP,
  KV_FIELD_BYTES,
  type KvFailure,
  type KvField,
  type KvListed,
  PUT,
  REMOVE,
  snapshotOf,
  TYPE,
  writesOf,
} from './contract.ts';

/** Milliseconds to wait for a host that is just ending; its lock goes with its last connection. */
const TAKEN_MS = 1500;
/** `application_id` of our files: "cell". */
const MARK = 0x63656c6c;
/** `user_version`: of the tables below. */
const VERSION = 1;

const TABLES = `
  create table field (id integer primary key, name text not null unique, type text not null);
  create table entry (
    id integer primary key,
    field integer not null,
    key blob not null,
    value blob not null,
    unique (field, key)
  );
  pragma application_id = ${MARK};
  pragma user_version = ${VERSION};
`;

/** Primary result codes of SQLite, and what they mean here. `{file}` is put in. */
const MEANINGS = new Map<number, [status: number, text: string]>([
  [5, [UNAVAILABLE, '{file} is in use by another host; a store has one host at a time']],
  [8, [UNAVAILABLE, '{file} can only be read; make it and its folder writable']],
  [10, [UNKNOWN, '{file}: the disk failed to read or write']],
  [11, [FAILED_PRECONDITION, '{file} is damaged; put a copy of it in its place']],
  [13, [UNAVAILABLE, '{file}: the disk is full']],
  [14, [UNAVAILABLE, '{file} cannot be opened; is its folder there, and writable?']],
  [26, [FAILED_PRECONDITION, '{file} is no store of a cell; move it away']],
]);

export interface SqliteOptions {
  file: string;
  /** Fields of the cell, by the numbers that batches give them. */
  fields: readonly string[];
  /** Pages of 4 KB that the file may have; default: as many as the disk holds. */
  pages?: number;
}

/** An error that is told as it is. */
class StoreError extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

export class SqliteFile {
  private readonly options: SqliteOptions;
  private db: DatabaseSync | null = null;
  private statements: Statements | null = null;

  constructor(options: SqliteOptions) {
    this.options = options;
  }

  load(field: number): KvField | KvFailure {
    return this.during(() => this.opened().load(field));
  }

  commit(batch: Uint8Array): KvFailure | null {
    return this.during(() => {
      this.opened().apply(batch);
      return null;
    });
  }

  list(): KvListed[] | KvFailure {
    return this.during(() => this.opened().list());
  }

  close(): void {
    const { db } = this;
    this.db = null;
    this.statements = null;
    try {
      db?.close();
    } catch {
      // Nothing is lost: what was committed stands in the log beside the file.
    }
  }

  private during<T>(work: () => T): T | KvFailure {
    try {
      return work();
    } catch (error) {
      return this.failure(error);
    }
  }

  /** After a failure the file is opened anew: what state it is in is not known. */
  private failure(error: unknown): KvFailure {
    this.close();
    const { file } = this.options;
    if (error instanceof StoreError) return { status: error.status, text: error.message };
    const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff;
    const [status, text] = MEANINGS.get(code) ?? [
      UNAVAILABLE,
      `{file}: ${(error as Error).message}`,
    ];
    return { status, text: text.replace('{file}', file) };
  }

  private opened(): Statements {
    if (this.statements !== null) return this.statements;
    const { file, pages, fields } = this.options;
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    this.db = new DatabaseSync(file, { timeout: TAKEN_MS });
    // Before anything is read: from the first access on nobody else may have it.
    this.db.exec('pragma locking_mode = exclusive');
    this.db.exec('begin exclusive');
    this.db.exec('commit');
    const empty = this.pragma('page_count') === 0;
    if (!empty) this.checkOurs(file);
    this.db.exec('pragma journal_mode = wal');
    this.db.exec('pragma synchronous = full');
    if (pages !== undefined) this.db.exec(`pragma max_page_count = ${pages}`);
    if (this.pragma('user_version') === 0) this.db.exec(`begin; ${TABLES} commit;`);
    this.statements = new Statements(this.db, fields);
    return this.statements;
  }

  private checkOurs(file: string): void {
    const tables = this.count("select count(*) as n from sqlite_schema where type = 'table'");
    if (this.pragma('application_id') !== MARK) {
      if (tables === 0) return;
      throw new StoreError(FAILED_PRECONDITION, `${file} is no store of a cell; move it away`);
    }
    const version = this.pragma('user_version');
    if (version <= VERSION) return;
    throw new StoreError(
      FAILED_PRECONDITION,
      `${file} was written by a newer host (format ${version}, this one knows ${VERSION})`,
    );
  }

  private pragma(name: string): number {
    const row = this.db?.prepare(`pragma ${name}`).get() as Record<string, number> | undefined;
    return row === undefined ? 0 : Object.values(row)[0];
  }

  private count(sql: string): number {
    const row = this.db?.prepare(sql).get() as { n: number } | undefined;
    return row?.n ?? 0;
  }
}

/** What is prepared once. */
class Statements {
  private readonly begin: StatementSync;
  private readonly commit: StatementSync;
  private readonly rollback: StatementSync;
  private readonly put: StatementSync;
  private readonly remove: StatementSync;
  private readonly clear: StatementSync;
  private readonly type: StatementSync;
  private readonly all: StatementSync;
  private readonly bytes: StatementSync;
  private readonly drop: StatementSync;
  private readonly listed: StatementSync;
  /** Rows of `field`, by number; 0 = the field was never written. */
  private readonly ids: number[];
  private readonly types: string[];
  private readonly fields: readonly string[];

  constructor(db: DatabaseSync, fields: readonly string[]) {
    this.fields = fields;
    this.begin = db.prepare('begin immediate');
    this.commit = db.prepare('commit');
    this.rollback = db.prepare('rollback');
    this.put = db.prepare(
      'insert into entry (field, key, value) values (?, ?, ?) ' +
        'on conflict (field, key) do update set value = excluded.value',
    );
    this.remove = db.prepare('delete from entry where field = ? and key = ?');
    this.clear = db.prepare('delete from entry where field = ?');
    this.type = db.prepare(
      'insert into field (name, type) values (?, ?) ' +
        'on conflict (name) do update set type = excluded.type returning id',
    );
    this.all = db.prepare('select key, value from entry where field = ? order by id');
    this.bytes = db.prepare(
      'select coalesce(sum(length(key) + length(value) + 8), 0) as n from entry where field = ?',
    );
    this.drop = db.prepare('delete from field where id = ?');
    this.listed = db.prepare(
      'select name, type, (select count(*) from entry where field = field.id) as entries ' +
        'from field order by name',
    );
    const known = db.prepare('select id, type from field where name = ?');
    const rows = fields.map((name) => known.get(name) as { id: number; type: string } | undefined);
    this.ids = rows.map((row) => row?.id ?? 0);
    this.types = rows.map((row) => row?.type ?? '');
  }

  load(field: number): KvField {
    const id = this.ids[field];
    const { n } = this.bytes.get(id) as { n: number };
    if (n > KV_FIELD_BYTES) {
      const text = `\`${this.fields[field]}\` has ${n} bytes; at most ${KV_FIELD_BYTES} are loaded`;
      throw new StoreError(RESOURCE_EXHAUSTED, text);
    }
    const rows = this.all.all(id) as { key: Uint8Array; value: Uint8Array }[];
    const snapshot = snapshotOf(rows.map(({ key, value }) => [key, value] as const));
    return { type: this.types[field], snapshot };
  }

  list(): KvListed[] {
    const rows = this.listed.all() as unknown as KvListed[];
    return rows.map(({ name, type, entries }) => ({ name, type, entries }));
  }

  apply(batch: Uint8Array): void {
    const ids = [...this.ids];
    const types = [...this.types];
    this.begin.run();
    try {
      for (const write of writesOf(batch)) {
        const { kind, field, key, value } = write;
        if (kind === PUT) this.put.run(ids[field], key, value);
        else if (kind === REMOVE) this.remove.run(ids[field], key);
        else if (kind === CLEAR) this.clear.run(ids[field]);
        else if (kind === TYPE) {
          types[field] = Buffer.from(value).toString();
          ids[field] = (this.type.get(this.fields[field], types[field]) as { id: number }).id;
        } else if (kind === DROP) {
          this.clear.run(ids[field]);
          this.drop.run(ids[field]);
          ids[field] = 0;
          types[field] = '';
        }
      }
      this.commit.run();
    } catch (error) {
      this.undo();
      throw error;
    }
    this.ids.splice(0, ids.length, ...ids);
    this.types.splice(0, types.length, ...types);
  }

  private undo(): void {
    try {
      this.rollback.run();
    } catch {
      // SQLite has rolled back by itself.
    }
  }
}
