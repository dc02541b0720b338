// Orders to revoke: carried out once, kept when they cannot be made durable, harmless when
// malformed.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { leaveOrder, type RevokeOrder, RevokeOrders } from '../../host/session/revoke-orders.ts';

function folder(t: import('ava').ExecutionContext): string {
  const run = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-orders-'));
  t.teardown(() => fs.rmSync(run, { recursive: true, force: true }));
  return run;
}

test('orders left while no host ran are carried out at start, later ones at once', async (t) => {
  const run = folder(t);
  const done: RevokeOrder[] = [];
  const early = leaveOrder(run, { subject: 'a', until: 5 });
  const arrived = Promise.withResolvers<void>();
  const orders = await RevokeOrders.open(run, async (order) => {
    done.push(order);
    if (order.subject === 'b') arrived.resolve();
  });
  t.false(fs.existsSync(early), 'gone when in force');
  const late = leaveOrder(run, { subject: 'b', until: 6 });
  await arrived.promise;
  await orders.close();
  t.false(fs.existsSync(late));
  t.deepEqual(done, [
    { subject: 'a', until: 5 },
    { subject: 'b', until: 6 },
  ]);
});

test('an order that did not become durable stays and is tried again', async (t) => {
  const run = folder(t);
  const file = leaveOrder(run, { subject: 'a', until: 5 });
  let tries = 0;
  const second = Promise.withResolvers<void>();
  const orders = await RevokeOrders.open(run, async () => {
    tries++;
    if (tries === 1) throw new Error('disk full');
    second.resolve();
  });
  t.true(fs.existsSync(file), 'still there after the failure');
  await second.promise;
  await orders.close();
  t.false(fs.existsSync(file));
});

test('orders of one subject are carried out in turn, also after a failure', async (t) => {
  const run = folder(t);
  for (let i = 0; i < 8; i++) {
    leaveOrder(run, { subject: 'a', until: i });
    leaveOrder(run, { subject: 'a', lift: true });
  }
  leaveOrder(run, { subject: 'b', until: 9 });
  const done: RevokeOrder[] = [];
  let failed = false;
  const all = Promise.withResolvers<void>();
  const orders = await RevokeOrders.open(run, async (order) => {
    if (!failed && order.until === 3) {
      failed = true;
      throw new Error('disk full');
    }
    done.push(order);
    if (done.length === 17) all.resolve();
  });
  t.deepEqual(done[done.length - 1], { subject: 'b', until: 9 }, 'others do not wait');
  await all.promise;
  await orders.close();
  const ofA = done.filter(({ subject }) => subject === 'a');
  t.deepEqual(
    ofA.map(({ until, lift }) => lift ?? until),
    Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? i / 2 : true)),
  );
});

test('malformed orders are removed without effect; only the owner may write', async (t) => {
  const run = folder(t);
  leaveOrder(run, { subject: 'x', until: 1 });
  const place = path.join(run, 'revoke');
  if (process.platform !== 'win32') t.is(fs.statSync(place).mode & 0o077, 0);
  fs.rmSync(place, { recursive: true });
  fs.mkdirSync(place);
  const wrong = [
    '{',
    '{}',
    '{"subject":1,"until":2}',
    '{"subject":"a","until":"b"}',
    '{"subject":"a","lift":"yes"}',
    '{"lift":true}',
    `"${'x'.repeat(5000)}"`,
  ];
  wrong.forEach((text, i) => {
    fs.writeFileSync(path.join(place, `${i}.json`), text);
  });
  fs.writeFileSync(path.join(place, 'note.txt'), 'not an order');
  const orders = await RevokeOrders.open(run, async () => t.fail());
  await orders.close();
  t.deepEqual(fs.readdirSync(place), ['note.txt']);
});
