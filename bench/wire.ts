// Owns the suite `wire`: calls into a sandboxed cell over a real WebSocket, beside an echo of the
// same bytes by bare uWebSockets.js, in one run. Every program is a process of its own:
//
//   wire-load.ts    prebuilt frames over one socket, or the generated client   (one for all)
//   wire-host.ts    raw: uWebSockets.js that sends back what it gets           (all three stand
//                   inline: the host with --lanes 0; lane: with one lane        from the start)
//
// Rounds go over all servers in turn, so that a noisy machine is noisy for all; ratios are
// medians of the rounds' pairs. Rows ending in -cpu are the server's CPU per call, all its
// threads: they hold still where the machine is busy with other things. A frame is 64 bytes both
// ways: four u64 in, a record of three out, through the codec of a cell that `cell build` made;
// bench/README.md says why these.

import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { make } from '../build/make.ts';
import { buildStandardCells } from '../cells/std/build.ts';
import { discoveryWith } from '../host/cli/discovery.ts';
import type { Schema } from '../host/schema/types.ts';
import type { Measure } from './report.ts';
import type { LoadOrder, LoadReply, MethodName, ServerReady, ServerUsage } from './wire-orders.ts';

export const suite = 'wire';

/** Milliseconds that a process has to start, or to answer beyond its order's time. */
const PATIENCE_MS = 20_000;

const CELL = `class Three {
  a: u64 = 0;
  b: u64 = 0;
  c: u64 = 0;
}

/** Gives back what it gets. */
@service
class WireEcho {
  echo(a: u64, b: u64, c: u64, d: u64): Three {
    const three = new Three();
    three.a = a;
    three.b = b;
    three.c = c ^ d;
    return three;
  }
}
`;

/** Milliseconds that the generated client needs to be compiled, and at least to be measured. */
const CLIENT_MS = 400;

type Kind = 'raw' | 'inline' | 'lane';

interface Standing {
  process: ChildProcess;
  ready: ServerReady;
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function start(name: string, args: string[]): ChildProcess {
  return fork(file(name), args, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** The next message of a child; rejects when it ends or says nothing in time. */
function answer<T>(child: ChildProcess, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      child.off('message', heard);
      child.off('exit', gone);
    };
    const heard = (message: unknown): void => {
      done();
      const { failed } = message as { failed?: string };
      if (failed === undefined) resolve(message as T);
      else reject(new Error(failed));
    };
    const gone = (code: number | null): void => {
      done();
      reject(new Error(`a process of the suite wire ended with code ${code}`));
    };
    const timer = setTimeout(() => {
      done();
      reject(new Error(`a process of the suite wire said nothing for ${ms} ms`));
    }, ms);
    child.on('message', heard);
    child.on('exit', gone);
  });
}

async function order(load: ChildProcess, what: LoadOrder): Promise<LoadReply> {
  const reply = answer<LoadReply>(load, what.ms + PATIENCE_MS);
  load.send(what);
  return reply;
}

async function usage(server: ChildProcess): Promise<number> {
  const reply = answer<ServerUsage>(server, PATIENCE_MS);
  server.send('usage');
  return (await reply).cpuUs;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

interface Built {
  folder: string;
  wasm: string;
  client: string;
  method: MethodName;
}

/** Builds the cell in a folder of its own, inside the project so that "cell/synapse" is found. */
async function build(): Promise<Built> {
  const out = file('../.cell/out');
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, 'bench-wire-'));
  writeFileSync(join(folder, 'wire-echo.cell.ts'), CELL);
  await buildStandardCells();
  const discover = discoveryWith({});
  const [made] = await make({ files: ['wire-echo.cell.ts'], cwd: folder, discover });
  const { summary, findings, paths } = made;
  if (summary === null) {
    const why = findings.map(({ message }) => message).join('; ');
    throw new Error(`the cell of the suite wire does not build: ${why}`);
  }
  const schema = JSON.parse(readFileSync(join(folder, paths.schema), 'utf8')) as Schema;
  const [{ name, canonical, fingerprint }] = schema.methods;
  const method = {
    name: `${schema.cell}.${name}`,
    fingerprint: `0x${fingerprint}`,
    text: canonical,
  };
  return { folder, wasm: join(folder, paths.wasm), client: join(folder, paths.client), method };
}

interface Shape {
  name: 'single' | 'batch64' | 'latency';
  framesPerMessage: number;
  messagesInFlight: number;
}

const SHAPES: Shape[] = [
  { name: 'single', framesPerMessage: 1, messagesInFlight: 256 },
  { name: 'batch64', framesPerMessage: 64, messagesInFlight: 16 },
  { name: 'latency', framesPerMessage: 1, messagesInFlight: 1 },
];

const KINDS: Kind[] = ['raw', 'inline', 'lane'];

type Emit = (measure: Measure) => void;

/** What was seen of one shape, by server, one value a round. */
type Seen = Record<Kind, number[]>;

/** Ratio of each round to the raw echo of the same round: the median. */
function ratio(seen: Seen, kind: Kind): number {
  return median(seen[kind].map((value, i) => value / seen.raw[i]));
}

class Suite {
  private readonly load: ChildProcess;
  private readonly servers: Record<Kind, Standing>;
  private readonly built: Built;
  private readonly emit: Emit;
  private readonly rounds: number;
  private readonly ms: number;

  constructor(
    built: Built,
    servers: Record<Kind, Standing>,
    load: ChildProcess,
    emit: Emit,
    quick: boolean,
  ) {
    this.built = built;
    this.servers = servers;
    this.load = load;
    this.emit = emit;
    this.rounds = quick ? 3 : 5;
    this.ms = quick ? 150 : 500;
  }

  /** One shape on all servers in turn, `rounds` times. */
  async shape({ name, framesPerMessage, messagesInFlight }: Shape): Promise<void> {
    const seen: Seen = { raw: [], inline: [], lane: [] };
    const cpu: Seen = { raw: [], inline: [], lane: [] };
    let calls = 0;
    // Round -1 is not counted: in it the engine compiles what the shape makes hot.
    for (let round = -1; round < this.rounds; round++) {
      for (const kind of KINDS) {
        const { ready, process } = this.servers[kind];
        const { port, token } = ready;
        const before = await usage(process);
        const reply = await order(this.load, {
          kind: 'prebuilt',
          method: kind === 'raw' ? null : this.built.method,
          ...{ port, token, framesPerMessage, messagesInFlight },
          ms: this.ms,
          warmMs: this.ms / 4,
        });
        const cpuUs = (await usage(process)) - before;
        if (round < 0) continue;
        seen[kind].push(name === 'latency' ? reply.p50 : reply.callsPerSecond);
        cpu[kind].push(cpuUs / reply.allCalls);
        calls += reply.calls;
      }
    }
    const unit = name === 'latency' ? 'us' : 'calls/s';
    const row = name === 'latency' ? 'latency-ratio' : `ratio-${name}`;
    for (const kind of KINDS) {
      this.emit({ name: `${name}-${kind}`, unit, value: median(seen[kind]), n: calls });
      this.emit({ name: `${name}-${kind}-cpu`, unit: 'us', value: median(cpu[kind]), n: calls });
      if (kind === 'raw') continue;
      this.emit({ name: `${row}-${kind}`, unit: 'x', value: ratio(seen, kind), n: this.rounds });
    }
  }

  /** The generated client, into the lane (the default) and inline. */
  async client(): Promise<void> {
    const seen: Record<string, number[]> = { lane: [], inline: [] };
    let calls = 0;
    for (let round = 0; round < this.rounds; round++) {
      for (const kind of ['lane', 'inline'] as const) {
        const reply = await order(this.load, {
          kind: 'client',
          client: this.built.client,
          ...this.servers[kind].ready,
          callsInFlight: 256,
          ms: Math.max(this.ms, CLIENT_MS),
          warmMs: CLIENT_MS,
        });
        seen[kind].push(reply.callsPerSecond);
        calls += reply.calls;
      }
    }
    const row = (name: string, values: number[]): void => {
      this.emit({ name, unit: 'calls/s', value: median(values), n: calls });
    };
    row('client', seen.lane);
    row('client-inline', seen.inline);
  }
}

/** Measures everything; leaves no process and no folder behind, also when it fails. */
export async function run(emit: Emit, { quick }: { quick: boolean }): Promise<void> {
  const built = await build();
  const children: ChildProcess[] = [];
  const begin = (name: string, ...args: string[]): ChildProcess => {
    const child = start(name, args);
    children.push(child);
    return child;
  };
  try {
    const servers = {} as Record<Kind, Standing>;
    for (const kind of KINDS) {
      const process = begin('wire-host.ts', kind, built.wasm);
      servers[kind] = { process, ready: await answer<ServerReady>(process, PATIENCE_MS) };
    }
    const measured = new Suite(built, servers, begin('wire-load.ts'), emit, quick);
    for (const shape of SHAPES) await measured.shape(shape);
    await measured.client();
  } finally {
    for (const child of children) child.kill();
    rmSync(built.folder, { recursive: true, force: true });
  }
}
