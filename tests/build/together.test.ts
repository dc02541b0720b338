// Effects of several services in one build: together or not at all, with what is needed by others.
import test from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import type { Schema } from '../../host/schema/types.ts';
import { FakeDiscovery } from './fake-cell.ts';
import { project, service, told } from './keeping.ts';
import { neighbours } from './village.ts';

const LOCK = '.cell/lock/till.schema.lock';

test('CELL4128: effects of two services are made together or not at all', async (t) => {
  const files = {
    'bank.cell.ts': service('Bank', 'coins'),
    'plain.cell.ts': service('Plain'),
    'shop.cell.ts': service('Shop', 'users'),
  };
  const good = project(t, files);
  t.deepEqual(told(await good.run()), []);
  t.deepEqual(good.till.steps, ['prepare bank', 'prepare shop', 'commit bank', 'commit shop']);
  const stands: Record<string, RegExp> = {
    'prepare bank': /nothing stands$/,
    'prepare shop': /nothing stands$/,
    'commit bank': /nothing stands$/,
    'commit shop': /nothing stands$/,
    'lost commit shop': /nothing stands/,
  };
  for (const [step, text] of Object.entries(stands)) {
    const p = project(t, files);
    p.till.fails.add(step);
    const made = await p.run();
    const culprit = step.endsWith('bank') ? 0 : 2;
    t.is(made[culprit].findings[0].code, 'CELL4044', step);
    t.regex(made[culprit].findings[0].message, text, step);
    t.deepEqual(
      made[2 - culprit].findings.map((f) => f.code),
      ['CELL4128'],
      step,
    );
    t.deepEqual([made[0].summary, made[2].summary], [null, null], step);
    t.not(made[1].summary, null, 'what has no part in it is built');
    t.deepEqual([...p.till.database], [], step);
    t.false(p.there(LOCK), step);
    t.deepEqual(
      p.listed('.cell/out').filter((n) => n.endsWith('.wasm')),
      ['plain.wasm'],
      step,
    );
  }
  // What cannot be taken back is said to stand, and by whom it was wanted.
  const p = project(t, files);
  for (const step of ['commit shop', 'rollback of commit bank']) p.till.fails.add(step);
  const made = await p.run();
  t.regex(
    made[2].findings[0].message,
    /could not commit .*: service shop: no commit; these stand: till for bank: table coins\./,
  );
});

test('a service that is called waits with those that it calls', async (t) => {
  const files = {
    'bank.cell.ts': service('Bank', 'coins'),
    'shop.cell.ts': `@remote("bank") class Bank {}
@service class Shop { two(): u32 { return Bank.one() + 1; } }`,
  };
  const p = project(t, files);
  p.till.fails.add('commit bank');
  const discover = (): Discovery => {
    const fake = new FakeDiscovery({ Till: p.till });
    const { find } = neighbours({});
    const schemaOf = (cell: string): Schema => JSON.parse(p.read(`.cell/out/${cell}.schema.json`));
    return {
      find: (ns) => (ns === '' ? find(ns) : fake.find(ns)),
      identify: (ns) => (ns === '' ? find(ns) : fake.find(ns)),
      remote: async (cell) =>
        p.there(`.cell/out/${cell}.wasm`) ? { schema: schemaOf(cell), from: 'here' } : null,
      namespaces: async () => ['', 'Till'],
      close: async () => {},
    };
  };
  const failed = await p.run({ discover });
  t.deepEqual(
    failed.map((m) => m.findings.map((f) => f.code)),
    [['CELL4044'], ['CELL4128']],
  );
  t.deepEqual(
    p.listed('.cell/out').filter((n) => n.endsWith('.wasm')),
    [],
  );
  p.till.fails.clear();
  t.deepEqual(told(await p.run({ discover })), []);
  t.deepEqual(
    p.listed('.cell/out').filter((n) => n.endsWith('.wasm')),
    ['bank.wasm', 'shop.wasm'],
  );
});
