// Another program of the same user tidies up while the host runs: the run folder goes away. The
// host stays, and obeys orders that come after it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { leaveOrder, RevokeOrders } from '../../host/session/revoke-orders.ts';

test('a run folder that is removed does not end the host, nor what is revoked later', async (t) => {
  const run = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-run-'));
  t.teardown(() => fs.rmSync(run, { recursive: true, force: true }));
  let heard: (subject: string) => void = () => {};
  const orders = await RevokeOrders.open(run, async ({ subject }) => heard(subject));
  t.teardown(() => orders.close());
  // The change is told by the system, or found by the next look: both must be survived.
  const told = new Promise<void>((resolve) => {
    const watcher = fs.watch(run, () => resolve(watcher.close()));
  });
  fs.rmSync(path.join(run, 'revoke'), { recursive: true });
  await told;
  await new Promise((resolve) => setImmediate(resolve));
  const revoked = new Promise<string>((resolve) => {
    heard = resolve;
  });
  leaveOrder(run, { subject: 'mallory', until: Date.now() + 60_000 });
  t.is(await revoked, 'mallory');
});
