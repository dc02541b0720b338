// Many clients of the embedded PostgreSQL doing anything at once, by a seed: each must find its own
// settings, statements and transactions, as if it were alone, and the rows must be those that were
// committed.
import test from 'ava';
import pg from 'pg';
import { embeddedClient, openEmbedded } from '../../host/database/embedded.ts';
import { temporary } from './engines.ts';

process.env.CELL_PGLITE_IDLE_MS = '1000';

const CLIENTS = 5;
const STEPS = 60;

/** Numbers from a seed (a linear congruence; its upper bits). */
class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(most: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * most);
  }
}

/** One client, and what it must find. */
class Actor {
  readonly id: number;
  readonly #chance: Chance;
  readonly #open: () => Promise<pg.Client>;
  #client: pg.Client;
  #zone = 'UTC';
  #inside = false;
  #failed = false;
  #pending = 0;
  /** Rows that it has committed. */
  committed = 0;
  /** What it found and should not have. */
  readonly faults: string[] = [];

  constructor(id: number, seed: number, client: pg.Client, open: () => Promise<pg.Client>) {
    this.id = id;
    this.#chance = new Chance(seed + id * 7919);
    this.#client = client;
    this.#open = open;
  }

  async play(): Promise<void> {
    for (let i = 0; i < STEPS; i++) await this.#step();
    if (this.#inside) await this.#end(true);
    await this.#client.end();
  }

  async #step(): Promise<void> {
    const what = this.#chance.below(12);
    if (this.#failed) return this.#end(what < 6);
    if (what < 3) return this.#insert();
    if (what < 5) return this.#prepared();
    if (what < 6) return this.#set();
    if (what < 8) return this.#look();
    if (what === 8) return this.#wrong();
    if (what === 9 && !this.#inside) return this.#leave();
    if (this.#inside) return this.#end(what === 10);
    await this.#client.query('begin');
    this.#inside = true;
  }

  async #insert(): Promise<void> {
    await this.#client.query('insert into rows (owner) values ($1)', [this.id]);
    if (this.#inside) this.#pending++;
    else this.committed++;
  }

  async #prepared(): Promise<void> {
    const n = this.#chance.below(1000);
    const text = `select $1::int + ${this.id * 10_000} as n`;
    const { rows } = await this.#client.query({ name: `q${n % 3}`, text, values: [n] });
    this.#expect(rows[0].n, n + this.id * 10_000, 'a prepared statement');
  }

  /** Outside of transactions, so that no rollback takes it back. */
  async #set(): Promise<void> {
    if (this.#inside) return;
    this.#zone = ['UTC', 'Asia/Tokyo', 'Europe/Berlin'][this.#chance.below(3)] as string;
    await this.#client.query(`set timezone to '${this.#zone}'`);
  }

  async #look(): Promise<void> {
    const { rows } = await this.#client.query(
      "select current_setting('timezone') as zone, current_setting('application_name') as name, " +
        'count(*)::int as n from rows where owner = $1',
      [this.id],
    );
    this.#expect(rows[0].zone, this.#zone, 'its time zone');
    this.#expect(rows[0].name, `client ${this.id}`, 'its name');
    this.#expect(rows[0].n, this.committed + this.#pending, 'its rows');
  }

  async #wrong(): Promise<void> {
    const code = await this.#client.query('select 1 / $1::int', [0]).then(
      () => 'none',
      (error: pg.DatabaseError) => error.code,
    );
    this.#expect(code, '22012', 'a division by zero');
    this.#failed = this.#inside;
  }

  /** Goes away, in the middle of a transaction or not, and comes back as another client. */
  async #leave(): Promise<void> {
    if (this.#chance.below(2) === 0) {
      await this.#client.query('begin');
      await this.#client.query('insert into rows (owner) values ($1)', [this.id]);
    }
    const { connection } = this.#client as unknown as {
      connection: { stream: { destroy(): void } };
    };
    connection.stream.destroy();
    this.#client = await this.#open();
    this.#zone = 'UTC';
  }

  async #end(commit: boolean): Promise<void> {
    await this.#client.query(commit ? 'commit' : 'rollback');
    if (commit && !this.#failed) this.committed += this.#pending;
    this.#pending = 0;
    this.#inside = false;
    this.#failed = false;
  }

  #expect(found: unknown, expected: unknown, what: string): void {
    if (found !== expected) this.faults.push(`${what}: ${found}, not ${expected}`);
  }
}

test('clients that do anything at once are each alone', async (t) => {
  const seed = Number(process.env.CELL_SEED ?? Date.now() % 1_000_000);
  t.log(`seed ${seed}`);
  const project = temporary('interleaving');
  const open = async (name: string): Promise<pg.Client> => {
    const places = await openEmbedded(project);
    const own = { application_name: name, options: '-c TimeZone=UTC' };
    const client = new pg.Client({ ...embeddedClient(places), ...own });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const first = await open('first');
  await first.query('create table rows (owner int)');
  const actors = await Promise.all(
    Array.from({ length: CLIENTS }, async (_, id) => {
      const again = (): Promise<pg.Client> => open(`client ${id}`);
      return new Actor(id, seed, await again(), again);
    }),
  );
  await Promise.all(actors.map((actor) => actor.play()));
  for (const { id, faults } of actors) t.deepEqual(faults, [], `seed ${seed}, client ${id}`);
  const { rows } = await first.query(
    'select owner, count(*)::int as n from rows group by owner order by owner',
  );
  t.deepEqual(
    rows.map(({ owner, n }) => [owner, n]),
    actors.filter(({ committed }) => committed > 0).map(({ id, committed }) => [id, committed]),
    `seed ${seed}`,
  );
  await first.end();
});
