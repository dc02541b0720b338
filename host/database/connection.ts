// Owns one connection that builds and operators use: texts in, texts out, one statement after the
// other. Cells never come here: they have host/capability/sql. What the server complains of becomes
// a DatabaseError without the values that it may quote.
import pg from 'pg';
import { TargetError } from './target-error.ts';
import { clientConfig, describeTarget, type Target } from './targets.ts';

/** A row: PostgreSQL's text of each column. */
export type Row = (string | null)[];

/** What the server refused, and where in the text. */
export class DatabaseError extends Error {
  readonly sqlstate: string;
  /** Characters (code points) before the place in the text, -1 = not known. */
  readonly position: number;
  readonly hint: string;

  constructor(message: string, sqlstate: string, position = -1, hint = '') {
    super(message);
    this.name = 'DatabaseError';
    this.sqlstate = sqlstate;
    this.position = position;
    this.hint = hint;
  }
}

/** The connection ended, or never was. */
export class Unreachable extends Error {
  /** True: it ended while a statement was under way. */
  readonly under: boolean;

  constructor(message: string, under: boolean) {
    super(message);
    this.name = 'Unreachable';
    this.under = under;
  }
}

/** Milliseconds that a statement waits for a lock that somebody else holds. */
export const LOCK_MS = 10_000;

/** Values stay PostgreSQL's text. */
const TEXTS = { getTypeParser: () => (value: string) => value };

export interface ConnectionOptions {
  /** Milliseconds for one statement; 0 = any. */
  statementMs: number;
  /** Milliseconds for the connection to stand. Default: what the target says. */
  connectMs?: number;
}

export class Connection {
  readonly target: Target;
  readonly #client: pg.Client;
  #ended = false;

  private constructor(target: Target, client: pg.Client) {
    this.target = target;
    this.#client = client;
    client.on('error', () => {
      this.#ended = true;
    });
    client.on('end', () => {
      this.#ended = true;
    });
  }

  /** Connects. Rejects with TargetError. */
  static async open(target: Target, options: ConnectionOptions): Promise<Connection> {
    const { options: asked = '', ...config } = await clientConfig(target);
    const settings = [
      ...['TimeZone=UTC', 'DateStyle=ISO', 'IntervalStyle=iso_8601', 'bytea_output=hex'],
      // Literals are written for it.
      'standard_conforming_strings=on',
      ...['extra_float_digits=1', `lock_timeout=${LOCK_MS}`],
      ...[`statement_timeout=${options.statementMs}`, 'client_min_messages=warning'],
    ];
    const client = new pg.Client({
      ...config,
      ...(options.connectMs === undefined ? {} : { connectionTimeoutMillis: options.connectMs }),
      options: [asked, ...settings.map((setting) => `-c ${setting}`)].join(' ').trim(),
      types: TEXTS,
    });
    const connection = new Connection(target, client);
    try {
      await client.connect();
    } catch (error) {
      await client.end().catch(() => {});
      throw notReached(target, error as Error & { code?: string });
    }
    return connection;
  }

  /** It has ended: whoever needs one opens another. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The protocol's own messages, for describe. Nothing else may run meanwhile. */
  get client(): pg.Client {
    return this.#client;
  }

  /** One statement with its values ($1, ...). Rejects with DatabaseError or Unreachable. */
  async rows(text: string, values: (string | null)[] = []): Promise<Row[]> {
    const query = { text, values, rowMode: 'array' as const };
    return (await this.#run(() => this.#client.query<Row>(query))).rows;
  }

  /** The same, with the names of its columns. */
  async table(
    text: string,
    values: (string | null)[],
  ): Promise<{ columns: string[]; rows: Row[] }> {
    const query = { text, values, rowMode: 'array' as const };
    const { fields, rows } = await this.#run(() => this.#client.query<Row>(query));
    return { columns: fields.map(({ name }) => name), rows };
  }

  /** Statements without values, in one message: all of them, or up to the one that failed. */
  async run(text: string): Promise<void> {
    await this.#run(() => this.#client.query(text));
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#client.end().catch(() => {});
  }

  /** Ends it at once: what is open on it is rolled back by the server. */
  drop(): void {
    this.#ended = true;
    // `end` would wait for the statement under way.
    const { connection } = this.#client as unknown as {
      connection: { stream: { destroy(): void } };
    };
    connection.stream.destroy();
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ended) throw new Unreachable(`${describeTarget(this.target)} has gone`, false);
    try {
      return await work();
    } catch (error) {
      const why = told(this.target, error as Error);
      if (why instanceof Unreachable) this.#ended = true;
      throw why;
    }
  }
}

/** Errors of the server keep their code, place and hint; all others mean that it has gone. */
export function told(target: Target, error: Error): DatabaseError | Unreachable {
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) {
    return new Unreachable(`${describeTarget(target)} has gone: ${error.message}`, true);
  }
  // 57P01 to 57P03: the server is ending; 08: the connection is at fault.
  if (/^(?:57P0|08)/.test(error.code)) {
    return new Unreachable(`${describeTarget(target)} has gone: ${error.message}`, true);
  }
  const at = error.position === undefined ? -1 : Number(error.position) - 1;
  return new DatabaseError(error.message, error.code, at, error.hint ?? '');
}

function notReached(target: Target, error: Error & { code?: string }): Error {
  if (error instanceof TargetError) return error;
  const where = describeTarget(target);
  const code = error.code ?? '';
  if (code === '28P01' || code === '28000') {
    return new TargetError(
      `${where} refuses the login: ${error.message}`,
      'Check user and password in the connection string.',
    );
  }
  if (code === '3D000') {
    return new TargetError(`${where}: ${error.message}`, 'Create it with `createdb`.');
  }
  if (code === '53300') {
    return new TargetError(
      `${where} has no connection left`,
      'Close other programs, or raise `max_connections` of the server.',
    );
  }
  return new TargetError(
    `${where} cannot be reached: ${error.message || code}`,
    'Check that the server runs and that the connection string names it.',
  );
}
