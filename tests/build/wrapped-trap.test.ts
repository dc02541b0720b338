// Generated code around a method moves nothing: traps of the user's code point at the user's line
// and column, those of a macro's code at the decorator, and a breakpoint set through the map stops
// there.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping';
import test from 'ava';
import { WebSocket } from 'ws';
import { traceTrap } from '../../host/cell/trace.ts';
import { encodeArguments } from '../../host/schema/dynamic.ts';
import type { Method } from '../../host/schema/types.ts';
import { folderWith } from './folder.ts';
import { link } from './linked.ts';
import { type Answers, builtWith } from './macros.ts';

const RETRY = 'for (let n = 0; ; n++) {\n  if ($attempt == 0) break;\n  if (n > 1) { $fail; }\n}';
const ANSWERS: Answers = {
  retry: { stage: 'retry', gives: [{ kind: 'wrap', text: RETRY }] },
  named: {
    stage: 'transact',
    gives: [
      { kind: 'wrap', text: 'const twice = index * 2;\n\n$proceed; result += twice;' },
      { kind: 'parameter', name: 'tenant', type: 'i32', text: '3' },
      { kind: 'guard', stage: 'validate', text: 'index < 100', status: 3, type: 'too far' },
    ],
  },
  broken: {
    stage: 'retry',
    gives: [{ kind: 'wrap', text: 'if (n == 5) unreachable();\n$proceed;' }],
  },
  outside: { stage: 'cache', gives: [{ kind: 'wrap', text: '$proceed; result = 7 / n;' }] },
  guarded: { stage: 'limit', gives: [{ kind: 'guard', text: '7 / n > 0', status: 3, type: 'no' }] },
  bodied: {
    stage: 'body',
    gives: [{ kind: 'parameter', name: 'seventh', type: 'i32', text: '7 / n' }],
  },
};

const TEXT = `import { part } from "./lib";

@service
class Lists {
  @Test.retry
  @Test.named nth(index: i32): i32 { const all = this.list(tenant); return all[index]; }
  @Test.broken inner(n: i32): i32 { return n; }
  @Test.outside outer(n: i32): i32 { return n; }
  @Test.guarded guard(n: i32): i32 { return n; }
  @Test.bodied body(n: i32): i32 { return seventh; } after(n: i32): i32 { return 9 / n; }
  @Test.retry
  far(n: i32): i32 {
    const first = n + 1;
    return part(first, n);
  }
  private list(n: i32): i32[] {
    return [n, 2, 3];
  }
}
`;
const LIB = `export function part(a: i32, b: i32): i32 {
  return a / b;
}
`;
const FILES = { 'example.cell.ts': TEXT, 'lib.ts': LIB };

function placeIn(text: string, piece: string): string {
  const before = text.slice(0, text.indexOf(piece)).split('\n');
  return `${before.length}:${before[before.length - 1].length + 1}`;
}

const AT = (piece: string): string => `example.cell.ts:${placeIn(TEXT, piece)}`;

test("a trap is at the user's line and column, or at the decorator", async (t) => {
  const cell = await builtWith(FILES, ANSWERS);
  const cases: [string, number, string, string][] = [
    ['nth', 9, AT('all[index]'), 'Lists#nth'],
    ['far', 0, `lib.ts:${placeIn(LIB, 'a / b')}`, 'part'],
    ['after', 0, AT('9 / n'), 'Lists#after'],
    ['inner', 5, AT('@Test.broken'), 'Lists#inner @Test.broken'],
    ['outer', 0, AT('@Test.outside'), 'handle'],
    ['guard', 0, AT('@Test.guarded'), 'handle'],
    ['body', 0, AT('@Test.bodied'), 'Lists#body @Test.bodied'],
  ];
  for (const [method, argument, at, name] of cases) {
    const instance = await link(cell);
    const error = t.throws(() => instance.call(method, argument), { any: true }) as Error;
    const trap = traceTrap(error, cell.map);
    t.is(trap.at, at, `${method}: ${error.stack}`);
    t.is(trap.frames.find((f) => f.user)?.function, name);
  }
});

test('frames tell the way through the layers', async (t) => {
  const cell = await builtWith(FILES, ANSWERS);
  const instance = await link(cell);
  const error = t.throws(() => instance.call('nth', 9), { any: true });
  const frames = traceTrap(error, cell.map).frames.filter((f) => f.user);
  t.deepEqual(
    frames.map((f) => `${f.function} ${f.file}:${f.line}:${f.column}`),
    [
      `Lists#nth ${AT('all[index]')}`,
      `Lists#nth @Test.named ${AT('@Test.named')}`,
      `Lists#nth @Test.retry ${AT('@Test.retry')}`,
      `Lists#nth @Test.retry ${AT('@Test.retry')}`,
    ],
  );
});

/** Offsets in the module that the map places at a line of the service file, by column. */
function offsetsOf(map: string, line: number): Map<number, number> {
  const traced = new TraceMap(JSON.parse(map));
  const found = new Map<number, number>();
  for (const [offset, source, at, column] of decodedMappings(traced)[0] as number[][]) {
    if (traced.sources[source] !== 'example.cell.ts' || at !== line - 1) continue;
    if (!found.has(column + 1)) found.set(column + 1, offset);
  }
  return found;
}

const CHILD = `
import fs from 'node:fs';
const module = new WebAssembly.Module(fs.readFileSync(process.argv[1]));
const attempt = (fn, task) => { exports.table.get(fn)(task); return 0; };
const imports = new Proxy({}, { get: (_, name) => (name === 'attempt' ? attempt : () => 0) });
const { exports } = new WebAssembly.Instance(module, new Proxy({}, { get: () => imports }));
exports._initialize?.();
const bytes = Uint8Array.from(JSON.parse(process.argv[2]));
const call = () => {
  const ptr = exports.alloc(bytes.length);
  new Uint8Array(exports.memory.buffer, ptr, bytes.length).set(bytes);
  exports.handle(Number(process.argv[3]), ptr, bytes.length);
};
setInterval(call, 20);
`;

/** A debugger's connection, as an editor has it. */
class Debugger {
  readonly #socket: WebSocket;
  readonly #events: { method: string; params: never }[] = [];
  #last = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#events.push(JSON.parse(String(data))));
  }

  static async of(child: ChildProcess): Promise<Debugger> {
    let told = '';
    let url: string | undefined;
    while (url === undefined) {
      const [data] = await once(child.stderr as NonNullable<typeof child.stderr>, 'data');
      told += data;
      url = /ws:\S+/.exec(told)?.[0];
    }
    const socket = new WebSocket(url);
    await once(socket, 'open');
    return new Debugger(socket);
  }

  async send(method: string, params: object = {}): Promise<Record<string, never>> {
    const id = ++this.#last;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return (await this.#until((e) => (e as { id?: number }).id === id)) as never;
  }

  /** The first event of that name that `fits`, waited for. */
  async event(method: string, fits: (params: never) => boolean = () => true): Promise<never> {
    const found = await this.#until((e) => e.method === method && fits(e.params));
    return found.params;
  }

  async #until(fits: (e: { method: string; params: never }) => boolean) {
    for (;;) {
      const found = this.#events.find(fits);
      if (found !== undefined) return found;
      await once(this.#socket, 'message');
    }
  }

  close(): void {
    this.#socket.terminate();
  }
}

test('a breakpoint on a line of a wrapped method stops there', async (t) => {
  const cell = await builtWith(FILES, ANSWERS);
  const line = Number(placeIn(TEXT, 'return part').split(':')[0]);
  const offsets = offsetsOf(cell.map, line);
  const column = Number(placeIn(TEXT, 'part(first, n)').split(':')[1]);
  t.true(offsets.has(column), [...offsets.keys()].join());
  const { folder, remove } = folderWith({});
  const file = path.join(folder, 'cell.wasm');
  fs.writeFileSync(file, cell.wasm);
  const method = cell.schema.methods.find((m) => m.name === 'far') as Method;
  const bytes = JSON.stringify([...encodeArguments(cell.schema, method, [2])]);
  const main = ['--input-type=module', '-e', CHILD, file, bytes, String(method.index)];
  const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', ...main], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.teardown(() => {
    child.kill('SIGKILL');
    remove();
  });
  const debug = await Debugger.of(child);
  await debug.send('Debugger.enable');
  const script = (await debug.event('Debugger.scriptParsed', ({ url }: { url: string }) =>
    url.startsWith('wasm:'),
  )) as { url: string };
  await debug.send('Debugger.setBreakpointByUrl', {
    url: script.url,
    lineNumber: 0,
    columnNumber: offsets.get(column),
  });
  const { callFrames } = (await debug.event('Debugger.paused')) as {
    callFrames: { location: { columnNumber: number } }[];
  };
  const { columnNumber } = callFrames[0].location;
  const stack = `at wasm://wasm/x:wasm-function[0]:0x${columnNumber.toString(16)}`;
  const error = Object.assign(new Error(), { stack });
  t.true(traceTrap(error, cell.map).at.startsWith(`example.cell.ts:${line}:`));
  debug.close();
});
