// `@remote("ledger") class Ledger {}`: what it becomes, what it refuses, and that calls mean on the
// other side what they meant here.
import test from 'ava';
import { S_ROLES, S_SUBJECT_AT, S_SUBJECT_BYTES } from '../../assembly/shared/layout.ts';
import * as S from '../../assembly/shared/status.ts';
import type { Compiled } from '../../build/5-compile/compile.ts';
import type { Built } from '../../build/driver.ts';
import { decodeRecord, decodeResult, encodeArguments } from '../../host/schema/dynamic.ts';
import type { Schema } from '../../host/schema/types.ts';
import { Desk } from '../lane/desk.ts';
import { ERROR_FIELDS } from './error-record.ts';
import { builtAmong, village } from './village.ts';

const LEDGER = `
export enum Kind { Plain, Gold = 3 }
export class Entry { id: u32 = 0; note: string = ""; }
export class Account {
  id: u32 = 0;
  owner: string = "";
  balance: i64 = 0;
  kind: Kind = Kind.Plain;
  entries: Entry[] = [];
  tags: Map<string, u32> = new Map<string, u32>();
  seen: Instant = new Instant(5);
  key: Uuid = new Uuid();
  price: Decimal = Decimal.ofInteger(3);
  raw: Uint8Array = new Uint8Array(2);
  next: Account | null = null;
}
export class Why { code: u32 = 0; }
@service class Ledger {
  @Auth.public debit(account: u32, amount: i64): i64 {
    if (amount < 0) return fail<i64>(Status.OUT_OF_RANGE, "negative", details<Why>(why(7)));
    if (amount == 13) throw new Error("unlucky");
    return <i64>account - amount;
  }
  @Auth.public get(id: u32, name: string, more: u32[] | null): Account {
    const a = new Account();
    a.id = id;
    a.owner = name;
    a.kind = Kind.Gold;
    const e = new Entry();
    e.note = "n";
    a.entries.push(e);
    a.tags.set("x", more ? more.length : 99);
    a.next = new Account();
    return a;
  }
  @Auth.public put(account: Account): string {
    return account.owner + ":" + account.entries.length.toString() + ":" + account.price.toString();
  }
  @Auth.public ping(): void {}
  @Auth.require({ role: "admin" }) secret(): u32 { return 1; }
  mine(): string { return Session.subject; }
}
function why(code: u32): Why { const w = new Why(); w.code = code; return w; }
`;

const SHOP = `
@remote("ledger") class Ledger {}
@service class Shop {
  @Auth.public pay(amount: i64): i64 { return Ledger.debit(7, amount); }
  @Auth.public owner(id: u32, name: string): string {
    const a = Ledger.get(id, name, [1, 2]);
    const first = a.entries[0].note + "/" + a.tags.get("x").toString();
    return a.owner + "/" + first + "/" + (a.kind == Ledger.Kind.Gold).toString();
  }
  @Auth.public account(id: u32): Ledger.Account { return Ledger.get(id, "me", null); }
  @Auth.public put(): string {
    const a = new Ledger.Account();
    a.owner = "zoë";
    return Ledger.put(a);
  }
  @Auth.public tries(amount: i64): string {
    const t = attempt<i64, i64>((n: i64): i64 => Ledger.debit(1, n), amount);
    return t.ok ? t.value.toString() : t.status.toString() + " " + t.message;
  }
  @Auth.public ping(): void { Ledger.ping(); }
  @Auth.public secret(): u32 { return Ledger.secret(); }
  @Auth.public mine(): string { return Ledger.mine() + "/" + Session.subject; }
}`;

/** Loads built cells on a desk; a call by name with values. */
async function settle(t: Parameters<typeof Desk.open>[0], cells: Compiled[], lanes = 0) {
  const desk = await Desk.open(t, { lanes });
  desk.session(1);
  const routes = new Map<string, number>();
  for (const { wasm, schema, manifest } of cells) {
    const call = Object.keys(manifest.remotes ?? {});
    routes.set(schema.cell, await desk.loadBytes(wasm, { call }));
  }
  const call = async (name: string, ...args: unknown[]) => {
    const [cell, method] = name.split('.');
    const { schema } = cells.find((c) => c.schema.cell === cell) as Compiled;
    const found = schema.methods.find((m) => m.name === method);
    if (found === undefined) throw new Error(`no method ${name}`);
    const route = (routes.get(cell) as number) + found.index;
    const answer = await desk.call(route, encodeArguments(schema, found, args));
    if (answer.status === 0) return { value: decodeResult(schema, found, answer.payload) };
    const { status, reason, payload } = answer;
    if (payload.length === 0) return { status, reason };
    const record = decodeRecord<{ message: string; type: string | null; details: Uint8Array }>(
      schema,
      ERROR_FIELDS,
      payload,
    );
    return { status, reason, ...record };
  };
  return { desk, call };
}

let cells: Compiled[] = [];
test.before(async () => {
  cells = [...(await village([LEDGER, SHOP])).values()];
});

for (const lanes of [0, 1, 2]) {
  test.serial(`values go there and come back, --lanes ${lanes}`, async (t) => {
    const { call } = await settle(t, cells, lanes);
    t.deepEqual(await call('shop.pay', 100n), { value: -93n });
    t.deepEqual(await call('shop.owner', 3, 'ann'), { value: 'ann/n/2/true' });
    t.deepEqual(await call('shop.put'), { value: 'zoë:0:0' });
    t.deepEqual(await call('shop.ping'), { value: undefined });
    const through = await call('shop.account', 9);
    t.deepEqual(through, await call('ledger.get', 9, 'me', null));
  });
}

test.serial('a failure passes through, with status, message and details', async (t) => {
  const { call } = await settle(t, cells);
  const direct = await call('ledger.debit', 1, -1n);
  t.is((direct as { status: number }).status, S.OUT_OF_RANGE);
  t.deepEqual(await call('shop.pay', -1n), direct);
  t.deepEqual(await call('shop.tries', -1n), { value: `${S.OUT_OF_RANGE} negative` });
  t.deepEqual(await call('shop.tries', 5n), { value: '-4' });
});

test.serial('a trap in the called cell is INTERNAL for the caller, and both go on', async (t) => {
  const { call } = await settle(t, cells);
  const trapped = await call('shop.pay', 13n);
  t.like(trapped, { status: S.INTERNAL, message: 'in `ledger`: unlucky' });
  t.deepEqual(await call('shop.pay', 1n), { value: 6n });
});

test.serial("roles are the caller's, and so is the name", async (t) => {
  const { desk, call } = await settle(t, cells);
  t.like(await call('shop.secret'), {
    status: S.PERMISSION_DENIED,
    message: 'ledger.secret: the caller has none of the roles that it accepts',
  });
  const at = desk.memory.sessionAt(1);
  const text = desk.memory.texts + 2 * desk.memory.textBytes;
  const name = Buffer.from('ann');
  desk.memory.bytes.set(name, text);
  desk.memory.view.setUint32(at + S_SUBJECT_AT, text, true);
  desk.memory.view.setUint32(at + S_SUBJECT_BYTES, name.length, true);
  desk.memory.view.setBigUint64(at + S_ROLES, 0xffffffffffffffffn, true);
  t.deepEqual(await call('shop.secret'), { value: 1 });
  t.deepEqual(await call('shop.mine'), { value: 'ann/ann' });
});

test('the manifest names what is called, and nothing else', (t) => {
  const { manifest, schema } = cells[1];
  const { debit, get, put, ping, secret, mine } = Object.fromEntries(
    cells[0].schema.methods.map((m) => [m.name, m.canonical]),
  );
  t.deepEqual(manifest.remotes, { ledger: { debit, get, mine, ping, put, secret } });
  t.deepEqual(
    manifest.capabilities.map((c) => [c.name, c.imports]),
    [['call:ledger', ['cell:call.ledger']]],
  );
  const calls = Object.fromEntries(schema.methods.map((m) => [m.name, m.calls]));
  t.deepEqual(calls.pay, ['ledger.debit']);
  t.deepEqual(calls.tries, ['ledger.debit']);
  t.deepEqual(calls.put, ['ledger.put']);
});

const ledgerSchema = (): Record<string, Schema> => ({ ledger: cells[0].schema });
const codesOf = (built: Built): string[] => [...new Set(built.findings.map((f) => f.code))];

/** The ledger with another `debit`. */
async function changed(signature: string): Promise<Record<string, Schema>> {
  const built = await village([
    `export class Big { id: u32 = 0; more: string | null = null; }
     @service class Ledger {
       @Auth.public debit${signature} { return 0; }
       @Auth.public keep(): u32 { return 0; }
     }`,
  ]);
  return { ledger: (built.get('ledger') as Compiled).schema };
}

const PAYS = `@remote("ledger") class Ledger {}
@service class Shop {
  @Auth.public pay(amount: i64): i64 {
    return Ledger.debit(7, <i32>amount);
  }
}`;

test('a changed method fails the build at each call, until it is accepted', async (t) => {
  const before = { ledger: { debit: 'ledger.debit(u32,i64)->i64' } };
  const lockedRemotes = (cell: string) => (cell === 'shop' ? before : null);
  const now = await changed('(account: u32, amount: i32): i64');
  const built = await builtAmong(PAYS, now, { lockedRemotes });
  t.is(built.compiled, null);
  t.like(built.findings[0], { code: 'CELL4083', line: 4, column: 19 });
  t.regex(built.findings[0].message, /`ledger\.debit` .*parameter 2 `amount`: i64 became i32/);
  t.regex(built.findings[0].fix, /--accept ledger/);
  const accepted = await builtAmong(PAYS, now, { lockedRemotes, accepted: ['ledger'] });
  t.truthy(accepted.compiled);
  const gone = { ledger: { debit: before.ledger.debit, old: 'ledger.old()->u32' } };
  const without = await builtAmong(PAYS, now, { lockedRemotes: () => gone });
  t.true(without.findings.some((f) => f.message.includes('`ledger.old` has changed: it is gone')));
});

test('what is only added is no change', async (t) => {
  const before = { ledger: { debit: 'ledger.debit(u32,i32)->i64' } };
  const more = await changed('(account: u32, amount: i32, why: string | null): i64');
  const source = PAYS.replace('<i32>amount', '<i32>amount, null');
  const built = await builtAmong(source, more, { lockedRemotes: () => before });
  t.deepEqual(built.findings, []);
  t.truthy(built.compiled);
});

test('what a remote class does not have is said with what it has', async (t) => {
  const source = PAYS.replace('Ledger.debit', 'Ledger.debti');
  const built = await builtAmong(source, ledgerSchema());
  t.true(codesOf(built).includes('CELL4084'));
  const found = built.findings.find((f) => f.code === 'CELL4084');
  t.like(found, { line: 4, column: 19 });
  t.regex(found?.fix ?? '', /did you mean debit/);
  const commented = PAYS.replace('return', '// Ledger.nothing() is not meant\n    return');
  t.truthy((await builtAmong(commented.replace('<i32>', ''), ledgerSchema())).compiled);
});

test('a cell that starts calls nobody', async (t) => {
  const source = `@remote("ledger") class Ledger {}
@service class Example {
  private known: i64 = 0;
  start(): void { this.known = Ledger.debit(1, 2); }
  one(): i64 { return this.known; }
}`;
  t.deepEqual(codesOf(await builtAmong(source, ledgerSchema())), ['CELL4085']);
  const initial = source.replace('start(): void { this.known = Ledger.debit(1, 2); }', '');
  const early = `${initial}
const known: i64 = Ledger.debit(1, 2);
export function f(): i64 { return known; }`;
  const codes = codesOf(await builtAmong(early, ledgerSchema()));
  t.true(codes.length === 0 || codes.includes('CELL4085'), codes.join(' '));
});

test('other files of the project use the class by its import', async (t) => {
  const files = {
    'example.cell.ts': `import { helper, Ledger as L } from "./lib/pay";
import { Ledger } from "./lib/pay";
@service class Example {
  @Auth.public one(id: u32): L.Account { return L.get(id, "x", null); }
  @Auth.public two(): i64 { return helper() + Ledger.debit(1, 1); }
}`,
    'lib/pay.ts': `@remote("ledger") export class Ledger {}
export function helper(): i64 { return Ledger.debit(5, 2); }`,
  };
  const { compiled, findings } = await builtAmong(files, ledgerSchema());
  t.deepEqual(findings, []);
  t.deepEqual(compiled?.schema.methods[1].calls, ['ledger.debit']);
});

test("a name of the remote beside the project's own", async (t) => {
  const source = `@remote("ledger") class Ledger {}
export class Account { mine: bool = true; }
@service class Example {
  @Auth.public own(): Account { return new Account(); }
  @Auth.public theirs(): string { return Ledger.get(1, "x", null).owner; }
}`;
  t.truthy((await builtAmong(source, ledgerSchema())).compiled);
  const both = source.replace('theirs(): string', 'theirs(): Ledger.Account').replace('.owner', '');
  t.deepEqual(codesOf(await builtAmong(both, ledgerSchema())), ['CELL3014']);
});
