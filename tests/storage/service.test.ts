// Services with `@Storage.persist`: what calls did to their fields is there after a restart, of
// every type and by every way to change it; what was only read writes nothing.
import test from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import { Random } from '../kernel/random.ts';
import { answering } from '../std/standard.ts';
import { KeptService, moduleOf } from './kept-service.ts';

let discovery: Discovery;
test.before(async () => {
  discovery = await answering({ Storage: 'storage' });
});

const PEOPLE = `
class Place { city: string = ""; floors: u8[] = []; }
class Person { name: string = ""; age: u32 = 0; home: Place = new Place(); tags: string[] = []; }
@service class People {
  @Storage.persist people: Map<u32, Person> = new Map();
  @Storage.persist chosen: Person | null = null;
  add(id: u32, name: string): void {
    const person = new Person();
    person.name = name;
    this.people.set(id, person);
  }
  birthday(id: u32): u32 { return ++this.people.get(id).age; }
  move(id: u32, city: string, floor: u8): void {
    const person = this.people.get(id);
    person.home.city = city;
    person.home.floors.push(floor);
  }
  tagAll(tag: string): void {
    const all = this.people.values();
    for (let i = 0; i < all.length; i++) all[i].tags.push(tag);
  }
  oldest(): u32 {
    let most: u32 = 0;
    const all = this.people.values();
    for (let i = 0; i < all.length; i++) most = max(most, all[i].age);
    return most;
  }
  choose(id: u32): void { this.chosen = this.people.get(id); }
  drop(id: u32): bool { return this.people.delete(id); }
  one(id: u32): Person { return this.people.get(id); }
  best(): Person | null { return this.chosen; }
  ids(): u32[] { return this.people.keys(); }
  all(): Map<u32, Person> { return this.people; }
  exchange(): void {
    const old = this.people;
    this.former.push(old);
    const map = new Map<u32, Person>();
    const ids = old.keys();
    for (let i = 0; i < ids.length; i++) map.set(ids[i], old.get(ids[i]));
    this.people = map;
    for (let i = 0; i < this.former.length; i++) this.former[i].delete(1000);
  }
  private former: Map<u32, Person>[] = [];
}`;

test('objects in a map: changed from inside, in place, by a list of all', async (t) => {
  const wasm = await moduleOf(discovery, PEOPLE);
  let s = await KeptService.start(t, wasm);
  await s.call('add', 7, 'Zoe');
  await s.call('add', 3, 'Ann');
  t.is(await s.call('birthday', 7), 1);
  await s.call('move', 7, 'Rome', 4);
  await s.call('tagAll', 'x');
  await s.call('choose', 3);
  const all = (await s.call('all')) as Map<number, { name: string; tags: string[] }>;
  t.deepEqual(
    [...all].map(([id, { name, tags }]) => [id, name, tags]),
    [
      [7, 'Zoe', ['x']],
      [3, 'Ann', ['x']],
    ],
    'a reply that is written while the map takes notes',
  );
  const before = { one: await s.call('one', 7), best: await s.call('best') };
  s = await s.again(t, wasm);
  t.deepEqual(await s.call('ids'), [7, 3], 'in the order in which they were put');
  t.deepEqual(await s.call('one', 7), before.one);
  t.deepEqual(before.one, {
    ...{ name: 'Zoe', age: 1, tags: ['x'] },
    home: { city: 'Rome', floors: [4] },
  });
  t.deepEqual(await s.call('best'), before.best);
  t.true(await s.call('drop', 7));
  t.false(await s.call('drop', 7));
  s = await s.again(t, wasm);
  t.deepEqual(await s.call('ids'), [3]);
});

test('notes outlive the collector, whatever became of the map that took them', async (t) => {
  const wasm = await moduleOf(discovery, PEOPLE);
  let s = await KeptService.start(t, wasm);
  for (let id = 0; id < 20; id++) await s.call('add', id, `person ${id}`);
  // Enough of it that memory is collected many times.
  for (let round = 0; round < 40; round++) {
    for (let id = 0; id < 20; id++) t.is(await s.call('birthday', id), round + 1);
    await s.call('tagAll', 'long enough to be worth collecting '.repeat(20));
    if (round % 10 === 0) await s.call('exchange');
  }
  const before = await s.call('all');
  s = await s.again(t, wasm);
  t.deepEqual(await s.call('all'), before);
});

test('calls that only read write nothing', async (t) => {
  const s = await KeptService.start(t, await moduleOf(discovery, PEOPLE));
  t.is(await s.call('best'), null);
  t.is(s.store.commits, 0, 'defaults neither');
  await s.call('add', 1, 'Ann');
  t.is(s.store.commits, 1);
  await s.call('one', 1);
  await s.call('oldest');
  await s.call('ids');
  await s.call('best');
  t.is(s.store.commits, 1);
  await s.call('birthday', 1);
  t.is(s.store.commits, 2);
});

const TYPES = `
enum Mood { Calm = 2, Wild = 5 }
class Inner { at: Instant = new Instant(); of: Map<string, f64> = new Map(); }
@service class Types {
  @Storage.persist flag: bool = false;
  @Storage.persist small: i8 = -1;
  @Storage.persist large: u64 = 0;
  @Storage.persist ratio: f64 = 0.5;
  @Storage.persist text: string = "first";
  @Storage.persist bytes: Uint8Array = new Uint8Array(0);
  @Storage.persist mood: Mood = Mood.Calm;
  @Storage.persist list: u16[] = [1];
  @Storage.persist id: Uuid = new Uuid();
  @Storage.persist price: Decimal = Decimal.ofInteger(0);
  @Storage.persist wait: Duration = new Duration();
  @Storage.persist inner: Inner = new Inner();
  @Storage.persist moods: Map<Mood, string[]> = new Map();
  @Storage.persist names: Map<string, string | null> = new Map();
  set(flag: bool, small: i8, large: u64, ratio: f64, text: string, bytes: Uint8Array): void {
    this.flag = flag; this.small = small; this.large = large;
    this.ratio = ratio; this.text = text; this.bytes = bytes;
  }
  more(id: Uuid, price: Decimal, wait: Duration, at: Instant): void {
    this.id = id; this.price = price; this.wait = wait; this.inner.at = at;
    this.inner.of.set("pi", 3.5);
    this.mood = Mood.Wild;
    this.list.push(65535);
    this.moods.set(Mood.Wild, ["a", ""]);
    this.moods.get(Mood.Wild).push("\\u{1f30d}");
    this.names.set("", null);
    this.names.set("a", "b");
  }
  basics(): string {
    return [this.flag.toString(), this.small.toString(), this.large.toString(),
      this.ratio.toString(), this.text, this.bytes.toString()].join("|");
  }
  rest(): string {
    const moods = this.moods.get(Mood.Wild);
    return [this.mood.toString(), this.list.toString(), this.id.toString(),
      this.price.toString(), this.wait.micros.toString(), this.inner.at.micros.toString(),
      this.inner.of.get("pi").toString(), moods.join("+"),
      (this.names.get("") === null).toString(), this.names.get("a") as string].join("|");
  }
}`;

test('fields of every type', async (t) => {
  const wasm = await moduleOf(discovery, TYPES);
  let s = await KeptService.start(t, wasm);
  t.is(await s.call('basics'), 'false|-1|0|0.5|first|');
  const bytes = Uint8Array.of(0, 255, 7);
  await s.call('set', true, -128, 2n ** 64n - 1n, Number.NaN, 'a\0b', bytes);
  const id = '01234567-89ab-cdef-0123-456789abcdef';
  await s.call('more', id, '-12.5', -9n, 1_700_000_000_000_000n);
  const written = s.store.commits;
  s = await s.again(t, wasm);
  t.is(await s.call('basics'), 'true|-128|18446744073709551615|NaN|a\0b|0,255,7');
  t.is(await s.call('rest'), `5|1,65535|${id}|-12.5|-9|1700000000000000|3.5|a++\u{1f30d}|true|b`);
  t.is(s.store.commits, written, 'NaN is no change');
});

const MAPS = `
@service class Maps {
  @Storage.persist a: Map<string, i64> = new Map();
  @Storage.persist b: Map<string, i64> = new Map();
  constructor() { this.b.set("seed", 1); }
  put(key: string, value: i64): void { this.a.set(key, value); }
  drop(key: string): bool { return this.a.delete(key); }
  wipe(): void { this.a.clear(); }
  fresh(key: string): void {
    const map = new Map<string, i64>();
    map.set(key, 9);
    this.a = map;
    map.set("late", 8);
  }
  swap(): void { const a = this.a; this.a = this.b; this.b = a; }
  bulk(count: i32): void {
    for (let i = 0; i < count; i++) this.a.set("k" + (i % 1000).toString(), i);
  }
  churn(): void { this.a.set("x", 1); this.a.delete("x"); this.a.set("x", 2); this.a.clear();
    this.a.set("y", 3); }
  failing(key: string): void { this.a.set(key, 1); fail<void>(Status.ABORTED, "no"); }
  trapping(key: string): void { this.a.set(key, 1); throw new Error("oh"); }
  all(): Map<string, i64> { return this.a; }
  other(): Map<string, i64> { return this.b; }
  size(): i32 { return this.a.size; }
}`;

test('maps: changes of one call, fresh maps, exchanged maps, failures and traps', async (t) => {
  const wasm = await moduleOf(discovery, MAPS);
  let s = await KeptService.start(t, wasm);
  const all = async (): Promise<string> =>
    [...((await s.call('all')) as Map<string, bigint>)].map(([k, v]) => `${k}${v}`).join();
  const stored = async (): Promise<string> => {
    s = await s.again(t, wasm);
    return all();
  };
  await s.call('put', 'b', 1n);
  await s.call('put', 'a', 2n);
  await s.call('put', 'b', 3n);
  t.is(await stored(), 'b3,a2');
  await s.call('churn');
  t.is(await all(), 'y3');
  t.is(await stored(), 'y3');
  await s.call('fresh', 'new');
  t.is(await all(), 'new9,late8');
  t.is(await stored(), 'new9,late8');
  await s.call('put', 'more', 1n);
  t.is(await stored(), 'new9,late8,more1');
  await t.throwsAsync(s.call('failing', 'f'), { message: '10 no' });
  t.is(await stored(), 'new9,late8,more1,f1', 'memory had it');
  await t.throwsAsync(s.call('trapping', 't'));
  t.is(await all(), 'new9,late8,more1,f1', 'memory is gone');
  await s.call('swap');
  t.is(await all(), 'seed1');
  t.is(await stored(), 'seed1');
  t.is(((await s.call('other')) as Map<string, bigint>).size, 4);
  await s.call('wipe');
  t.is(await stored(), '', 'a field that was emptied is not begun anew');
});

test('many changes of few keys in one call are written once each', async (t) => {
  const wasm = await moduleOf(discovery, MAPS);
  let s = await KeptService.start(t, wasm);
  await s.call('bulk', 100_000);
  t.is(s.store.commits, 1);
  s = await s.again(t, wasm);
  t.is(await s.call('size'), 1000);
  const map = (await s.call('all')) as Map<string, bigint>;
  t.is(map.get('k0'), 99_000n);
  t.is(map.get('k999'), 99_999n);
});

test('agrees with a map over random calls, restarts and traps', async (t) => {
  const random = new Random();
  t.log(`CELL_SEED=${random.seed}`);
  const wasm = await moduleOf(discovery, MAPS);
  let s = await KeptService.start(t, wasm);
  const model = new Map<string, bigint>();
  for (let round = 0; round < 300; round++) {
    const key = `k${random.u32() % 9}`;
    const what = random.u32() % 12;
    if (what < 5) {
      const value = BigInt(random.u32());
      await s.call('put', key, value);
      model.set(key, value);
    } else if (what < 8) t.is(await s.call('drop', key), model.delete(key));
    else if (what === 8) {
      await s.call('wipe');
      model.clear();
    } else if (what === 9) {
      await s.call('fresh', key);
      model.clear();
      model.set(key, 9n).set('late', 8n);
    } else if (what === 10) await t.throwsAsync(s.call('trapping', key));
    else s = await s.again(t, wasm);
    t.deepEqual([...((await s.call('all')) as Map<string, bigint>)], [...model], `round ${round}`);
  }
});

test('what cannot be stored ends the call, and memory is as stored', async (t) => {
  const wasm = await moduleOf(discovery, MAPS);
  const s = await KeptService.start(t, wasm);
  await s.call('put', 'a', 1n);
  await t.throwsAsync(s.call('put', 'k'.repeat(5000), 1n), {
    message: /a: \d+ bytes of key and \d+ of value cannot be stored: a key has at most 4096 bytes/,
  });
  t.deepEqual([...((await s.call('all')) as Map<string, bigint>)], [['a', 1n]]);
});
