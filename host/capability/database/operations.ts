// Owns what each operation does: a question's fields in, an answer's fields out. One Admin a
// database, shared by all cells of a lane, so that their changes share a transaction.
import { createHash } from 'node:crypto';
import { INVALID_ARGUMENT, RESOURCE_EXHAUSTED } from '../../../assembly/shared/status.ts';
import { type Admin, AdminError, adminError } from '../../database/admin.ts';
import { refuseEndings } from '../../database/endings.ts';
import type { Migration } from '../../database/ledger.ts';
import { openAdmin } from '../../database/open.ts';
import { PostgresAdmin } from '../../database/postgres-admin.ts';
import { type Place, resolveTarget, type Target } from '../../database/targets.ts';
import {
  ANSWER_BYTES,
  COMMIT,
  DESCRIBE,
  DESCRIBE_TEXTS,
  type Described,
  HASH,
  INFO,
  LEDGER,
  PREPARE,
  QUERY,
  ROLLBACK,
  STATEMENT_MS,
  TURN_MS,
} from './contract.ts';
import { describePostgres } from './describe.ts';
import { describeSqlite } from './describe-sqlite.ts';
import { encodeFields, Fields } from './fields.ts';

/** Steps and rows of one change; a migration has some dozens. */
const STEPS = 4096;

const flag = (value: boolean): string => (value ? 't' : 'f');

type Answer = (string | null)[];

/** The databases that cells of one lane work on. */
export class Databases {
  readonly #place: Place;
  readonly #admins = new Map<string, Admin>();

  constructor(place: Place) {
    this.#place = place;
  }

  /** Answers one question. Rejects with AdminError. */
  async answer(operation: number, question: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    try {
      const asked = new Fields(question);
      const name = asked.text();
      const fields = operation === HASH ? hashes(asked) : await this.#ask(operation, name, asked);
      const bytes = encodeFields(fields);
      if (bytes.length > ANSWER_BYTES) {
        throw new AdminError(RESOURCE_EXHAUSTED, `an answer of ${bytes.length} bytes`);
      }
      return bytes;
    } catch (error) {
      throw adminError(error, 'asking the database');
    }
  }

  /** Rolls back what is open. */
  async close(): Promise<void> {
    await Promise.all([...this.#admins.values()].map((admin) => admin.close()));
  }

  #ask(operation: number, name: string, asked: Fields): Promise<Answer> {
    const target = resolveTarget(name, this.#place);
    const admin = this.#admin(target);
    switch (operation) {
      case INFO:
        return info(admin, asked);
      case QUERY:
        return query(admin, asked);
      case DESCRIBE:
        return describe(admin, asked);
      case PREPARE:
        return prepare(admin, asked);
      case COMMIT:
        return silent(admin.commit(last(asked)));
      case ROLLBACK:
        return silent(admin.rollback(last(asked)));
      case LEDGER:
        return ledger(admin, asked);
      default:
        throw new AdminError(INVALID_ARGUMENT, `there is no operation ${operation}`);
    }
  }

  #admin(target: Target): Admin {
    const key = keyOf(target);
    const found =
      this.#admins.get(key) ?? openAdmin(target, { statementMs: STATEMENT_MS, turnMs: TURN_MS });
    this.#admins.set(key, found);
    return found;
  }
}

/** Two targets that name one database share an Admin: else one would wait for the other. */
function keyOf(target: Target): string {
  if (target.kind === 'file') return `file ${target.file}`;
  if (target.kind === 'embedded') return 'embedded';
  const { host, port, database, user } = target.config;
  return JSON.stringify([host, port, database, user]);
}

function last(asked: Fields): string {
  const text = asked.text();
  asked.end();
  return text;
}

async function silent(done: Promise<void>): Promise<Answer> {
  await done;
  return [];
}

function hashes(asked: Fields): Answer {
  return asked.rest().map((text) =>
    createHash('sha256')
      .update(text ?? '')
      .digest('hex'),
  );
}

async function info(admin: Admin, asked: Fields): Promise<Answer> {
  asked.end();
  const { engine, version, server, embedded, createsRoles } = await admin.info();
  return [engine, String(version), server, flag(embedded), flag(createsRoles)];
}

async function query(admin: Admin, asked: Fields): Promise<Answer> {
  const sql = asked.text();
  // It would end the transaction that it is asked in, and with it what others have prepared.
  refuseEndings([sql]);
  const { columns, rows } = await admin.query(sql, asked.rest());
  return [String(columns.length), ...rows.flat()];
}

async function describe(admin: Admin, asked: Fields): Promise<Answer> {
  const schema = asked.text();
  const ddl = asked.text();
  const texts = asked.texts(DESCRIBE_TEXTS);
  asked.end();
  refuseEndings([ddl]);
  const all =
    admin instanceof PostgresAdmin
      ? await admin.aside((connection) => describePostgres(connection, schema, ddl, texts))
      : await describeSqlite(schema, ddl, texts);
  return all.flatMap(encodeDescribed);
}

function encodeDescribed(one: Described): string[] {
  if (!one.ok) {
    return ['f', one.message, one.sqlstate, String(one.offset), String(one.length), one.hint];
  }
  return [
    ...['t', one.kind, flag(one.writes), String(one.parameters.length)],
    ...one.parameters.flatMap(({ type, assigned, notNull, offset, length }) => [
      ...[type, assigned, flag(notNull), String(offset), String(length)],
    ]),
    String(one.columns.length),
    ...one.columns.flatMap(({ name, type, source, nullable, offset, length }) => [
      ...[name, type, source, flag(nullable), String(offset), String(length)],
    ]),
    String(one.tables.length),
    ...one.tables.flatMap(({ name, writes }) => [name, writes ? 'write' : 'read']),
  ];
}

function prepare(admin: Admin, asked: Fields): Promise<Answer> {
  const service = asked.text();
  const handle = asked.text();
  const expected = asked.text();
  const steps = asked.texts(STEPS);
  const count = asked.number();
  if (count > STEPS) throw new AdminError(INVALID_ARGUMENT, `more than ${STEPS} migrations`);
  const rows = Array.from(
    { length: count },
    (): Migration => ({
      number: asked.number(),
      hash: asked.text(),
      name: asked.text(),
      sql: asked.text(),
      model: asked.text(),
    }),
  );
  asked.end();
  return silent(admin.prepare({ service, handle, expected, steps, rows }));
}

async function ledger(admin: Admin, asked: Fields): Promise<Answer> {
  const rows = await admin.ledger(last(asked));
  return rows.flatMap(({ number, hash, name, model, appliedAt, by }) => [
    ...[String(number), hash, name, model, appliedAt, by],
  ]);
}
