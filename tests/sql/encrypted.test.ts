// Encrypted columns through everything that a table gives: cells see texts and bytes, a database
// only ever ciphertext, in which no two rows are alike.

import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test, { type ExecutionContext } from 'ava';
import pg from 'pg';
import { type Call, DatabaseProject, onServers } from './project.ts';

const CELL = `
@Postgres.table({ name: "people" })
class Person {
  @Postgres.primaryKey id: i32 = 0;
  @Postgres.encrypted({ algorithm: "aes-256-gcm" }) phone: string | null = null;
  @Postgres.encrypted({ algorithm: "aes-256-gcm" }) card: Uint8Array = new Uint8Array(0);
  name: string = "";
}
class Phone { id: i32 = 0; phone: string | null = null; }

@service
class Notes {
  put(person: Person): Person { person.insert(); return Person.find(person.id)!; }
  change(person: Person): bool { return person.update(); }
  all(): Person[] { return Person.all(); }
  phones(): Phone[] {
    return Postgres.query<Phone>(
      "select id, phone from people where phone is not null order by id"
    );
  }
  cards(): Uint8Array[] {
    return Postgres.query<Uint8Array>("select card from people order by id");
  }
  store(id: i32, phone: string | null): i64 {
    return Postgres.execute("update people set phone = $2 where id = $1", id, phone);
  }
  add(id: i32, phone: string, card: Uint8Array): void {
    Postgres.execute(
      "insert into people (id, phone, card, name) values ($1, $2, $3, 'x')",
      id, phone, card
    );
  }
}
`;

type Stored = { phone: Uint8Array | null; card: Uint8Array };

async function walk(
  t: ExecutionContext,
  call: Call,
  stored: () => Promise<Stored[]>,
): Promise<void> {
  const card = new Uint8Array([0, 1, 255]);
  const ada = { id: 1, phone: '+44 20 7946 0000', card, name: 'Ada' };
  t.deepEqual(await call('put', ada), ada);
  const bob = { id: 2, phone: null, card: new Uint8Array(0), name: 'Bob' };
  t.deepEqual(await call('put', bob), bob);
  t.deepEqual(await call('phones'), [{ id: 1, phone: ada.phone }]);
  t.deepEqual(await call('cards'), [card, bob.card]);
  t.is(await call('store', 2, ada.phone), 1n);
  t.is(await call('store', 1, null), 1n);
  t.deepEqual(await call('phones'), [{ id: 2, phone: ada.phone }]);
  await call('add', 3, ada.phone, card);
  t.true((await call('change', { ...ada, phone: '' })) as boolean);
  const all = (await call('all')) as (typeof ada)[];
  t.deepEqual(
    all.map(({ phone }) => phone),
    ['', ada.phone, ada.phone],
  );

  const rows = await stored();
  t.is(rows.length, 3);
  const seen = new Set<string>();
  for (const { phone, card: kept } of rows) {
    for (const cipher of [phone, kept]) {
      if (cipher === null) return t.fail('a value is missing');
      const bytes = Buffer.from(cipher);
      // 1 | key 4 | nonce 12 | text | tag 16
      t.is(bytes[0], 1);
      t.true(bytes.length >= 33);
      t.false(bytes.includes(Buffer.from('7946')));
      seen.add(bytes.toString('hex'));
    }
  }
  t.is(seen.size, 6, 'no two are alike');
}

onServers(test, CELL, [15, 18], async (t, call, { url }) => {
  await walk(t, call, async () => {
    const admin = new pg.Client({ connectionString: url });
    await admin.connect();
    const { rows } = await admin.query('select phone, card from notes.people order by id');
    await admin.end();
    return rows;
  });
});

test.serial('SQLite', async (t) => {
  t.timeout(180_000);
  const project = new DatabaseProject();
  const file = '@Database.sqlite({ file: "notes.db" })\n@service';
  await project.built(CELL.replaceAll('Postgres.', 'Database.').replace('@service', file));
  await walk(t, await project.serve(t), async () => {
    const database = new DatabaseSync(path.join(project.folder, 'notes.db'));
    const rows = database.prepare('select phone, card from people order by id').all();
    database.close();
    return rows as unknown as Stored[];
  });
});
