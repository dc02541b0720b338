// A trap must point at the user's own line and column, through optimization and edits, and keep its
// message.
import test from 'ava';
import { traceTrap } from '../../host/cell/trace.ts';
import { panicText } from '../../host/cell/trap.ts';
import { link } from './linked.ts';
import { compiled } from './project.ts';

const LIB = `/** Divides. */
export function divide(a: i32, b: i32): i32 {
  return a / b;
}
`;
const TEXT = `import { divide } from "./lib";

@Auth.require({
  anyRole: ["a", "b"],
})
@service
class Lists {
  @Auth.public nth(n: i32): i32 {
    const all = this.list();
    return all[n];
  }
  split(n: i32): i32 {
    return divide(1, n);
  }
  boom(n: i32): i32 {
    if (n > 0) throw new Error("boom " + n.toString());
    return n;
  }
  check(n: i32): i32 {
    assert(n > 0, "n is positive");
    return n;
  }
  deep(n: i32): i32 {
    return n == 0 ? 0 : this.deep(n + 1) + 1;
  }
  stop(n: i32): i32 {
    if (n == 1) unreachable();
    return n;
  }
  private list(): i32[] {
    return [1, 2, 3];
  }
}
`;

/** Line and column of a piece of the text. */
function placeIn(text: string, piece: string): string {
  const at = text.indexOf(piece);
  const before = text.slice(0, at).split('\n');
  return `${before.length}:${before[before.length - 1].length + 1}`;
}

const CASES = [
  { method: 'nth', argument: 9, at: placeIn(TEXT, 'all[n]'), says: 'Index out of range' },
  { method: 'split', argument: 0, at: placeIn(LIB, 'a / b'), file: 'lib.ts', says: null },
  { method: 'boom', argument: 4, at: placeIn(TEXT, '"boom "'), says: 'boom 4' },
  { method: 'check', argument: 0, at: placeIn(TEXT, '"n is'), says: 'n is positive' },
  { method: 'stop', argument: 1, at: placeIn(TEXT, 'unreachable()'), says: null },
];

test("traps point into the user's file and keep their message", async (t) => {
  const cell = await compiled({ 'example.cell.ts': TEXT, 'lib.ts': LIB });
  for (const { method, argument, at, file, says } of CASES) {
    const instance = await link(cell);
    const error = t.throws(() => instance.call(method, argument), { any: true }) as Error;
    const trap = traceTrap(error, cell.map);
    t.is(trap.at, `${file ?? 'example.cell.ts'}:${at}`, `${method}: ${error.stack}`);
    t.is(panicText(instance.exports), says);
    t.true(
      trap.frames.some((f) => f.function === `Lists#${method}`),
      method,
    );
  }
});

test('the frames of the whole way stand in order', async (t) => {
  const cell = await compiled({ 'example.cell.ts': TEXT, 'lib.ts': LIB });
  const instance = await link(cell);
  const error = t.throws(() => instance.call('split', 0), { any: true });
  const user = traceTrap(error, cell.map).frames.filter((f) => f.user);
  t.deepEqual(
    user.map((f) => f.function),
    ['divide', 'Lists#split'],
  );
});

test("endless recursion is a stack of the user's frames", async (t) => {
  const cell = await compiled({ 'example.cell.ts': TEXT, 'lib.ts': LIB });
  const instance = await link(cell);
  const error = t.throws(() => instance.call('deep', 1), { instanceOf: RangeError });
  t.is(traceTrap(error, cell.map).frames[0].function, 'Lists#deep');
});

test('frames of the panic and of other modules are left out', async (t) => {
  const cell = await compiled({ 'example.cell.ts': TEXT, 'lib.ts': LIB });
  const instance = await link(cell);
  const error = t.throws(() => instance.call('boom', 4), { any: true }) as Error;
  const offset = /wasm-function\[\d+\]:(0x[0-9a-f]+)/.exec(error.stack ?? '')?.[1];
  t.truthy(offset, 'the stack has wasm frames');
  const own = traceTrap(error, cell.map).frames;
  t.deepEqual(own[0].function, 'Lists#boom', 'the first is where it was thrown');
  t.deepEqual(
    own.filter((f) => f.file?.startsWith('~lib/') && f.function.startsWith('#')),
    [],
  );
  // The membrane below: an offset that lies in this map by chance, with an index that it names.
  const index = Object.entries(JSON.parse(cell.map).cell.functions).find(
    ([, name]) => name === 'example.cell/Lists#stop' || name === 'Lists#stop',
  )?.[0];
  for (const foreign of [7, Number(index ?? 7)]) {
    error.stack += `\n    at wasm://wasm/0badcafe:wasm-function[${foreign}]:${offset}`;
  }
  t.deepEqual(traceTrap(error, cell.map).frames, own);
});

test('without a map, or with a broken one, there are frames without places', (t) => {
  const error = new Error('x');
  error.stack = 'x\n at f (wasm://wasm/0abc:wasm-function[3]:0x1f)\n at wasm-function[x]';
  for (const map of [undefined, '', '{', '{}', '{"sources":[],"mappings":5}', 'null', '[]']) {
    const { frames, at } = traceTrap(error, map);
    t.deepEqual(frames, [{ function: '#3', file: null, line: 0, column: 0, user: false }]);
    t.is(at, '');
  }
  const wild = '{"sources":["a.ts"],"mappings":"!,AAAA,gggggggggggggg,AAEAZZZZ"}';
  t.is(traceTrap(error, wild).frames.length, 1);
  t.deepEqual(traceTrap('no error').frames, []);
});
