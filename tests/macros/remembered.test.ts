// What a standard cell has answered is not asked again: the same module, the same request.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Description, Plan, PlanRequest } from '../../build/2-discover/protocol.ts';
import { Remembered } from '../../build/2-discover/remembered.ts';
import type { Provider } from '../../build/3-negotiate/contract.ts';
import { request } from './in-process.ts';

const DESCRIPTION = {
  ...{ version: 1, ns: 'Shop', doc: '', macros: [], profiles: [], bindings: [] },
  settings: {
    ...{ type: 'any', doc: '', optional: false, values: [], valuesFrom: '' },
    ...{ min: Number.NaN, max: Number.NaN, of: [], name: '' },
  },
} satisfies Description;

const plan = (about: string): Plan => ({
  ...{
    contributions: [],
    asks: [],
    orders: [],
    complaints: [],
    effects: [],
    lock: '',
    documents: [],
  },
  facts: [{ about, key: 'k', values: [], cell: '' }],
});

const asked = (round: number): PlanRequest => ({ ...request([]), round });

function shop(t: ExecutionContext) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-remembered-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true }));
  const requests: string[] = [];
  const provider = (digest: string, changing = false): Remembered => {
    const inner: Provider = {
      ...{ cell: 'shop', level: 1, from: 'cell', digest },
      ready: async () => void requests.push('ready'),
      describe: async () => {
        requests.push('describe');
        return DESCRIPTION;
      },
      plan: async ({ round }) => {
        requests.push(`plan ${round}`);
        return plan(`${digest} ${round}`);
      },
      apply: async () => ({ standing: ['applied'], message: '', fix: '' }),
      rollback: async () => ({ standing: [], message: '', fix: '' }),
    };
    return new Remembered({ ...inner, patienceMs: 1000, changing }, async () => inner, folder);
  };
  return { folder, requests, provider };
}

test('what was answered is not asked again, by the next build neither', async (t) => {
  const { requests, provider } = shop(t);
  for (let build = 0; build < 2; build++) {
    const one = provider('a');
    await one.ready();
    t.deepEqual(await one.describe(), DESCRIPTION);
    t.deepEqual(await one.plan(asked(1)), plan('a 1'));
  }
  t.deepEqual(requests, ['ready', 'describe', 'plan 1']);
  t.deepEqual(await provider('a').plan(asked(2)), plan('a 2'));
  t.is(requests.at(-1), 'plan 2');
  t.deepEqual((await provider('a').apply({ version: 1, step: '', effects: [] })).standing, [
    'applied',
  ]);
});

test('another module is asked anew, and so is one whose answers are damaged', async (t) => {
  const { folder, requests, provider } = shop(t);
  await provider('a').plan(asked(1));
  t.deepEqual(await provider('b').plan(asked(1)), plan('b 1'));
  t.deepEqual(requests, ['plan 1', 'plan 1']);
  const file = path.join(folder, 'answers-shop.json');
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('b 1', 'c 1'));
  t.deepEqual(await provider('b').plan(asked(1)), plan('b 1'));
  t.is(requests.length, 3);
});

test('of a cell that looks at databases the description is kept, and no plan', async (t) => {
  const { requests, provider } = shop(t);
  for (let build = 0; build < 2; build++) {
    const one = provider('a', true);
    await one.ready();
    t.deepEqual(await one.describe(), DESCRIPTION);
    t.deepEqual(await one.plan(asked(1)), plan('a 1'));
  }
  t.deepEqual(requests, ['ready', 'describe', 'plan 1', 'plan 1']);
});

test('64 plans are kept of a module, the newest', async (t) => {
  const { requests, provider } = shop(t);
  const one = provider('a');
  for (let round = 1; round <= 65; round++) await one.plan(asked(round));
  requests.length = 0;
  for (let round = 2; round <= 65; round++) await provider('a').plan(asked(round));
  t.deepEqual(requests, []);
  await provider('a').plan(asked(1));
  t.deepEqual(requests, ['plan 1']);
});
