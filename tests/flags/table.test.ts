// Flags in shared memory: whole versions only, whoever writes meanwhile.
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { FLAGS_BYTES } from '../../assembly/shared/limits.ts';
import { checkFlags, type Flags } from '../../host/flags/definition.ts';
import { flagsVersion, readFlags, writeFlags } from '../../host/flags/table.ts';
import { createMemory } from '../../host/lane/memory.ts';

const memory = () => createMemory({ lanes: 1, sessions: 1, routes: 1, ringBytes: 4096 });
const flags = (given: object): Flags => checkFlags({ flags: given });

test('what was written last is read; before that there are none', (t) => {
  const shared = memory();
  t.is(flagsVersion(shared), 0);
  t.deepEqual(Object.keys(readFlags(shared).flags), []);
  for (let i = 1; i <= 5; i++) {
    writeFlags(shared, flags({ f: i % 2 === 0, [`g${i}`]: true }));
    const { version, flags: found } = readFlags(shared);
    t.is(version, i);
    t.is(found.f.default, i % 2 === 0);
    t.deepEqual(Object.keys(found), ['f', `g${i}`]);
  }
});

test('the largest that fits is written, one byte more is refused and changes nothing', (t) => {
  const shared = memory();
  const sized = (bytes: number): Flags => {
    const one = (extra: number) =>
      ({ f: { variants: null, default: 'x'.repeat(extra), enabled: true, rules: [] } }) as Flags;
    return one(bytes - JSON.stringify(one(0)).length);
  };
  writeFlags(shared, sized(FLAGS_BYTES - 4));
  t.is(JSON.stringify(readFlags(shared).flags).length, FLAGS_BYTES - 4);
  t.throws(() => writeFlags(shared, sized(FLAGS_BYTES - 3)), { message: /at most 262140 fit/ });
  t.is(flagsVersion(shared), 1);
});

test('the number after the last one is not 0', (t) => {
  const shared = memory();
  Atomics.store(shared.words, shared.flagsAt >>> 2, 0x7fffffff);
  writeFlags(shared, flags({ f: true }));
  t.is(flagsVersion(shared), 2);
  t.true(readFlags(shared).flags.f.default);
});

test('a reader beside a writer sees whole versions, and newer ones each time', async (t) => {
  const shared = memory();
  writeFlags(shared, flags({ n0: true }));
  const source = `
    const { workerData } = require('node:worker_threads');
    Promise.all([
      import(workerData.table), import(workerData.lane), import(workerData.limits)
    ]).then(([{ writeFlags }, { openMemory }]) => {
      const memory = openMemory(workerData.memory);
      for (let i = 1; i <= 3000; i++) {
        const flags = {};
        for (let n = 0; n <= i % 50; n++) flags['n' + n] = { default: i };
        writeFlags(memory, flags);
      }
    });`;
  const url = (file: string) => new URL(`../../${file}`, import.meta.url).href;
  const worker = new Worker(source, {
    eval: true,
    workerData: {
      memory: shared.memory,
      table: url('host/flags/table.ts'),
      lane: url('host/lane/memory.ts'),
      limits: url('assembly/shared/limits.ts'),
    },
  });
  const ended = new Promise<void>((resolve, reject) => {
    worker.once('exit', () => resolve());
    worker.once('error', reject);
  });
  let running = true;
  void ended.finally(() => {
    running = false;
  });
  let last = 0;
  while (running || last < 3001) {
    const { version, flags: found } = readFlags(shared);
    t.true(version >= last);
    const values = Object.values(found).map((flag) => flag.default as unknown as number);
    if (version > 1) {
      t.is(new Set(values).size, 1, 'one version in all of it');
      t.is(values.length, (values[0] % 50) + 1);
    }
    last = version;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await ended;
  t.is(last, 3001);
});
