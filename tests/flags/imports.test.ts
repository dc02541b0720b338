// The imports of `cell:flags` under a hostile or unlucky guest: pointers that lead nowhere,
// sessions that end or change while they are read.
import test from 'ava';
import { S_CALLER, S_EXPIRY } from '../../assembly/shared/layout.ts';
import type { Guest } from '../../host/capability/contract.ts';
import { flagImports, NAME_BYTES } from '../../host/capability/flags.ts';
import { checkFlags, type Rule } from '../../host/flags/definition.ts';
import { askerOf, bucketOf, evaluate } from '../../host/flags/evaluate.ts';
import { writeFlags } from '../../host/flags/table.ts';
import { createMemory } from '../../host/lane/memory.ts';
import { callerText, type Grant, SessionSlots } from '../../host/session/slots.ts';
import { Random } from '../kernel/random.ts';

type Bool = (at: number, length: number, otherwise: number) => number;
type Variant = (at: number, length: number, out: number, cap: number) => number;

const GRANT: Grant = {
  ...{ roleMask: 0n, scopeMask: 0n, expiry: 1n, authenticated: true, revoked: false },
  ...{ subject: 1, caller: 1, labels: 0, interval: 0, tolerance: 0 },
};

function world(flags: object) {
  const shared = createMemory({ lanes: 1, sessions: 4, routes: 1, ringBytes: 4096 });
  writeFlags(shared, checkFlags({ flags }));
  const memory = new Uint8Array(65536);
  const slots = new SessionSlots(shared);
  const now = { slot: 0, reads: 0, onRead: (_: number): void => {} };
  const guest: Guest = {
    ...{ cell: 'test', shared, bytes: () => memory, resuming: () => {}, remainingMs: () => 0 },
    ...{ manifest: {}, watch: () => {}, persists: () => {} },
    suspended: () => ({}) as never,
    caller: () => {
      now.onRead(++now.reads);
      return now.slot;
    },
  };
  const imports = flagImports(guest);
  const bool = imports['cell:flags.bool'] as unknown as Bool;
  const variant = imports['cell:flags.variant'] as unknown as Variant;
  const put = (name: string, at = 1000): [number, number] => {
    const bytes = new TextEncoder().encode(name);
    memory.set(bytes, at);
    return [at, bytes.length];
  };
  const enter = (subject: string, roles: string[], caller: number): number => {
    const text = callerText({ subject, roles, scopes: [] });
    const taken = slots.take({ ...GRANT, caller }, text) as { slot: number };
    now.slot = shared.sessionAt(taken.slot);
    return taken.slot;
  };
  return { shared, memory, slots, now, bool, variant, put, enter };
}

const LOOK = { variants: ['control', 'bold'], default: 'control' };

test('names and room outside the memory, too long, unknown: the fallback, never a write', (t) => {
  const { bool, variant, put, memory } = world({ on: true, look: { ...LOOK, default: 'bold' } });
  const [at, length] = put('on');
  t.is(bool(at, length, 0), 1);
  for (const [from, size] of [
    [65535, 2],
    [-1, 2],
    [0, -1],
    [65536, 1],
    [at, 65536],
    [at, 0],
  ]) {
    t.is(bool(from, size, 0), 0, `${from} ${size}`);
    t.is(bool(from, size, 7), 1, `${from} ${size}`);
  }
  put('x'.repeat(NAME_BYTES + 1));
  t.is(bool(1000, NAME_BYTES + 1, 0), 0);
  const [look, size] = put('look');
  t.is(bool(look, size, 0), 0, 'a flag of names');
  t.is(variant(look, size, 2000, 64), 4);
  t.is(new TextDecoder().decode(memory.slice(2000, 2004)), 'bold');
  const before = memory.slice();
  t.is(variant(look, size, 2004, 3), 4, 'it says how much room it needs');
  t.is(variant(look, size, 65534, 64), 0);
  t.is(variant(look, size, -1, 64), 0);
  t.is(variant(...put('on'), 3000, 64), 0);
  before.set(memory.slice(1000, 1010), 1000);
  t.deepEqual(memory, before);
});

test('the largest room of memory is written to its last byte', (t) => {
  const { variant, put, memory } = world({ look: { ...LOOK, default: 'bold' } });
  t.is(variant(...put('look'), 65532, 4), 4);
  t.is(new TextDecoder().decode(memory.slice(65532)), 'bold');
});

test("subject and roles are the caller's of this call, remembered by its number only", (t) => {
  const rules = [
    { subjects: ['alice'], give: true },
    { roles: ['staff'], give: true },
  ];
  const { bool, put, slots, enter, now } = world({ f: { default: false, rules } });
  const ask = () => bool(...put('f'), 0);
  t.is(ask(), 0, 'nobody');
  const alice = enter('alice', [], 5);
  t.is(ask(), 1);
  slots.give(alice);
  now.slot = 0;
  t.is(ask(), 0, 'closed');
  const bob = enter('bob', [], 6);
  t.is(ask(), 0);
  slots.refresh(
    bob,
    { ...GRANT, caller: 7 },
    callerText({ subject: 'bob', roles: ['staff'], scopes: [] }),
  );
  t.is(ask(), 1, 'a refresh brings roles');
  slots.refresh(
    bob,
    { ...GRANT, caller: 6 },
    callerText({ subject: 'bob', roles: [], scopes: [] }),
  );
  t.is(ask(), 0, 'and takes them');
});

test('a session that ends or changes while it is read is never taken for another', (t) => {
  const rules = [{ roles: ['staff'], give: true }];
  const { bool, put, slots, enter, now, shared } = world({ f: { default: false, rules } });
  const ask = () => bool(...put('f'), 0);
  const slot = enter('carol', ['staff'], 9);
  const at = now.slot;
  for (const ends of [1, 2, 3]) {
    now.reads = 0;
    now.slot = at;
    now.onRead = (read) => {
      if (read === ends) now.slot = 0;
    };
    t.is(ask(), 0, `it ended at read ${ends}`);
  }
  now.slot = at;
  now.reads = 0;
  now.onRead = (read) => {
    if (read !== 3) return;
    // The listener refreshes the token between the copy of the text and its check.
    slots.refresh(
      slot,
      { ...GRANT, caller: 10 },
      callerText({ subject: 'carol', roles: [], scopes: [] }),
    );
  };
  t.is(ask(), 0, 'read again, with the new roles');
  now.onRead = () => {};
  t.is(ask(), 0);
  shared.view.setUint32(now.slot + S_CALLER, 0, true);
  shared.view.setBigUint64(now.slot + S_EXPIRY, 2n, true);
  t.is(ask(), 0, 'a number of 0 is not remembered');
});

test('what a lane remembers is bounded, and right after it was forgotten', (t) => {
  const { bool, put, shared, enter, slots } = world({
    f: { default: false, rules: [{ percent: 50 }] },
  });
  const slot = enter('u0', [], 1);
  for (let i = 1; i <= 9000; i++) {
    const who = `u${i % 4500}`;
    slots.refresh(
      slot,
      { ...GRANT, caller: 1 + (i % 4500) },
      callerText({ subject: who, roles: [], scopes: [] }),
    );
    const expected = bucketOf('f', who) < 50_000 ? 1 : 0;
    if (bool(...put('f'), 0) !== expected) t.fail(who);
  }
  writeFlags(shared, checkFlags({ flags: { f: true } }));
  t.is(bool(...put('f'), 0), 1, 'another version counts at once');
});

test('fuzz: a lane answers as the evaluation does, for any flags and callers', (t) => {
  const source = new Random();
  t.log(`CELL_SEED=${source.seed}`);
  const random = (end: number): number => source.below(end);
  const pick = <T>(list: readonly T[]): T => source.pick(list);
  const subjects = ['alice', 'bob', 'žluťoučký', 'x'.repeat(200)];
  const roles = ['staff', 'dev', 'a b'];
  const rule = (names: string[] | null): Rule => {
    const made: Rule = {};
    if (random(3) === 0) made.subjects = [pick(subjects)];
    if (random(3) === 0) made.roles = [pick(roles)];
    const share = random(100_001) / 1000;
    const rest = (100_000 - Math.round(share * 1000)) / 1000;
    if (random(2) === 0) made.give = names === null ? random(2) === 0 : pick(names);
    else if (names === null) made.percent = share;
    else made.split = { [names[0]]: share, [names[names.length - 1]]: rest };
    return made;
  };
  const { bool, variant, put, memory, slots, enter, shared } = world({});
  const slot = enter('alice', [], 1);
  for (let round = 0; round < 400; round++) {
    const given: Record<string, unknown> = {};
    for (const key of ['a', 'b-long.name_1', 'c']) {
      const names = random(2) === 0 ? null : ['one', 'two', 'three'].slice(0, 2 + random(2));
      const rules = Array.from({ length: random(4) }, () => rule(names));
      const fallback = names === null ? random(2) === 0 : pick(names);
      const enabled = random(8) > 0;
      given[key] = { ...(names ? { variants: names } : {}), default: fallback, enabled, rules };
    }
    const flags = checkFlags({ flags: given });
    writeFlags(shared, flags);
    const who = random(subjects.length);
    const held = roles.filter(() => random(2) === 0);
    const caller = 1 + who * 8 + held.reduce((sum, role) => sum + 2 ** roles.indexOf(role), 0);
    const text = callerText({ subject: subjects[who], roles: held, scopes: ['s'] });
    slots.refresh(slot, { ...GRANT, caller: random(4) === 0 ? 0 : caller }, text);
    const asker = askerOf(subjects[who], held);
    for (const key of [...Object.keys(given), 'missing']) {
      const fallback = random(2);
      const is = evaluate(flags, key, 'boolean', asker).value;
      t.is(bool(...put(key), fallback), is === null ? fallback : Number(is), key);
      const bytes = variant(...put(key), 5000, 64);
      const found = new TextDecoder().decode(memory.slice(5000, 5000 + bytes));
      t.is(found, String(evaluate(flags, key, 'string', asker).value ?? ''), key);
    }
  }
});
