// The two runtimes of guests: what outlives a call stays right in every way that a call can keep
// something, what does not is gone, and memory stays bounded over many calls.

import test from 'ava';
import { compileGuest, type GuestExports, type Runtime, startGuest } from './guests.ts';

const ENTRY = `
export { alloc } from "cell/entry";
export { panic } from "cell/panic";
import { fail } from "cell/failure";

class Holder {
  static label: string = "";
  list: i32[] = [];
  name: string = "";
  next: Holder | null = null;
}
class Node { other: Node | null = null; bytes: Uint8Array = new Uint8Array(1000); }

const cache = new Map<i32, string>();
const holder = new Holder();
const fixed = new StaticArray<string>(4);
const names = new Set<string>();
let last: string = "";
let raw: usize = 0;
let pinned: usize = 0;
const tail: i32[] = [];
const edge: i32[] = [];
// The last thing that start makes: the buffer is the last block below the mark.
edge.push(7);

function label(i: i32): string { return "value " + i.toString(); }

/** Overwrites whatever is free now. */
export function churn(bytes: i32): void {
  const junk = new Uint8Array(bytes);
  junk.fill(0xee);
}

export function keepInMap(i: i32): void { cache.set(i, label(i)); }
export function keepInGlobal(i: i32): void { last = label(i); }
export function keepInStatic(i: i32): void { Holder.label = label(i); }
export function keepInField(i: i32): void { holder.name = label(i); holder.list.push(i); }
export function keepInChain(i: i32): void {
  const link = new Holder();
  link.name = label(i);
  link.next = holder.next;
  holder.next = link;
}
export function keepInArray(i: i32): void { fixed[i & 3] = label(i); names.add(label(i)); }
export function keepAtTail(i: i32): void { tail.push(i); }
export function keepRaw(i: i32): void {
  if (!raw) raw = heap.alloc(64);
  for (let k = 0; k < 16; k++) store<i32>(raw + (k << 2), i + k);
}
export function keepPinned(i: i32): void {
  if (pinned) __unpin(pinned);
  pinned = __pin(changetype<usize>(label(i)));
}

/** How many of the things kept after \`n\` rounds are not what they were. */
export function wrong(n: i32): i32 {
  let bad = 0;
  for (let i = 0; i < n; i++) {
    if (!cache.has(i) || cache.get(i) != label(i)) bad++;
    if (holder.list[i] != i || tail[i] != i || !names.has(label(i))) bad++;
  }
  let link = holder.next;
  for (let i = n - 1; i >= 0; i--) {
    if (!link || link.name != label(i)) return bad + 1000;
    link = link.next;
  }
  if (last != label(n - 1) || Holder.label != label(n - 1) || holder.name != label(n - 1)) bad++;
  for (let i = max(0, n - 4); i < n; i++) if (fixed[i & 3] != label(i)) bad++;
  for (let k = 0; k < 16; k++) if (load<i32>(raw + (k << 2)) != n - 1 + k) bad++;
  if (changetype<string>(pinned) != label(n - 1)) bad++;
  return bad;
}

/**
 * A call that begins without arguments in the way: the old buffer ends where free memory begins.
 */
export function growAtMark(n: i32): i32 {
  __call_begin();
  for (let i = 1; i < n; i++) edge.push(i);
  __call_begin();
  churn(100000);
  let bad = edge[0] == 7 ? 0 : 1;
  for (let i = 1; i < n; i++) if (edge[i] != i) bad++;
  return bad;
}

export function cycle(): void {
  const a = new Node();
  const b = new Node();
  a.other = b;
  b.other = a;
}
/** Raw memory that was given back is nobody's. */
export function borrowed(bytes: i32): void {
  const at = heap.alloc(bytes);
  memory.fill(at, 1, bytes);
  heap.free(at);
}
export function failing(bytes: i32): void {
  churn(bytes);
  fail<void>(5, "not here");
}
export function tooMuch(): void { churn(1 << 30); }
`;

const compiled = new Map<Runtime, Promise<Uint8Array>>();

type Calls = Record<string, (n: number) => number>;

/** A fresh instance; \`call\` is one call of an exported function, behind alloc as always. */
async function start(runtime: Runtime): Promise<{
  exports: GuestExports;
  call(name: string, n?: number): number;
  pages(): number;
}> {
  if (!compiled.has(runtime)) compiled.set(runtime, compileGuest(ENTRY, runtime));
  const { exports } = startGuest(await compiled.get(runtime)!);
  const call = (name: string, n = 0): number => {
    exports.alloc(16);
    return (exports as unknown as Calls)[name]!(n);
  };
  return { exports, call, pages: () => exports.memory.buffer.byteLength >> 16 };
}

const KEEPERS = [
  'keepInMap',
  'keepInGlobal',
  'keepInStatic',
  'keepInField',
  'keepInChain',
  'keepInArray',
  'keepAtTail',
  'keepRaw',
  'keepPinned',
];

for (const runtime of ['arena', 'collect'] as const) {
  test(`${runtime}: whatever outlives a call stays right`, async (t) => {
    const { call } = await start(runtime);
    for (let i = 0; i < 200; i++) {
      for (const keeper of KEEPERS) {
        call(keeper, i);
        call('churn', 3000);
      }
    }
    for (let i = 0; i < 40; i++) call('churn', 200_000);
    t.is(call('wrong', 200), 0);
  });

  test(`${runtime}: each way to keep something, alone`, async (t) => {
    for (const keeper of KEEPERS) {
      const { call } = await start(runtime);
      for (const other of KEEPERS) if (other !== keeper) call(other, 0);
      call('churn', 3000);
      call(keeper, 0);
      for (let i = 0; i < 12; i++) call('churn', 300_000);
      t.is(call('wrong', 1), 0, keeper);
    }
  });

  test(`${runtime}: memory is bounded over calls that keep nothing`, async (t) => {
    const { call, pages } = await start(runtime);
    call('keepInMap', 1);
    const run = (): void => {
      for (let i = 0; i < 60; i++) {
        call('churn', 500_000);
        call('borrowed', 100_000);
        for (let k = 0; k < 20; k++) call('cycle');
        t.throws(() => call('failing', 100_000), { message: 'not here' });
      }
    };
    run();
    const after = pages();
    for (let i = 0; i < 5; i++) run();
    t.is(pages(), after);
    t.true(after < 64, `${after} pages`);
  });

  test(`${runtime}: arguments stand during their call, whatever their size`, async (t) => {
    const { exports } = await start(runtime);
    for (const bytes of [0, 1, 15, 16, 17, 65_536, 1_048_576]) {
      const ptr = exports.alloc(bytes) >>> 0;
      t.is(ptr % 8, 0);
      const view = new Uint8Array(exports.memory.buffer, ptr, bytes).fill(0x5a);
      t.true(view.every((byte) => byte === 0x5a));
      (exports as unknown as Calls).churn!(1000);
      const again = new Uint8Array(exports.memory.buffer, ptr, bytes);
      t.true(again.every((byte) => byte === 0x5a));
    }
  });

  test(`${runtime}: more than there is traps with a message and never wraps around`, async (t) => {
    const { call, exports } = await start(runtime);
    t.throws(() => call('tooMuch'), { instanceOf: WebAssembly.RuntimeError });
    const at = (exports.panic as WebAssembly.Global).value as number;
    t.true(at > 0 || runtime === 'collect');
  });
}

test('arena: an old block at the mark never grows over it', async (t) => {
  const { exports } = await start('arena');
  t.is((exports as unknown as Calls).growAtMark!(500), 0);
});

test('arena: a call that keeps nothing gives all its memory back', async (t) => {
  const { exports, call } = await start('arena');
  const first = exports.alloc(8);
  call('churn', 100_000);
  call('cycle');
  call('borrowed', 5000);
  t.is(exports.alloc(8), first);
  call('keepInGlobal', 3);
  t.true(exports.alloc(8) > first);
});
