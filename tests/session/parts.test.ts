// The small parts: bits, subjects, revocations on disk, the development issuer.

import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { Bits, BitsError } from '../../host/session/bits.ts';
import { openDevelopmentIssuer } from '../../host/session/issuer.ts';
import { openRevocations, REVOKED_MS } from '../../host/session/revocation.ts';
import type { Grant } from '../../host/session/slots.ts';
import { callerText, SessionSlots } from '../../host/session/slots.ts';
import { remoteKey, Subjects } from '../../host/session/subjects.ts';
import { createVerifier } from '../../host/session/token.ts';

function folder(t: ExecutionContext): string {
  const made = mkdtempSync(join(tmpdir(), 'cell-session-'));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('64 names have a bit, the 65th is an authored error that changes nothing', (t) => {
  const bits = new Bits('role');
  const grown: number[] = [];
  bits.onGrow = () => grown.push(1);
  const names = Array.from({ length: 64 }, (_, i) => `r${i}`);
  t.is(bits.demand(names.slice(0, 63)), (1n << 63n) - 1n);
  const error = t.throws(() => bits.demand(['r63', 'one too many']), { instanceOf: BitsError });
  t.regex(error!.message, /more than 64 roles; there is no bit left for "one too many"/);
  t.is(bits.held(['r63']), 0n);
  t.is(bits.demand(names), (1n << 64n) - 1n);
  t.is(bits.held(['r63', 'unknown', 'r0']), (1n << 63n) | 1n);
  t.is(bits.demand(['r5', 'r5']), 1n << 5n);
  t.is(grown.length, 2);
});

test('subjects keep their number while remembered, and numbers are never used twice', (t) => {
  const subjects = new Subjects(2);
  const a = subjects.open('a');
  t.is(subjects.open('a'), a);
  const b = subjects.open('b');
  t.not(a, b);
  subjects.close('a');
  subjects.close('a');
  t.is(subjects.open('a'), a);
  subjects.close('a');
  subjects.close('b');
  t.is(subjects.size, 2);
  const c = subjects.open('c');
  subjects.close('c');
  t.is(subjects.size, 2);
  t.is(subjects.open('b'), b);
  const again = subjects.open('a');
  t.false([a, b, c].includes(again));
  subjects.close('never opened');
});

test('anonymous callers are counted by address, of IPv6 by network', (t) => {
  const cases: [string, string][] = [
    ['127.0.0.1', 'remote:127.0.0.1'],
    ['::ffff:10.0.0.7', 'remote:10.0.0.7'],
    ['0000:0000:0000:0000:0000:ffff:10.0.0.7', 'remote:10.0.0.7'],
    ['::1', 'remote:0:0:0:0'],
    ['0000:0000:0000:0000:0000:0000:0000:0001', 'remote:0:0:0:0'],
    ['2001:db8:0:1::5', 'remote:2001:db8:0:1'],
    ['2001:0DB8:0000:0001:ffff:ffff:ffff:ffff', 'remote:2001:db8:0:1'],
    ['2001:db8::', 'remote:2001:db8:0:0'],
    ['fe80::1%eth0', 'remote:fe80:0:0:0'],
    ['unix', 'remote:unix'],
    ['memory', 'remote:memory'],
  ];
  for (const [remote, key] of cases) t.is(remoteKey(remote), key, remote);
});

test('subjects with open sessions are never forgotten', (t) => {
  const subjects = new Subjects(1);
  const held = subjects.open('held');
  for (let i = 0; i < 100; i++) {
    subjects.open(`s${i}`);
    subjects.close(`s${i}`);
  }
  t.is(subjects.open('held'), held);
  t.is(subjects.size, 2);
});

test('revocations survive reopening: all tokens until then, old ones for life', async (t) => {
  const file = join(folder(t), 'run', 'revoked');
  const now = Date.now();
  const first = await openRevocations(file);
  await Promise.all([
    first.revoke('alice'),
    first.revoke('bö b\n', now + 60_000),
    first.revoke('short', now),
  ]);
  await first.close();
  await t.throwsAsync(first.revoke('late'), { message: /closed/ });
  t.is(statSync(file).mode & 0o777, 0o600);
  const second = await openRevocations(file);
  for (const revocations of [first, second]) {
    const at = (subject: string, issued: number, seen: number) =>
      revocations.revoked(subject, issued, seen);
    t.true(at('alice', now + 1e9, now + REVOKED_MS - 10_000));
    t.false(at('alice', 0, now + REVOKED_MS + 10_000));
    t.true(at('bö b\n', now + 1e9, now + 59_000));
    t.false(at('bö b\n', now + 1e9, now + 61_000));
    t.true(at('bö b\n', now - 1e9, now + 61_000));
    t.true(at('short', 0, now + REVOKED_MS - 10_000));
    t.true(at('short', now + 299_000, now + 1));
    t.false(at('short', now + 400_000, now + 1));
    t.false(at('short', 0, now + REVOKED_MS + 10_000));
    t.false(at('nobody', 0, now));
  }
  t.deepEqual(second.list(now), ['alice', 'bö b\n']);
  await second.close();
});

test('a later revocation never shortens an earlier one, and reaches newer tokens', async (t) => {
  const file = join(folder(t), 'revoked');
  const first = await openRevocations(file);
  await first.revoke('alice', Date.now() + 1e9);
  await first.revoke('alice', Date.now() + 1e6);
  await first.close();
  const second = await openRevocations(file);
  t.true(second.revoked('alice', 0, Date.now() + 1e8));
  await second.close();
});

test('two hosts of one folder lose nothing of each other', async (t) => {
  const file = join(folder(t), 'revoked');
  const one = await openRevocations(file);
  await one.revoke('a');
  const two = await openRevocations(file);
  await two.revoke('b');
  await one.revoke('c');
  await two.revoke('d');
  await one.close();
  await two.close();
  const after = await openRevocations(file);
  t.deepEqual(after.list().sort(), ['a', 'b', 'c', 'd']);
  await after.close();
});

test('a torn last line and damaged lines are dropped, the others hold', async (t) => {
  const file = join(folder(t), 'revoked');
  const first = await openRevocations(file);
  for (const subject of ['a', 'b', 'c']) await first.revoke(subject);
  await first.close();
  const whole = readFileSync(file, 'utf8');
  const lines = whole.trimEnd().split('\n');
  for (let cut = 1; cut < lines[2].length; cut += 3) {
    writeFileSync(file, whole.slice(0, whole.length - 1 - cut));
    const opened = await openRevocations(file);
    t.deepEqual(opened.list(), ['a', 'b'], `cut ${cut}`);
    await opened.revoke('d');
    await opened.close();
    const again = await openRevocations(file);
    t.deepEqual(again.list(), ['a', 'b', 'd']);
    await again.close();
  }
  writeFileSync(file, `${lines[0]}\nnonsense\n9${lines[1]}\n\0\0\0\n${lines[2]}\n`);
  appendFileSync(file, Buffer.alloc(100, 0xff));
  const damaged = await openRevocations(file);
  t.deepEqual(damaged.list(), ['a', 'c']);
  await damaged.close();
});

test('a lift takes back what was revoked before it, and nothing later', async (t) => {
  const file = join(folder(t), 'revoked');
  const first = await openRevocations(file);
  await first.revoke('alice', Date.now() + 1e9);
  await first.revoke('bob', Date.now() + 1e9);
  await first.lift('alice');
  await first.lift('nobody');
  t.false(first.revoked('alice', 0));
  t.deepEqual(first.list(), ['bob']);
  await first.close();
  const second = await openRevocations(file);
  t.false(second.revoked('alice', 0), 'it outlives reopening');
  t.true(second.revoked('bob', 0));
  // Within the same millisecond, too.
  const done = [second.revoke('alice', Date.now() + 1e6), second.lift('alice')];
  await Promise.all([...done, second.revoke('alice', Date.now() + 1e6)]);
  await second.close();
  const third = await openRevocations(file);
  t.true(third.revoked('alice', Date.now() + 1e8, Date.now() + 1e5));
  t.false(third.revoked('alice', Date.now() + 1e8, Date.now() + 1e8), 'not as long as at first');
  await third.close();
});

test('what one host lifted another of the folder does not bring back', async (t) => {
  const file = join(folder(t), 'revoked');
  const one = await openRevocations(file, 0);
  await one.revoke('a', Date.now() + 1e9);
  const two = await openRevocations(file, 0);
  await two.lift('a');
  for (let i = 0; i < 3; i++) await one.revoke('b', Date.now() + 1e6 + i);
  t.false(one.revoked('a', 0), 'seen when the file was written anew');
  for (const each of [one, two]) await each.close();
  const after = await openRevocations(file);
  t.deepEqual(after.list(), ['b']);
  await after.close();
});

test('the file is rewritten when it has grown, and keeps what holds', async (t) => {
  const file = join(folder(t), 'revoked');
  const opened = await openRevocations(file, 5);
  await opened.revoke('kept');
  const line = readFileSync(file, 'utf8');
  const lines = () => readFileSync(file, 'utf8').split('\n').length - 1;
  for (let i = 0; i < 7; i++) await opened.revoke('again', Date.now() + 1e6 + i);
  t.is(lines(), 8);
  await opened.revoke('again', Date.now() + 1e7);
  t.is(lines(), 2);
  t.true(readFileSync(file, 'utf8').startsWith(line));
  await opened.close();
  const again = await openRevocations(file);
  t.deepEqual(again.list().sort(), ['again', 'kept']);
  t.true(again.revoked('again', Date.now() + 1e9, Date.now() + 9e6));
  await again.close();
});

test('the development issuer keeps its key, for the owner alone', async (t) => {
  const run = join(folder(t), '.cell', 'run');
  const issuer = openDevelopmentIssuer(run);
  const file = join(run, 'issuer.pem');
  t.is(statSync(file).mode & 0o777, 0o600);
  t.is(statSync(run).mode & 0o777, 0o700);
  const mint = { subject: 'alice', roles: ['admin'], scopes: ['a', 'b'], ttl: 60 };
  const token = await issuer.mintToken(mint);
  const again = openDevelopmentIssuer(run);
  t.deepEqual(again.issuer, issuer.issuer);
  const identity = await createVerifier([again.issuer]).verify(token);
  t.like(identity, { subject: 'alice', roles: ['admin'], scopes: ['a', 'b'] });
  t.true(Number(identity.expires) / 1000 - Date.now() <= 60_000);
  const elsewhere = openDevelopmentIssuer(folder(t));
  await t.throwsAsync(createVerifier([elsewhere.issuer]).verify(token), { message: /signature/ });
});

test('a key that others can read, or that is none, is refused', (t) => {
  const run = folder(t);
  openDevelopmentIssuer(run);
  const file = join(run, 'issuer.pem');
  chmodSync(file, 0o640);
  t.throws(() => openDevelopmentIssuer(run), { message: /read by others/ });
  chmodSync(file, 0o600);
  writeFileSync(file, 'half a key');
  const error = t.throws(() => openDevelopmentIssuer(run), { message: /Ed25519/ });
  t.false(error!.message.includes('half a key'));
});

test('slots: generations differ on every use and skip 0, texts alternate between halves', (t) => {
  const buffer = new SharedArrayBuffer(4096);
  const memory = { buffer, sessions: 0, sessionCount: 2, texts: 1024, textBytes: 64 };
  const slots = new SessionSlots(memory);
  const grant: Grant = {
    ...{ roleMask: 5n, scopeMask: 3n, expiry: 9n, authenticated: true, revoked: false },
    ...{ subject: 1, caller: 1, labels: 0, interval: 10, tolerance: 20 },
  };
  const text = callerText({ subject: 'a', roles: ['r'], scopes: ['s', 't'] });
  t.is(new TextDecoder().decode(text), 'a\0r\0\0s\0t');
  const seen = new Set<number>();
  for (let i = 0; i < 100; i++) {
    const taken = slots.take(grant, text)!;
    t.is(taken.slot, 0);
    seen.add(taken.generation);
    slots.give(0);
  }
  t.is(seen.size, 100);
  t.false(seen.has(0));
  const view = new DataView(buffer);
  slots.take(grant, text);
  const before = view.getUint32(48, true);
  slots.refresh(0, grant, text);
  t.is(Math.abs(view.getUint32(48, true) - before), 64);
  t.throws(() => slots.refresh(0, grant, new Uint8Array(65)), { instanceOf: RangeError });
  t.truthy(slots.take(grant, text));
  t.is(slots.take(grant, text), null);
  t.is(slots.open, 2);
});
