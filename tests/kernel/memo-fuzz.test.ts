import test from 'ava';
import * as layout from '../../assembly/shared/layout.ts';
import { REFRESH_MS } from '../../assembly/shared/limits.ts';
import { forgetReplies } from '../../host/lane/policies.ts';
import type { Field } from '../../host/schema/types.ts';
import { args, PolicyWorld, text, u32 } from './policy-world.ts';
import { Random } from './random.ts';

const MEMO_BYTES = 16384;
/** Blocks of 256 bytes; the buckets take the first. */
const BLOCKS = MEMO_BYTES / 256 - 1;
const PARAMS: Field[] = [
  { name: 'id', type: u32 },
  { name: 'pad', type: text },
];

interface Kept {
  made: number;
  blocks: number;
  fresh: number;
  stale: number;
  refreshed: number;
  clock: number;
  epoch: number;
  tags: string[];
}

interface Rule {
  ttlUs: number;
  swrUs: number;
  shared: boolean;
  tags(id: number): string[];
}

/** What assembly/kernel/memo.ts must do, over a Map whose order is that of use. */
class Model {
  readonly kept = new Map<string, Kept>();
  readonly forgotten = new Map<string, number>();
  readonly epochs = [1, 1];
  clock = 0;
  made = 0;
  evicted = 0;

  get blocks(): number {
    return [...this.kept.values()].reduce((sum, { blocks }) => sum + blocks, 0);
  }

  forget(tags: string[]): void {
    this.clock++;
    for (const tag of tags) this.forgotten.set(tag, this.clock);
  }

  private isVoid(entry: Kept, route: number): boolean {
    if (entry.epoch !== this.epochs[route]) return true;
    return entry.tags.some((tag) => (this.forgotten.get(tag) ?? 0) > entry.clock);
  }

  /** The number of the call whose reply is the answer. */
  call(now: number, route: number, rule: Rule, caller: number, id: number, bytes: Uint8Array) {
    const key = `${route} ${rule.shared ? '' : caller} ${bytes}`;
    const entry = this.kept.get(key);
    if (entry && now < entry.stale && !this.isVoid(entry, route)) {
      if (now < entry.fresh || now - entry.refreshed < REFRESH_MS * 1000) {
        this.kept.delete(key);
        this.kept.set(key, entry);
        return entry.made;
      }
      entry.refreshed = now;
    }
    const made = ++this.made;
    const padded = (bytes.length + 15) & ~15;
    const size = padded + bytes.length + 4;
    const blocks = size <= 160 ? 1 : 1 + Math.ceil((size - 160) / 240);
    // A tag that cannot be read: nothing is kept, and what was there is given up.
    this.kept.delete(key);
    if (bytes.length < 9) return made;
    for (const [oldest] of this.kept) {
      if (this.blocks + blocks <= BLOCKS) break;
      this.kept.delete(oldest);
      this.evicted++;
    }
    const fresh = now + rule.ttlUs;
    const times = { fresh, stale: fresh + rule.swrUs, refreshed: 0, clock: this.clock };
    const epoch = this.epochs[route];
    this.kept.set(key, { made, blocks, ...times, epoch, tags: rule.tags(id) });
    return made;
  }
}

const RULES: Rule[] = [
  { ttlUs: 1_000_000, swrUs: 0, shared: false, tags: (id) => [`t:${id}`] },
  { ttlUs: 400_000, swrUs: 3_000_000, shared: true, tags: (id) => [`t:${id}`, 'b'] },
];

function world(): PolicyWorld {
  const w = new PolicyWorld({ memoBytes: MEMO_BYTES });
  const tag = ['t:', 0];
  const more = { params: PARAMS };
  const memo = { ttlMs: 1000, swrMs: 0, shared: false, tags: [tag] };
  w.policy(0, { memo }, more);
  w.policy(1, { memo: { ttlMs: 400, swrMs: 3000, shared: true, tags: [tag, ['b']] } }, more);
  w.policy(2, { forget: [tag] }, more);
  w.policy(3, { forget: [['b']] }, more);
  return w;
}

test('the store against a model: arguments, callers, ages, tags, sizes, evictions', (t) => {
  const random = new Random();
  t.log(`CELL_SEED=${random.seed}`);
  let hits = 0;
  let evicted = 0;
  for (let life = 0; life < 4; life++) {
    const w = world();
    const model = new Model();
    for (let step = 0; step < 4000; step++) {
      const id = random.below(8);
      const pad = 'x'.repeat(random.pick([0, 0, 0, 40, 60, 61, 150, 700]));
      const bytes = random.chance(60) ? random.bytes(random.below(9)) : args(PARAMS, { id, pad });
      const caller = 1 + random.below(3);
      const route = random.chance(12) ? 2 + random.below(2) : random.below(2);
      const seen = w.made(route, bytes, caller);
      const told = `life ${life} step ${step}`;
      if (route >= 2) {
        t.is(seen, ++model.made, told);
        const isReadable = bytes.length >= 9 || route === 3;
        const all = ['b', ...Array.from({ length: 8 }, (_, i) => `t:${i}`)];
        model.forget(!isReadable ? all : route === 2 ? [`t:${id}`] : ['b']);
      } else {
        const before = model.made;
        t.is(seen, model.call(w.now, route, RULES[route], caller, id, bytes), told);
        if (model.made === before) hits++;
      }
      w.now += random.below(random.chance(50) ? 2_000_000 : 30_000);
      if (random.chance(200)) {
        const which = random.below(2);
        const row = w.shared.routeAt(which);
        forgetReplies(w.shared, w.shared.view.getUint32(row + layout.R_POLICY, true));
        model.epochs[which]++;
      }
    }
    evicted += model.evicted;
  }
  t.true(hits > 1000, `${hits} hits`);
  t.true(evicted > 1000, `${evicted} evictions`);
});

test('random bytes as arguments of tagged calls: no trap, and the cell answers each', (t) => {
  const random = new Random();
  t.log(`CELL_SEED=${random.seed}`);
  const w = world();
  const nullable = (of: typeof u32) => ({ kind: 'nullable', of }) as const;
  const params: Field[] = [
    { name: 'a', type: text },
    { name: 'b', type: nullable(u32) },
    { name: 'c', type: { kind: 'uuid' } },
    { name: 'd', type: { kind: 'scalar', scalar: 'i64' } },
    { name: 'e', type: nullable(text as typeof u32) },
  ];
  const tags = [['x:', 0, 1, 2, ':', 3, 4]];
  w.policy(4, { memo: { ttlMs: 9e6, swrMs: 0, shared: true, tags }, forget: tags }, { params });
  const good = args(params, {
    ...{ a: 'grüße', b: 7, c: '00112233-4455-6677-8899-aabbccddeeff' },
    ...{ d: -5n, e: 'e' },
  });
  for (let i = 0; i < 6000; i++) {
    const bytes = random.chance(4) ? random.bytes(random.below(80)) : good.slice();
    for (let n = random.below(4); n > 0 && bytes.length > 0; n--) {
      const at = random.below(bytes.length);
      bytes[at] = random.pick([0, 1, 4, 8, 127, 128, 255, random.u32()]);
    }
    const cut = random.chance(5) ? bytes.slice(0, random.below(bytes.length + 1)) : bytes;
    const reply = w.one(4, cut, { connection: 1 + random.below(3) });
    t.is(reply.status, 0);
    t.deepEqual(reply.payload.slice(4), cut, 'never the answer to other arguments');
  }
});
