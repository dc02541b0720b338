// Owns what the tests of calls share: one server a test file, the schema and the script cell on it,
// and what the server knows of sessions of cells.
import type { ExecutionContext, TestFn } from 'ava';
import pg from 'pg';
import type { Grants } from '../../host/lane/contract.ts';
import { type Answer, Desk, type DeskOptions } from '../lane/desk.ts';
import {
  answersOf,
  rowsOf,
  type ScriptOptions,
  type Step,
  type StepAnswer,
  script,
  scriptModule,
  sqlManifest,
} from './script-cell.ts';
import { type PostgresServer, postgresVersions, startPostgres } from './servers.ts';

export const INSERT = 'insert into t (id, name) values ($1::int8, $2)';
export const COUNT = 'select count(*) as n from t';
export const NAME = 'select name from t where id = $1::int8';
export const SLOW = 'select pg_sleep($1::float8)::text as s';
export const SLOW_WRITE = 'insert into t (id, name) select 77, pg_sleep($1::float8)::text';
export const SUM = 'select coalesce(sum(id), 0)::text as s from t';
export const LOST = 'select lost from t';
export const MANIFEST = sqlManifest([
  { text: INSERT },
  { text: COUNT, columns: ['n'] },
  { text: NAME, columns: ['name'] },
  { text: SLOW, columns: ['s'] },
  { text: SLOW_WRITE },
  { text: SUM, columns: ['s'] },
  { text: LOST, columns: ['lost'] },
]);

export const all = (answer: Answer): StepAnswer[] => answersOf(answer.payload);
export const text = ({ bytes }: StepAnswer): string => Buffer.from(bytes).toString();
export const one = (answer: StepAnswer): string | null => rowsOf(answer.bytes).rows[0]?.[0] ?? null;
export const insert = (id: string): Step => ({ run: INSERT, args: [id, 'x'] });

/** A script cell in lanes, with somebody who calls it. */
export interface Stand {
  desk: Desk;
  route: number;
}

export async function steps(s: Stand, list: Step[]): Promise<StepAnswer[]> {
  const answer = await s.desk.call(s.route, script(list));
  if (answer.status !== 0) throw new Error(`status ${answer.status}`);
  return all(answer);
}

export interface StandOptions extends ScriptOptions {
  grant?: NonNullable<Grants['sql']>;
  desk?: DeskOptions;
}

const noTypes = { getTypeParser: () => (value: string) => value };

/** One real server for a test file; without one its tests are skipped, loudly (servers.ts). */
export class ScriptServer {
  server!: PostgresServer;
  readonly on: TestFn;

  constructor(test: TestFn) {
    const [version] = postgresVersions(test);
    test.before(async () => {
      if (version !== undefined) this.server = await startPostgres(version);
    });
    test.after.always(() => this.server?.stop());
    this.on = (version === undefined ? test.skip : test.serial) as TestFn;
  }

  /** One statement as the owner of the server; rows as text. */
  async admin(sql: string): Promise<(string | null)[][]> {
    const connectionString = this.server.url;
    const client = new pg.Client({ connectionString, types: noTypes } as pg.ClientConfig);
    await client.connect();
    try {
      return (await client.query({ text: sql, rowMode: 'array' })).rows;
    } finally {
      await client.end();
    }
  }

  /** Lanes with the script cell on an empty table. */
  async stand(t: ExecutionContext, lanes: number, options: StandOptions = {}): Promise<Stand> {
    await this.admin('drop schema if exists script cascade');
    await this.admin('create schema script');
    await this.admin('create table script.t (id int8 primary key, name text)');
    return this.join(t, lanes, options);
  }

  /** The same on the table as it is. */
  async join(t: ExecutionContext, lanes: number, options: StandOptions = {}): Promise<Stand> {
    const { grant = {}, desk: deskOptions, ...rest } = options;
    const desk = await Desk.open(t, { lanes, ...deskOptions });
    desk.session(1);
    const grants = { sql: { url: this.server.url, connections: 2, ...grant } };
    return { desk, route: await desk.loadBytes(scriptModule(rest, MANIFEST), grants) };
  }

  /** Rows of the table. */
  async count(): Promise<string | null> {
    return (await this.admin('select count(*) from script.t'))[0][0];
  }

  private async sessions(where: string): Promise<number> {
    const cells = "select count(*) from pg_stat_activity where application_name = 'cell' and";
    return Number((await this.admin(`${cells} ${where}`))[0][0]);
  }

  /** Resolves when no session of a cell has a transaction or a statement on the server. */
  async quiet(): Promise<void> {
    while ((await this.sessions("state <> 'idle'")) > 0) await pause();
  }

  /** Resolves when a statement of a cell runs on the server. */
  async busy(): Promise<void> {
    while ((await this.sessions("state = 'active'")) === 0) await pause();
  }

  /** Connections of cells. */
  connections(): Promise<number> {
    return this.sessions('true');
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

/** xorshift32. */
export function randomOf(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
