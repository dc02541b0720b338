import test from 'ava';
import * as layout from '../../assembly/shared/layout.ts';
import { MEMO_ENTRY_BYTES, REFRESH_MS } from '../../assembly/shared/limits.ts';
import * as reason from '../../assembly/shared/reason.ts';
import { forgetReplies } from '../../host/lane/policies.ts';
import type { Policies } from '../../host/schema/types.ts';
import { id, PolicyWorld, SECOND } from './policy-world.ts';
import { frame } from './world.ts';

const memo = (more: Partial<NonNullable<Policies['memo']>> = {}): Policies => ({
  memo: { ttlMs: 10_000, swrMs: 0, shared: false, tags: [], ...more },
});
const KEPT = 0;
const FORGETS = 1;

function world(more: Partial<NonNullable<Policies['memo']>> = {}): PolicyWorld {
  const w = new PolicyWorld();
  w.policy(KEPT, memo(more));
  return w;
}

test('a kept reply answers the same arguments, and no others', (t) => {
  const w = world();
  t.is(w.made(KEPT, id(7)), 1);
  t.is(w.made(KEPT, id(7)), 1);
  t.is(w.made(KEPT, id(8)), 2);
  t.is(w.made(KEPT, id(7)), 1);
  t.is(w.made(KEPT, new Uint8Array(0)), 3, 'no arguments are arguments too');
  t.is(w.made(KEPT, new Uint8Array(0)), 3);
  const { memoHits, memoMisses, count, errors } = w.stats(KEPT);
  t.deepEqual([memoHits, memoMisses], [3, 3]);
  w.kernel.settle(w.now);
  t.deepEqual([w.stats(KEPT).count, errors, count], [6, 0, 0]);
});

test('arguments are compared byte by byte: each length, each differing byte', (t) => {
  const w = world();
  const lengths = [1, 7, 8, 9, 15, 16, 17, 31, 159, 160, 161, 400, 401, 900, 4000];
  let calls = 0;
  for (const length of lengths) {
    const bytes = new Uint8Array(length).fill(length);
    const first = ++calls;
    t.is(w.made(KEPT, bytes), first);
    t.is(w.made(KEPT, bytes), first, `${length} bytes are found again`);
    for (const at of new Set([0, length >> 1, length - 1])) {
      const other = bytes.slice();
      other[at] ^= 0x80;
      calls++;
      t.is(w.made(KEPT, other), calls, `${length} bytes, another one at ${at}`);
    }
    t.is(w.made(KEPT, bytes), first);
  }
});

test('the reply is the one of the first call, to the byte, at every length', (t) => {
  const w = world();
  for (const length of [0, 1, 11, 12, 13, 60, 150, 156, 157, 400, 5000, 30_000]) {
    const bytes = new Uint8Array(length).map((_, i) => i * 7 + length);
    const first = w.one(KEPT, bytes).payload;
    const again = w.one(KEPT, bytes).payload;
    t.is(first.length, length + 4);
    t.deepEqual(again, first, `${length} bytes`);
  }
});

test('a reply is kept for its caller; shared ones are for all', (t) => {
  const w = world();
  w.policy(FORGETS, memo({ shared: true }));
  t.is(w.made(KEPT, id(1), 1), 1);
  t.is(w.made(KEPT, id(1), 2), 2);
  t.is(w.made(KEPT, id(1), 1), 1);
  t.is(w.made(KEPT, id(1), 2), 2);
  t.is(w.made(FORGETS, id(1), 1), 3);
  t.is(w.made(FORGETS, id(1), 2), 3);
  w.session(3, { caller: 2 });
  t.is(w.made(KEPT, id(1), 3), 1, 'the same subject with the same rights on another connection');
});

test('a token with other rights never gets what was kept for the old one', (t) => {
  const w = world();
  w.session(1, { subject: 5, caller: 100 });
  t.is(w.made(KEPT, id(1)), 1);
  w.session(1, { subject: 5, caller: 101 });
  t.is(w.made(KEPT, id(1)), 2);
  w.session(1, { subject: 5, caller: 0 });
  t.is(w.made(KEPT, id(1)), 3, 'while the text of the caller changes nothing is kept');
  t.is(w.made(KEPT, id(1)), 4);
  w.session(1, { subject: 5, caller: 100 });
  t.is(w.made(KEPT, id(1)), 1);
});

test('who may call is judged before anything kept is looked at', (t) => {
  const w = new PolicyWorld();
  w.policy(KEPT, memo({ shared: true }), { rolesAny: 2n });
  w.session(1, { roles: 2n });
  t.is(w.made(KEPT, id(1)), 1);
  const refused = (fields: object) => {
    w.session(1, fields);
    return w.one(KEPT, id(1)).reason;
  };
  t.is(refused({ roles: 4n }), reason.REASON_ROLE);
  const flags = layout.SESSION_AUTHENTICATED | layout.SESSION_REVOKED;
  t.is(refused({ roles: 2n, flags }), reason.REASON_REVOKED);
  t.is(refused({ roles: 2n, expiry: 1n }), reason.REASON_EXPIRED);
  t.is(refused({ roles: 2n, flags: 0 }), reason.REASON_NO_SESSION);
  w.session(1, { roles: 2n });
  w.policy(KEPT, memo({ shared: true }), { interval: 1000, tolerance: 0 });
  t.is(w.made(KEPT, id(1)), 2, 'another record, another cell for all that is known');
  t.is(w.one(KEPT, id(1)).reason, reason.REASON_RATE_ROUTE, 'a kept reply is limited like a call');
});

test('an expired caller of a public method is nobody: only shared replies are for it', (t) => {
  const w = new PolicyWorld();
  const flags = layout.ROUTE_LIVE | layout.ROUTE_PUBLIC;
  w.policy(KEPT, memo(), { flags });
  w.policy(FORGETS, memo({ shared: true }), { flags });
  t.is(w.made(KEPT, id(1)), 1);
  w.session(1, { expiry: 1n });
  t.is(w.made(KEPT, id(1)), 2);
  t.is(w.made(KEPT, id(1)), 3);
  t.is(w.made(FORGETS, id(1)), 4);
  t.is(w.made(FORGETS, id(1)), 4);
});

test('failures and traps are not kept', (t) => {
  const w = world();
  w.policy(2, memo(), { method: 1 });
  t.is(w.made(2, id(1)), -1);
  t.is(w.made(2, id(1)), -1);
  t.is(w.made(KEPT, id(1)), 3, 'the cell was asked both times');
  w.policy(3, memo(), { method: 2 });
  w.push(1, frame({ route: 3, call: 90, payload: id(1) }));
  t.throws(() => w.drain(), { instanceOf: WebAssembly.RuntimeError });
  w.kernel.failCurrent(13, 0, 0, 0);
  w.kernel.publish();
  t.is(w.replies()[0].status, 13);
  t.is(w.made(KEPT, id(1)), 3);
});

test('a reply is fresh for its time to the microsecond', (t) => {
  const w = world({ ttlMs: 1000 });
  t.is(w.made(KEPT, id(1)), 1);
  w.now += SECOND - 1;
  t.is(w.made(KEPT, id(1)), 1);
  w.now += 1;
  t.is(w.made(KEPT, id(1)), 2);
  w.now += SECOND - 1;
  t.is(w.made(KEPT, id(1)), 2);
});

test('stale: one call refreshes, the others are answered at once', (t) => {
  const w = world({ ttlMs: 1000, swrMs: 5000 });
  t.is(w.made(KEPT, id(1)), 1);
  w.now += SECOND;
  t.is(w.made(KEPT, id(1)), 2, 'the refresher gets the new reply');
  t.is(w.made(KEPT, id(1)), 2);
  w.now += SECOND + 5 * SECOND;
  t.is(w.made(KEPT, id(1)), 3, 'beyond stale there is nothing');
  t.is(w.stats(KEPT).memoStale, 0);
});

test('stale: a refresh that fails is tried again after a second, by one', (t) => {
  const w = world({ ttlMs: 1000, swrMs: 60_000 });
  t.is(w.made(KEPT, id(1)), 1);
  w.now += SECOND;
  const { view } = w.shared;
  const method = w.shared.routeAt(KEPT) + layout.R_METHOD;
  view.setUint32(method, 1, true);
  t.is(w.made(KEPT, id(1)), -1, 'it is told the truth');
  for (let i = 0; i < 5; i++) t.is(w.made(KEPT, id(1)), 1, 'the others do not notice');
  w.now += REFRESH_MS * 1000 - 1;
  t.is(w.made(KEPT, id(1)), 1);
  w.now += 1;
  t.is(w.made(KEPT, id(1)), -1);
  view.setUint32(method, 0, true);
  w.now += REFRESH_MS * 1000;
  t.is(w.made(KEPT, id(1)), 4);
  t.is(w.stats(KEPT).memoStale, 6);
});

test('what was kept is void when the cell is loaded anew, or told so', (t) => {
  const w = world();
  t.is(w.made(KEPT, id(1)), 1);
  forgetReplies(w.shared, w.shared.view.getUint32(w.shared.routeAt(KEPT) + layout.R_POLICY, true));
  t.is(w.made(KEPT, id(1)), 2);
  t.is(w.made(KEPT, id(1)), 2);
});

test('what a new kernel finds is empty: a lane that was lost keeps nothing', (t) => {
  const w = world();
  t.is(w.made(KEPT, id(1)), 1);
  w.kernel.attach(0);
  t.is(w.made(KEPT, id(1)), 2);
  t.is(w.made(KEPT, id(1)), 2);
});

test('N bytes of arguments and reply are kept, N + 1 are not', (t) => {
  const w = world();
  // The reply has four bytes more than the arguments.
  const fit = new Uint8Array(((MEMO_ENTRY_BYTES - 4 - 15) >> 1) & ~15);
  t.is(w.made(KEPT, fit), 1);
  t.is(w.made(KEPT, fit), 1);
  const padded = MEMO_ENTRY_BYTES >> 1;
  const large = new Uint8Array(padded - 3);
  t.is(w.made(KEPT, large), 2);
  t.is(w.made(KEPT, large), 3);
  const edge = new Uint8Array(padded - 4);
  t.is(w.made(KEPT, edge), 4, 'arguments padded to half the limit, and a reply of the other half');
  t.is(w.made(KEPT, edge), 4);
});

test('the one used longest ago goes first', (t) => {
  const w = new PolicyWorld({ memoBytes: 4096 });
  w.policy(KEPT, memo());
  // 15 blocks of one entry each.
  for (let i = 0; i < 15; i++) t.is(w.made(KEPT, id(i)), i + 1);
  t.is(w.made(KEPT, id(0)), 1, 'all 15 fit; the first is the newest now');
  t.is(w.made(KEPT, id(15)), 16);
  t.is(w.made(KEPT, id(0)), 1);
  t.is(w.made(KEPT, id(2)), 3);
  t.is(w.made(KEPT, id(1)), 17, 'the second was the oldest');
});

test('an entry larger than the whole store is not kept, and pushes nothing out', (t) => {
  const w = new PolicyWorld({ memoBytes: 4096 });
  w.policy(KEPT, memo());
  t.is(w.made(KEPT, id(1)), 1);
  const large = new Uint8Array(4000);
  t.is(w.made(KEPT, large), 2);
  t.is(w.made(KEPT, large), 3);
  t.is(w.made(KEPT, id(1)), 1);
});

test('replies that cross the end of a small out ring are kept and answered whole', (t) => {
  const w = new PolicyWorld({ ringBytes: 16384, start: -4096 });
  w.policy(KEPT, memo());
  const sizes = [2990, 1, 1700, 900, 3001, 64];
  const bytes = sizes.map((size, n) => new Uint8Array(size).map((_, i) => i * 3 + n));
  const first = bytes.map((each) => w.one(KEPT, each).payload);
  for (let round = 0; round < 40; round++) {
    const n = (round * 5) % sizes.length;
    t.deepEqual(w.one(KEPT, bytes[n]).payload, first[n], `round ${round}`);
  }
  t.is(w.stats(KEPT).memoHits, 40);
  for (let round = 0; round < 40; round++) {
    const other = bytes[round % sizes.length].slice();
    other[0] = 100 + round;
    const { payload } = w.one(KEPT, other);
    t.deepEqual(payload.slice(4), other);
    t.deepEqual(w.one(KEPT, other).payload, payload);
  }
});
