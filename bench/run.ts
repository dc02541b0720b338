// Owns `npm run bench`: which suites there are, their order and their time limits. Each suite runs
// in a process of its own, so that a crash, a leak or an endless loop in one cannot touch another.
// Never measures anything itself. With --json only rows reach stdout; all else goes to stderr.

import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Message } from './isolate.ts';
import { closing, type Failure, jsonLine, judge, type Row, table } from './report.ts';

const NO_GUARDS = '--disable-wasm-trap-handler';

/** A suite: the modules that make it up, and the seconds after which it is ended. */
export interface Suite {
  name: string;
  modules: string[];
  limitSeconds: number;
}

/** All suites, in the order of the road of a call. */
export const suites: readonly Suite[] = [
  { name: 'kernel', modules: ['kernel.ts'], limitSeconds: 180 },
  { name: 'macros', modules: ['macros.ts'], limitSeconds: 180 },
  { name: 'ring', modules: ['ring.ts'], limitSeconds: 120 },
  { name: 'wire', modules: ['wire.ts', 'waiting.ts'], limitSeconds: 240 },
  { name: 'codec', modules: ['codec.ts'], limitSeconds: 240 },
  { name: 'faults', modules: ['faults.ts'], limitSeconds: 120 },
  { name: 'peers', modules: ['peers.ts'], limitSeconds: 180 },
  { name: 'density', modules: ['density.ts'], limitSeconds: 180 },
  { name: 'build', modules: ['build.ts'], limitSeconds: 180 },
  { name: 'compile', modules: ['compile.ts'], limitSeconds: 240 },
  { name: 'sql', modules: ['sql.ts'], limitSeconds: 240 },
  { name: 'storage', modules: ['storage.ts'], limitSeconds: 120 },
];

export const usage = `npm run bench -- [suite...] [--json] [--quick] [--strict]

Measures and prints each number beside the target that it must hold.

  suites     ${suites.map((suite) => suite.name).join(' ')}   (none named: all of them)
  --json     one object a line {"suite","name","unit","value","n"}, and nothing else on stdout
  --quick    fewer and shorter runs: tells whether it works, not how fast it is
  --strict   exit code 2 when a target is missed or was not measured
  --help     this text

example: npm run bench -- kernel ring --json`;

export interface Order {
  suites: Suite[];
  json: boolean;
  quick: boolean;
  strict: boolean;
  help: boolean;
}

/** An order that cannot be carried out; the message says what to write instead. */
export class OrderError extends Error {}

/** Reads the command line. OrderError names an unknown suite or option, with the list. */
export function readOrder(argv: string[]): Order {
  const flag = { type: 'boolean', default: false } as const;
  const options = { json: flag, quick: flag, strict: flag, help: { ...flag, short: 'h' } } as const;
  let parsed: ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: argv, options, allowPositionals: true });
  } catch (error) {
    const option = /'(-[^']*)'/.exec((error as Error).message)?.[1] ?? argv.join(' ');
    throw new OrderError(
      `bench has no option ${option}; it knows --json, --quick, --strict and --help`,
    );
  }
  const chosen = parsed.positionals.map((name) => {
    const suite = suites.find((each) => each.name === name);
    if (suite !== undefined) return suite;
    const list = suites.map((each) => each.name).join(', ');
    throw new OrderError(`bench has no suite "${name}"; the suites are ${list}`);
  });
  const { json, quick, strict, help } = parsed.values;
  const wanted = chosen.length === 0 ? [...suites] : [...new Set(chosen)];
  return { suites: wanted, json, quick, strict, help };
}

/**
 * Runs one suite in a child process; `row` is called as rows arrive. Resolves with what went wrong,
 * or null. The child's stdout and stderr both go to this process's stderr.
 */
export function runSuite(
  suite: Suite,
  quick: boolean,
  row: (row: Row) => void,
): Promise<string | null> {
  const files = suite.modules.map((file) => new URL(file, import.meta.url));
  const absent = files.find((file) => !existsSync(file));
  if (absent !== undefined) return Promise.resolve(`${fileURLToPath(absent)} does not exist`);
  const child = fork(
    new URL('isolate.ts', import.meta.url),
    [suite.name, quick ? 'quick' : 'full', ...files.map((file) => file.href)],
    {
      // As the host runs: without guard regions only where there are many instances (cell.mjs).
      execArgv: ['--expose-gc', ...(suite.name === 'density' ? [NO_GUARDS] : [])],
      stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
      serialization: 'advanced',
    },
  );
  return new Promise((resolve) => {
    let why: string | null = 'ended without a word';
    const timer = setTimeout(() => {
      why = `took longer than its ${suite.limitSeconds} seconds and was ended`;
      child.removeAllListeners('message');
      child.kill('SIGKILL');
    }, suite.limitSeconds * 1000);
    child.on('message', (message: Message) => {
      if (message.kind === 'row') row(message.row);
      if (message.kind === 'done') why = null;
      if (message.kind === 'failed') why = message.why;
    });
    child.once('error', (error) => {
      why = error.message;
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (why === 'ended without a word') why += ` (${signal ?? `exit code ${code}`})`;
      resolve(why);
    });
  });
}

/**
 * Carries out an order. Returns the exit code: 0, 1 a suite failed, 2 a target missed (--strict).
 */
export async function runOrder(order: Order): Promise<number> {
  const rows: Row[] = [];
  const failures: Failure[] = [];
  const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  for (const suite of order.suites) {
    const own: Row[] = [];
    const why = await runSuite(suite, order.quick, (row) => {
      own.push(row);
      if (order.json) process.stdout.write(`${jsonLine(row)}\n`);
    });
    rows.push(...own);
    if (!order.json && own.length > 0) console.log(table(suite.name, own, colour));
    if (why !== null) {
      failures.push({ suite: suite.name, why });
      console.error(`bench: suite ${suite.name} failed: ${why}`);
    }
  }
  const names = order.suites.map((suite) => suite.name);
  const verdict = judge(names, rows);
  if (!order.json) {
    if (order.quick) console.log('\n--quick: runs too short to judge targets by.');
    console.log(`\n${closing(verdict, failures)}`);
  }
  if (failures.length > 0) return 1;
  return order.strict && verdict.short.length + verdict.unmeasured.length > 0 ? 2 : 0;
}

/** The command: reads `argv`, runs, returns the exit code; 64 for an order it cannot read. */
export async function main(argv: string[]): Promise<number> {
  try {
    const order = readOrder(argv);
    if (order.help) {
      console.log(usage);
      return 0;
    }
    return await runOrder(order);
  } catch (error) {
    if (!(error instanceof OrderError)) throw error;
    console.error(`bench: ${error.message}`);
    return 64;
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
