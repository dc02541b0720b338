// Another version of a module over what an older one has stored: the same, read and stored anew, or
// refused with words. And what `@Storage.persist` says of fields that it cannot keep.
import test from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import { evolve, typeText } from '../../host/capability/kv/evolve.ts';
import type { PersistedField } from '../../host/schema/types.ts';
import { answering, builtWith, told } from '../std/standard.ts';
import { KeptService, moduleOf } from './kept-service.ts';

let discovery: Discovery;
test.before(async () => {
  discovery = await answering({ Storage: 'storage' });
});

/** A service whose class `Item` has these fields; `shown` is the text of one. */
const shop = (fields: string, shown: string, decorator = '@Storage.persist'): string => `
class Item { ${fields} }
@service class Shop {
  ${decorator} items: Map<string, Item> = new Map();
  @Storage.persist last: Item = new Item();
  put(id: string, name: string): void {
    const item = new Item();
    item.name = name;
    this.items.set(id, item);
    this.last = item;
  }
  show(id: string): string { const item = this.items.get(id); return ${shown}; }
  latest(): string { const item = this.last; return ${shown}; }
  size(): i32 { return this.items.size; }
}`;

const FIRST = shop('name: string = ""; n: u32 = 5;', 'item.name + item.n.toString()');
const WIDER = shop(
  'name: string = ""; n: u32 = 5; note: string | null = null;',
  'item.name + item.n.toString() + (item.note === null ? "-" : "!")',
);

test('appended nullable fields: read, and stored anew before anyone sees them', async (t) => {
  let s = await KeptService.start(t, await moduleOf(discovery, FIRST));
  await s.call('put', 'a', 'Tea');
  await s.call('put', 'b', 'Milk');
  const commits = s.store.commits;
  s = await s.again(t, await moduleOf(discovery, WIDER));
  t.is(await s.call('show', 'a'), 'Tea5-');
  t.is(await s.call('latest'), 'Milk5-');
  t.is(s.store.commits, commits + 2, 'both fields, once');
  t.is(s.store.fields.get(0)?.type, 'map {string:(name:string,n:u32,note:string?)}');
  s = await s.again(t, await moduleOf(discovery, WIDER));
  t.is(await s.call('show', 'b'), 'Milk5-');
  t.is(s.store.commits, commits + 2);
});

test('the older module again is refused: it would drop what is stored', async (t) => {
  const s = await KeptService.start(t, await moduleOf(discovery, WIDER));
  await s.call('put', 'a', 'Tea');
  const error = await t.throwsAsync(s.again(t, await moduleOf(discovery, FIRST)));
  t.regex(
    error?.message ?? '',
    /`items` is stored as .*note:string\?.*fields that are stored are/s,
  );
  t.regex(error?.message ?? '', /cell storage drop shop\.items/);
});

test('another type is refused with words; another name begins anew', async (t) => {
  let s = await KeptService.start(t, await moduleOf(discovery, FIRST));
  await s.call('put', 'a', 'Tea');
  const other = shop('name: string = ""; n: string = "";', 'item.name + item.n');
  const error = await t.throwsAsync(s.again(t, await moduleOf(discovery, other)));
  t.regex(error?.message ?? '', /stored as .*n:u32.* keeps it as .*n:string/s);
  t.regex(error?.message ?? '', /@Storage\.persist\(\{ name: "\.\.\." \}\)/);
  const renamed = shop(
    'name: string = ""; n: u32 = 5;',
    'item.name + item.n.toString()',
    '@Storage.persist({ name: "goods" })',
  );
  s = await KeptService.start(t, await moduleOf(discovery, renamed));
  t.is(await s.call('size'), 0);
});

test('a renamed field keeps its data under its stored name', async (t) => {
  const named = (field: string, use: string): string => `
@service class Tally {
  ${use} ${field}: Map<string, u32> = new Map();
  add(key: string): void { this.${field}.set(key, 1); }
  size(): i32 { return this.${field}.size; }
}`;
  let s = await KeptService.start(t, await moduleOf(discovery, named('seen', '@Storage.persist')));
  await s.call('add', 'a');
  const use = '@Storage.persist({ name: "seen" })';
  s = await s.again(t, await moduleOf(discovery, named('visitors', use)));
  t.is(await s.call('size'), 1);
});

const field = (canonical: string, more: Partial<PersistedField> = {}): PersistedField => ({
  ...{ field: 'f', kind: 'value', canonical },
  ...more,
});
const judged = (was: string, is: PersistedField): string => {
  const found = evolve(is, 'shop', { type: was, snapshot: new Uint8Array(4) });
  if (found === null) return 'same';
  return Array.isArray(found) ? 'anew' : found.text;
};

test('what is compatible, type by type', (t) => {
  t.is(judged('', field('u32')), 'same');
  t.is(judged('value u32', field('u32')), 'same');
  t.is(judged('value (a:u32)', field('(a:u32,b:string?)')), 'anew');
  t.is(judged('value [(a:u32)]', field('[(a:u32,b:string?)]')), 'anew');
  t.is(judged('value {string:(a:u32)}', field('{string:(a:u32,b:u8?)}')), 'anew');
  t.is(judged('value (a:u32,n:^1?)', field('(a:u32,n:^1?,z:u8?)')), 'anew');
  t.regex(judged('value (a:u32,b:string?)', field('(a:u32)')), /fields that are stored are gone/);
  t.regex(judged('value (a:u32)', field('(a:u32,b:string)')), /is stored as/);
  t.regex(judged('value u32', field('u64')), /is stored as u32, and this module keeps it as u64/);
  t.regex(judged('value <a=0>', field('<a=0|b=1>')), /is stored as/);
  t.regex(judged('nonsense', field('u32')), /is stored as/);
  t.regex(judged('value [[[', field('u32')), /a type that this host cannot read/);
  const map = field('u32', { kind: 'map', key: 'string' });
  t.is(typeText(map), 'map {string:u32}');
  t.regex(judged('value {string:u32}', map), /it was a value and is a map/);
  t.regex(judged('map {u8:u32}', map), /is stored as/);
});

test('fields that cannot be kept', async (t) => {
  const service = (line: string): string => `class Other { ${line} }
@service class Shop {
  @Storage.persist kept: u32 = 0;
  get(): u32 { return this.kept + new Other().n; }
}`;
  const other = await builtWith(discovery, service('@Storage.persist n: u32 = 0;'));
  t.true(told(other).some((line) => /`n` cannot be kept: `Other` is no service/.test(line)));
  const own = async (line: string): Promise<string> =>
    told(
      await builtWith(
        discovery,
        `@service class Shop { n: u32 = 0; ${line} get(): u32 { return this.n; } }`,
      ),
    ).join('\n');
  t.regex(await own('@Storage.persist static all: u32 = 0;'), /it is static/);
  t.regex(await own('@Storage.persist rest = 5;'), /its type is not written/);
  t.regex(await own('@Storage.persist({ name: "a-b" }) x: u32 = 5;'), /`a-b` is no name/);
  t.regex(await own('@Storage.persist x: v128 = i32x4.splat(0);'), /v128/);
  const twice = '@Storage.persist a: u32 = 0; @Storage.persist({ name: "a" }) b: u32 = 0;';
  t.regex(await own(twice), /`a` is stored as `a` already/);
  t.regex(await own('@Storage.persist x: Map<f64, u8> = new Map();'), /key of a Map/);
});
