// A whole host over durable fields: worker lanes, clients over WebSockets, a stop under load, a
// second host that comes too early, and a lane that is ended from outside.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import { readModule } from '../../host/cell/module.ts';
import { client, folder, type Module, serve } from '../std/served.ts';
import { answering } from '../std/standard.ts';
import { moduleOf } from './kept-service.ts';

const SERVICE = `
@service class Visits {
  @Storage.persist seen: Map<string, u64> = new Map();
  visit(who: string): u64 {
    const count = this.seen.has(who) ? this.seen.get(who) + 1 : 1;
    this.seen.set(who, count);
    return count;
  }
  all(): Map<string, u64> { return this.seen; }
}`;

const WHO = { subject: 'ann' };
let discovery: Discovery;
test.before(async () => {
  discovery = await answering({ Storage: 'storage' });
});

async function place(t: Parameters<typeof folder>[0]) {
  const cwd = folder(t);
  const wasm = (await moduleOf(discovery, SERVICE)) as Uint8Array<ArrayBuffer>;
  const file = path.join(cwd, 'visits.wasm');
  fs.writeFileSync(file, wasm);
  const module: Module = { file, schema: readModule(wasm, file).schema };
  const kv = { file: path.join(cwd, 'data', 'visits.sqlite') };
  const start = (lanes: number) =>
    serve(t, cwd, [module], { lanes, config: { grants: { visits: { kv } } } });
  return { module, start };
}

for (const lanes of [0, 1]) {
  test(`stopped under load and started again, --lanes ${lanes}`, async (t) => {
    const { module, start } = await place(t);
    const answered = new Map<string, bigint>();
    for (let life = 0; life < 2; life++) {
      const host = await start(lanes);
      const { call } = await client(t, host, module, WHO);
      const stored = (await call('all')) as Map<string, bigint>;
      for (const [who, count] of answered) t.true((stored.get(who) ?? 0n) >= count, who);
      const calls = Array.from({ length: 300 }, async (_, i) => {
        const who = `v${i % 7}`;
        const count = (await call('visit', who)) as bigint;
        if (count > (answered.get(who) ?? 0n)) answered.set(who, count);
      });
      await Promise.race(calls);
      await host.stop();
      const ends = await Promise.allSettled(calls);
      t.is(ends.length, 300);
    }
    const host = await start(lanes);
    const { call } = await client(t, host, module, WHO);
    const stored = (await call('all')) as Map<string, bigint>;
    t.true(answered.size > 0);
    for (const [who, count] of answered) t.true((stored.get(who) ?? 0n) >= count, who);
  });
}

test('a second host over the same store is refused while the first one serves', async (t) => {
  const { module, start } = await place(t);
  const first = await start(1);
  const { call } = await client(t, first, module, WHO);
  t.is(await call('visit', 'a'), 1n);
  await t.throwsAsync(start(1), { message: /is in use by another host; a store has one host/ });
  t.is(await call('visit', 'a'), 2n);
  await first.stop();
  const second = await start(1);
  const again = await client(t, second, module, WHO);
  t.is(await again.call('visit', 'a'), 3n);
});
