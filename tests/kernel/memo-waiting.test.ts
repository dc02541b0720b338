import test from 'ava';
import * as layout from '../../assembly/shared/layout.ts';
import { MEMO_ENTRY_BYTES } from '../../assembly/shared/limits.ts';
import * as reason from '../../assembly/shared/reason.ts';
import * as status from '../../assembly/shared/status.ts';
import { id, PolicyWorld, SECOND } from './policy-world.ts';
import { frame, type Reply } from './world.ts';

const TAGS = [['account:', 0]];
const memo = { ttlMs: 10_000, swrMs: 10_000, shared: false, tags: TAGS };
const WAITING = { flags: layout.ROUTE_LIVE | layout.ROUTE_WAITING };

/** A world whose waiting calls stand in `taken` until they are answered by hand. */
class WaitingWorld extends PolicyWorld {
  readonly taken: number[];
  refusal = 0;

  constructor(options: object = {}) {
    const taken: number[] = [];
    const self: { world?: WaitingWorld } = {};
    super({
      imports: {
        wait: (slot) => {
          if (self.world?.refusal) return self.world.refusal;
          taken.push(slot);
          return 0;
        },
      },
      ...options,
    });
    this.taken = taken;
    self.world = this;
    this.policy(0, { memo }, WAITING);
    this.policy(1, { forget: TAGS }, WAITING);
    this.policy(2, { forget: TAGS });
    this.policy(3, { memo });
  }

  /** Asks; the answer when there is one at once, else the pending slot. */
  begin(route: number, args: Uint8Array, connection = 1): Reply | number {
    const before = this.taken.length;
    const [reply] = this.ask(connection, frame({ route, call: 1, payload: args }));
    if (reply !== undefined) return reply;
    if (this.taken.length !== before + 1) throw new Error('neither answered nor queued');
    return this.taken[before];
  }

  /** Begins a call that is not answered at once. */
  queued(route: number, args: Uint8Array, connection = 1): number {
    const begun = this.begin(route, args, connection);
    if (typeof begun !== 'number') throw new Error(`answered with status ${begun.status}`);
    return begun;
  }

  end(slot: number, payload: Uint8Array | number[], code = 0): Reply {
    const at = this.kernel.reserve(slot, payload.length) >>> 0;
    if (at === 0) throw new Error('no room');
    this.shared.bytes.set(payload, at);
    if (this.kernel.finish(slot, code, 0, payload.length) !== 1) throw new Error('not finished');
    this.kernel.publish();
    return this.replies()[0];
  }

  /** What is kept for these arguments; null: nothing, and a call was begun and given up. */
  kept(args: Uint8Array, connection = 1): number[] | null {
    const begun = this.begin(0, args, connection);
    if (typeof begun !== 'number') return [...begun.payload];
    this.end(begun, [], status.CANCELLED);
    return null;
  }
}

test('the reply of a waiting call is kept, and answers the next within the drain', (t) => {
  const w = new WaitingWorld();
  const reply = w.end(w.queued(0, id(1)), [4, 5, 6]);
  t.deepEqual([...reply.payload], [4, 5, 6]);
  t.deepEqual(w.kept(id(1)), [4, 5, 6]);
  t.is(w.kept(id(2)), null);
  t.is(w.kept(id(1), 2), null, 'another caller');
  w.kernel.settle(w.now);
  const { memoHits, memoMisses, count } = w.stats(0);
  t.deepEqual([memoHits, memoMisses, count], [1, 3, 4]);
});

test('replies of every length are kept whole, arguments of every length found', (t) => {
  const w = new WaitingWorld();
  w.policy(0, { memo: { ...memo, tags: [] } }, WAITING);
  const sizes = [0, 1, 15, 16, 17, 100, 159, 160, 161, 399, 400, 401, 3000];
  for (const size of sizes) {
    for (const reply of [0, 1, 60, 239, 240, 241, 5000]) {
      const bytes = new Uint8Array(size).map((_, i) => i + reply);
      const answer = new Uint8Array(reply).map((_, i) => i * 3 + size);
      if (size === 0 && reply > 0) continue;
      w.end(w.queued(0, bytes), answer);
      t.deepEqual(w.kept(bytes), [...answer], `${size} bytes, reply of ${reply}`);
      w.now += 21 * SECOND;
    }
  }
});

test('failed, cancelled and refused calls leave nothing, and their blocks come back', (t) => {
  const w = new WaitingWorld({ memoBytes: 4096 });
  for (let i = 0; i < 100; i++) {
    w.end(w.queued(0, id(1)), [1], status.NOT_FOUND);
    t.is(w.kept(id(1)), null);
  }
  w.refusal = status.UNAVAILABLE | (reason.REASON_WAIT_FULL << 8);
  for (let i = 0; i < 100; i++) {
    const refused = w.begin(0, id(1)) as Reply;
    t.is(refused.reason, reason.REASON_WAIT_FULL);
  }
  w.refusal = 0;
  const slots = Array.from({ length: 15 }, (_, i) => w.queued(0, id(i)));
  for (const [i, slot] of slots.entries()) w.end(slot, [i]);
  for (let i = 0; i < 15; i++) t.deepEqual(w.kept(id(i)), [i], 'all 15 blocks were free');
});

test('more waiting calls than room: those that lost theirs are answered and not kept', (t) => {
  const w = new WaitingWorld({ memoBytes: 4096 });
  const slots = Array.from({ length: 40 }, (_, i) => w.queued(0, id(i)));
  for (const [i, slot] of slots.entries()) t.deepEqual([...w.end(slot, [i]).payload], [i]);
  const found = slots.filter((_, i) => w.kept(id(i)) !== null);
  t.true(found.length > 0 && found.length <= 15);
});

test('a reply that needs more blocks than there are pushes the oldest out, at last itself', (t) => {
  const w = new WaitingWorld({ memoBytes: 4096 });
  w.end(w.queued(0, id(1)), [1]);
  w.end(w.queued(0, id(2)), new Uint8Array(3000));
  t.is(w.kept(id(2))?.length, 3000);
  w.end(w.queued(0, id(3)), new Uint8Array(4000));
  t.is(w.kept(id(3)), null, 'more than the store has');
  w.end(w.queued(0, id(4)), new Uint8Array(MEMO_ENTRY_BYTES));
  t.is(w.kept(id(4)), null, 'more than an entry may have');
  w.end(w.queued(0, id(5)), [5]);
  t.deepEqual(w.kept(id(5)), [5]);
});

test('a tag forgotten while the call ran: its reply is answered and void', (t) => {
  const w = new WaitingWorld();
  const slot = w.queued(0, id(1));
  t.is((w.begin(2, id(1)) as Reply).status, 0);
  w.end(slot, [1]);
  t.is(w.kept(id(1)), null);
  const other = w.queued(0, id(1));
  w.begin(2, id(9));
  w.end(other, [2]);
  t.deepEqual(w.kept(id(1)), [2], 'another tag does no harm');
});

test('a waiting call forgets when it succeeds, before its answer is seen', (t) => {
  const w = new WaitingWorld();
  w.end(w.queued(0, id(1)), [1]);
  const failing = w.queued(1, id(1));
  w.end(failing, [], status.ABORTED);
  t.deepEqual(w.kept(id(1)), [1]);
  const succeeding = w.queued(1, id(1));
  t.deepEqual(w.kept(id(1)), [1], 'not before');
  w.end(succeeding, []);
  t.is(w.kept(id(1)), null);
});

test('other rights, or another session, since the call was accepted: not kept', (t) => {
  const w = new WaitingWorld();
  const refreshed = w.queued(0, id(1));
  w.session(1, { caller: 77 });
  w.end(refreshed, [1]);
  t.is(w.kept(id(1)), null);
  w.session(1, {});
  t.is(w.kept(id(1)), null, 'nor for the old rights');
  const reused = w.queued(0, id(1));
  w.session(1, { generation: 2 });
  w.end(reused, [1]);
  w.session(1, {});
  t.is(w.kept(id(1)), null);
});

test('two calls at once with the same arguments: the later reply stands', (t) => {
  const w = new WaitingWorld();
  const [a, b] = [w.queued(0, id(1)), w.queued(0, id(1))];
  w.end(b, [2]);
  t.deepEqual(w.kept(id(1)), [2]);
  w.end(a, [1]);
  t.deepEqual(w.kept(id(1)), [1]);
});

test('stale: one waiting call refreshes while the others are answered', (t) => {
  const w = new WaitingWorld();
  w.end(w.queued(0, id(1)), [1]);
  w.now += 10 * SECOND;
  const refresher = w.queued(0, id(1));
  for (let i = 0; i < 5; i++) t.deepEqual(w.kept(id(1)), [1]);
  t.is(w.stats(0).memoStale, 5);
  w.end(refresher, [2]);
  t.deepEqual(w.kept(id(1)), [2]);
});

test('a call of the other tier finds what is kept of its own route only', (t) => {
  const w = new WaitingWorld();
  w.end(w.queued(0, id(1)), [1]);
  t.is((w.begin(3, id(1)) as Reply).payload.length, id(1).length + 4);
});
