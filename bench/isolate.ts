// Owns the inside of one suite's process: imports the suite's modules, runs them one after another
// and sends what they emit to bench/run.ts over IPC. Started by it only; never writes to stdout.
// Invariant: every row sent was checked by `rowOf`; the last message is 'done' or 'failed'.

import { type Measure, type Row, rowOf } from './report.ts';

/** What this process sends to bench/run.ts. */
export type Message =
  | { kind: 'row'; row: Row }
  | { kind: 'done' }
  | { kind: 'failed'; why: string };

/** What a bench module exports. `run` resolves when everything was emitted. */
export interface SuiteModule {
  suite: string;
  run(emit: (measure: Measure) => void, options: { quick: boolean }): Promise<void>;
}

function send(message: Message): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) throw new Error('bench/isolate.ts is started by bench/run.ts');
    process.send(message, () => resolve());
  });
}

async function main(suite: string, modules: string[], quick: boolean): Promise<void> {
  const sent: Promise<void>[] = [];
  try {
    for (const file of modules) {
      const module = (await import(file)) as SuiteModule;
      if (typeof module.run !== 'function' || module.suite !== suite) {
        throw new Error(`${file} must export suite = '${suite}' and run(emit, {quick})`);
      }
      const emit = (measure: Measure) => {
        sent.push(send({ kind: 'row', row: rowOf(suite, measure) }));
      };
      await module.run(emit, { quick });
    }
    await Promise.all(sent);
    await send({ kind: 'done' });
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    await send({ kind: 'failed', why });
  }
  process.exit(0);
}

const [suite, speed, ...modules] = process.argv.slice(2);
await main(suite, modules, speed === 'quick');
