// A host whose cells call each other: what is granted, and by whom.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type HostOptions, startHost } from '../../host/host.ts';
import { caller, counter } from '../lane/callers.ts';
import { makeCell } from '../lane/cells.ts';

function options(t: ExecutionContext, more: Partial<HostOptions> = {}): HostOptions {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-calls-'));
  t.teardown(() => fs.rmSync(cwd, { recursive: true, force: true }));
  const cells = [
    caller('shop', [{ name: 'count', target: 'ledger.count' }]),
    counter('ledger'),
    counter('alone'),
  ];
  const modules = cells.map((cell) => {
    const file = path.join(cwd, `${cell.name}.wasm`);
    fs.writeFileSync(file, makeCell(cell));
    return file;
  });
  const events = { log: () => {} };
  return { cwd, modules, config: {}, lanes: 0, port: 0, host: '127.0.0.1', events, ...more };
}

test('a call that nobody has approved is refused, with what to write', async (t) => {
  await t.throwsAsync(startHost(options(t)), {
    message: /`shop` imports cell:call\.ledger.*grants: \{ shop: \{ call: \['ledger'\] \} \}/,
  });
  const approved = (cell: string) => (cell === 'shop' ? ['log', 'call:other'] : ['call:ledger']);
  await t.throwsAsync(startHost(options(t, { approved })), { message: /call:ledger/ });
});

test('the lock approves it, or the configuration grants it', async (t) => {
  const approved = (cell: string) => (cell === 'shop' ? ['clock', 'call:ledger'] : []);
  const config = { grants: { shop: { call: ['ledger'] } } };
  for (const given of [{ approved }, { config }]) {
    const host = await startHost(options(t, given));
    const [shop, ledger, alone] = host.cells;
    t.deepEqual([shop.grants.call, ledger.grants.call], [['ledger'], undefined]);
    t.is(shop.kin, ledger.kin);
    t.not(shop.kin, alone.kin);
    await host.stop();
  }
});
