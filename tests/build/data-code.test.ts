// What cells of data add: members of the user's classes, functions in place of calls, first values
// of fields, statements before `start()`, codecs, and the SQL that the manifest lists.
import test from 'ava';
import { statementId } from '../../host/schema/statement-id.ts';
import { link } from './linked.ts';
import { type Answer, type Answers, builtWith, type Gives } from './macros.ts';

const TABLE: Answer = {
  on: ['class'],
  gives: [
    {
      kind: 'member',
      name: 'delete',
      text: '/** Gone. */ delete(): bool { log.info("gone " + this.name); return this.id > 0; }',
    },
    {
      kind: 'member',
      name: 'delete',
      text: 'static delete(id: u32): bool { return id > 1; }',
    },
    {
      kind: 'member',
      name: 'find',
      text: `static find(id: u32): User | null {
        if (id == 0) return null;
        const found = new User();
        found.id = id;
        return found;
      }`,
    },
  ],
};

test('members, static ones beside those of instances, in any file of the project', async (t) => {
  const files = {
    'example.cell.ts': `import { User } from "./lib/user";
      @service class Example {
        gone(id: u32): bool { const u = new User(); u.id = id; return u.delete(); }
        never(id: u32): bool { return User.delete(id); }
        find(id: u32): User | null { return User.find(id); }
      }`,
    'lib/user.ts': `@Test.table
      export class User {
        id: u32 = 0;
        name: string = "ada";
      }`,
  };
  const built = await builtWith(files, { table: TABLE });
  t.false(built.manifest.actor);
  t.deepEqual(
    built.schema.records.map((r) => r.fields.map((f) => f.name)),
    [['id', 'name']],
  );
  t.is(built.schema.methods[2].canonical, 'example.find(u32)->(id:u32,name:string)?');
  const cell = await link(built);
  t.deepEqual(cell.call('gone', 1), { value: true });
  t.deepEqual(cell.log(), ['1 gone ada']);
  t.deepEqual(cell.call('never', 1), { value: false });
  t.deepEqual(cell.call('find', 0), { value: null });
  t.deepEqual(cell.call('find', 4), { value: { id: 4, name: 'ada' } });
});

const database = {
  kind: 'database',
  name: 'example',
  text: 'default',
  values: ['postgres', '2', 'ab12', 'public.orders', 'public.items'],
};
const insert = {
  kind: 'statement',
  text: 'insert into users (id, phone) values ($1, $2) returning id as "a:b"',
  values: ['text', 'bytea=example.users.phone', 'a:b:text'],
  numbers: [2, 1],
};
const all = {
  kind: 'statement',
  text: 'select id from users',
  values: ['id:text[]'],
  numbers: [0, 0],
};

test('statements and the database of a service are in its manifest', async (t) => {
  const answers = { table: { on: ['class'], gives: [database, insert, all, all, database] } };
  const text = `@Test.table class User { id: string = ""; }
    @service class Example { m(): u32 { return new User().id.length; } }`;
  const { manifest } = await builtWith(text, answers);
  t.deepEqual(manifest.sql, {
    engine: 'postgres',
    target: 'default',
    schema: 'example',
    reads: ['public.items', 'public.orders'],
    migration: { number: 2, hash: 'ab12' },
    statements: [
      {
        ...{ id: statementId(insert.text), text: insert.text, writes: true },
        params: [{ type: 'text' }, { type: 'bytea', encrypted: 'example.users.phone' }],
        columns: [{ name: 'a:b', type: 'text' }],
      },
      {
        ...{ id: statementId(all.text), text: all.text, writes: false, params: [] },
        columns: [{ name: 'id', type: 'text[]' }],
      },
    ].sort((a, b) => a.id - b.id),
  });
});

test('ids of statements are FNV-1a of 32 bits over UTF-8', (t) => {
  t.is(statementId(''), 0x811c9dc5);
  t.is(statementId('a'), 0xe40c292c);
  t.is(statementId('foobar'), 0xbf9cf968);
  t.is(statementId('costarring'), statementId('liquid'));
  t.is(statementId('\ud800'), statementId('\ufffd'));
});

test('the id that a cell counts is the one that builds and hosts count', async (t) => {
  const it: Answer = { gives: [{ kind: 'import', text: 'sql', values: ['statementId'] }] };
  const text =
    '@Test.it @service class Example { id(text: string): u32 { return statementId(text); } }';
  const cell = await link(await builtWith(text, { it }));
  const letters = ['a', '$1', '\u00e9', '\u20ac', '\u{1F600}', ' ', "'", '\n'];
  for (let length = 0; length < 40; length++) {
    const one = Array.from({ length }, (_, i) => letters[(i * 7 + length) % letters.length]).join(
      '',
    );
    t.deepEqual(cell.call('id', one), { value: statementId(one) }, one);
  }
});

test('first values, start, codecs, and a class that is in no signature', async (t) => {
  const persist = (name: string, type: string, kind: string[], load: string): Answer => ({
    on: ['field'],
    gives: [
      { kind: 'codec', name, type, values: kind },
      { kind: 'start', text: load },
    ],
  });
  const answers: Answers = {
    visits: persist(
      'visits',
      'Map<string, Stay>',
      ['map'],
      `const kept = new Stay();
       kept.days = [3, 4];
       const key = __decodeKey_visits(__encodeKey_visits("ada"));
       this.visits.set(key, __decode_visits(__encode_visits(kept)));
       if (key == "ada") return;
       log.info("never");`,
    ),
    place: persist('place', 'Kind', ['value'], 'const kept = 1; this.place = <Kind>kept;'),
    first: { on: ['field'], gives: [{ kind: 'initial', name: 'tag', text: '"a" + "b" // first' }] },
    none: { on: ['field'], gives: [{ kind: 'initial', name: 'born', text: 'now()' }] },
    bare: { on: ['field'], gives: [{ kind: 'codec', name: 'other', type: 'Instant' }] },
  };
  const text = `enum Kind { Here, There }
    class Stay { days: u32[] = []; next: Stay | null = null; }
    @service class Example {
      @Test.visits private visits: Map<string, Stay> = new Map();
      @Test.place place: Kind = Kind.Here;
      @Test.first tag: string = [
        "never", "seen",
      ].join();
      @Test.none @Test.bare born: Instant;
      days(who: string): u32 { const s = this.visits.get(who); return s.days[0] + s.days[1]; }
      start(): void { if (this.place == Kind.There) this.tag += "!"; }
      tagged(): string { return this.tag; }
      at(): Instant { return this.born; }
    }`;
  const built = await builtWith(text, answers);
  t.deepEqual(built.manifest.persisted, [
    { field: 'place', kind: 'value', canonical: '<Here=0|There=1>' },
    { field: 'visits', kind: 'map', canonical: '(days:[u32],next:^1?)', key: 'string' },
  ]);
  t.true(built.manifest.start);
  t.deepEqual(built.schema.records, []);
  const cell = await link(built);
  t.is(Object.keys(cell.exports).filter((name) => /codec|encode/.test(name)).length, 0);
  (cell.exports.start as () => void)();
  t.deepEqual(cell.call('days', 'ada'), { value: 7 });
  t.deepEqual(cell.call('tagged'), { value: 'ab!' });
  t.deepEqual(cell.call('at'), { value: 1_700_000_000_000_000n });
  t.deepEqual(cell.log(), []);
});

test('a stored value that is damaged is not the fault of the caller', async (t) => {
  const load = `const bytes = __encode_name(this.name);
    if (bytes.length > 4) bytes[4] = 200;
    this.name = __decode_name(bytes);`;
  const gives = [
    { kind: 'codec', name: 'name', type: 'string', values: ['value'] },
    { kind: 'method', name: 'damage', text: `private damage(): void { ${load} }` },
  ];
  const text = `@service class Example {
    @Test.kept name: string = "ada";
    m(): string { this.damage(); return this.name; }
    n(text: string): string { return text; }
  }`;
  const cell = await link(await builtWith(text, { kept: { on: ['field'], gives } }));
  t.like(cell.call('m'), {
    status: 13,
    message: 'malformed stored value: the root record does not fit',
  });
  t.like(cell.raw(1, new Uint8Array([1])), { status: 3 });
});

test('a service without a start gets one', async (t) => {
  const gives = [{ kind: 'start', text: 'this.n = 7;' }];
  const text = '@Test.it @service class Example { n: u32 = 0; m(): u32 { return this.n; } }';
  const built = await builtWith(text, { it: { gives } });
  t.true(built.manifest.start);
  const cell = await link(built);
  (cell.exports.start as () => void)();
  t.deepEqual(cell.call('m'), { value: 7 });
});

const own = { ...database, values: ['postgres', '0', ''] };

test('a wrap on a field of the service stands around every handler, once', async (t) => {
  const wrap = {
    kind: 'wrap',
    stage: 'cache',
    text: 'const s: u32 = $attempt; log.info("x"); if (s != 0) { $fail; }',
  };
  const text = `@service class Example {
    @Test.kept n: u32 = 1;
    one(): u32 { return this.n; }
    two(): u32 { return this.one() + 1; }
    bad(): u32 { return fail<u32>(Status.ABORTED, "no"); }
  }`;
  const cell = await link(await builtWith(text, { kept: { on: ['field'], gives: [wrap] } }));
  t.deepEqual(cell.call('two'), { value: 2 });
  t.deepEqual(cell.log(), ['1 x']);
  t.like(cell.call('bad'), { status: 10, message: 'no' });
  t.is(cell.log().length, 2);
});

test('decorators in any order, and none of them: the same bytes', async (t) => {
  const gives = (name: string): Gives => [
    { kind: 'member', name, text: `${name}(): u32 { return 1; }` },
    own,
    { ...all, text: `select ${name}` },
  ];
  const answers: Answers = {
    'One.it': { gives: gives('one') },
    'Two.it': { gives: gives('two') },
    'Two.on': { gives: [{ kind: 'initial', name: 'id', text: '7' }, ...gives('three')] },
    'One.on': { gives: [{ kind: 'field', name: 'more', type: 'u32', text: '8' }] },
  };
  const source = (
    onClass: string,
    onField: string,
  ) => `${onClass} class Row { ${onField} id: u32 = 0; }
    @service class Example { m(): u32 { return new Row().id; } }`;
  const first = await builtWith(source('@One.it @Two.it', '@One.on @Two.on'), answers);
  const second = await builtWith(source('@Two.it @One.it', '@Two.on @One.on'), answers);
  t.deepEqual(first.wasm, second.wasm);
  t.deepEqual((await link(first)).call('m'), { value: 7 });
  const off = await builtWith(source('@One.it @Two.it', '@One.on @Two.on'), answers, [
    'one',
    'two',
  ]);
  const bare = await builtWith(source('', ''), answers);
  t.deepEqual(off.wasm, bare.wasm);
  t.is(off.manifest.sql, undefined);
});
