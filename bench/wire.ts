// Owns the suite `wire`: calls into a sandboxed cell over a real WebSocket, beside an echo of the same bytes by bare
// uWebSockets.js, in one run. Every program is a process of its own:
//
//   wire-load.ts    prebuilt frames over one socket, or the generated client     (one, idle between runs)
//   wire-host.ts    raw: uWebSockets.js that sends back what it gets             (all three stand
//                   inline: the host with --lanes 0; lane: with one lane          from the start)
//
// Rounds go over all servers in turn, so that a noisy machine is noisy for all; ratios are medians of the
// rounds' pairs. A frame is 40 bytes both ways: a u64 through the compiled cell's codec.

import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { make } from '../build/make.ts';
import type { Measure } from './report.ts';
import type { LoadOrder, LoadReply, ServerReady } from './wire-orders.ts';

export const suite = 'wire';

/** Milliseconds that a process has to start, or to answer beyond its order's time. */
const PATIENCE_MS = 20_000;

const CELL = `/** Gives back what it gets. */
@service
class WireEcho {
  echo(value: u64): u64 {
    return value;
  }
}
`;

type Kind = 'raw' | 'inline' | 'lane';

interface Standing {
  process: ChildProcess;
  ready: ServerReady;
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function start(name: string, args: string[]): ChildProcess {
  return fork(file(name), args, {
    execArgv: ['--disable-wasm-trap-handler'],
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

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Builds the cell in a folder of its own, inside the project so that "cell/synapse" is found. */
async function build(): Promise<{ folder: string; wasm: string; client: string }> {
  const out = file('../.cell/out');
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, 'bench-wire-'));
  writeFileSync(join(folder, 'wire-echo.cell.ts'), CELL);
  const [made] = await make({ files: ['wire-echo.cell.ts'], cwd: folder });
  if (made.summary === null) {
    const why = made.findings.map(({ message }) => message).join('; ');
    throw new Error(`the cell of the suite wire does not build: ${why}`);
  }
  return { folder, wasm: join(folder, made.paths.wasm), client: join(folder, made.paths.client) };
}
