// The generated client against the real host: lane, kernel, membrane and a compiled cell.

import test from 'ava';
import type { Host } from '../../host/host.ts';
import { fingerprint, fingerprintNumber } from '../../host/schema/fingerprint.ts';
import { CellError, Status, Synapse } from '../../host/synapse/node/index.ts';
import { type World, world } from './world.ts';

const failing = { instanceOf: CellError };
let w: World;
let host: Host;

test.before(async () => {
  w = await world();
  host = await w.host();
});

test.after.always(async () => {
  await host?.stop();
  w?.remove();
});

const mint = (roles: string[] = []) => host.mintToken?.({ subject: 'tester', roles }) ?? null;

test('bigint, bytes and text come back right over WebSocket and Unix socket', async (t) => {
  const urls = [host.url, ...(host.socket === null ? [] : [`unix:${host.socket}`])];
  t.true(urls.length > 0);
  for (const url of urls) {
    const probe = await w.Probe.connect({ url, token: mint });
    t.is(await probe.echo(0n), 0n);
    t.is(await probe.echo(2n ** 64n - 1n), 2n ** 64n - 1n);
    t.deepEqual(await probe.reverse(new Uint8Array([1, 2, 3])), new Uint8Array([3, 2, 1]));
    t.is((await probe.reverse(new Uint8Array(0))).length, 0);
    t.is(await probe.shout('größer 🌍'), 'größer 🌍!');
    const large = new Uint8Array(900_000).map((_, i) => i % 251);
    const back = await probe.reverse(large);
    t.deepEqual(back.reverse(), large);
    await probe.synapse.close();
  }
});

test('thousands of calls at once are each answered with their own value', async (t) => {
  const probe = await w.Probe.connect({ url: host.url, token: mint });
  const values = Array.from({ length: 20_000 }, (_, i) => BigInt(i));
  t.deepEqual(await Promise.all(values.map((value) => probe.echo(value))), values);
  t.is(probe.synapse.inFlight, 0);
  t.is(probe.synapse.unansweredBytes, 0);
  t.is(probe.synapse.strays, 0);
  await probe.synapse.close();
});

test('a wrong argument is refused here, by name', async (t) => {
  const probe = await w.Probe.connect({ url: host.url, token: mint });
  for (const wrong of [-1n, 2n ** 64n, 5 as unknown as bigint, 'x' as unknown as bigint]) {
    const error = await t.throwsAsync<CellError>(probe.echo(wrong), failing);
    t.is(error.status, Status.INVALID_ARGUMENT);
    t.regex(error.message, /value/);
  }
  t.is(await probe.echo(7n), 7n);
  await probe.synapse.close();
});

test("the cell's own failure and its trap arrive as what they are", async (t) => {
  const probe = await w.Probe.connect({ url: host.url, token: mint });
  const failed = await t.throwsAsync<CellError>(probe.refuse(), failing);
  t.is(failed.status, Status.NOT_FOUND);
  t.is(failed.message, 'no such thing');
  t.is(failed.method, 'probe.refuse');
  const trapped = await t.throwsAsync<CellError>(probe.trap(), failing);
  t.is(trapped.status, Status.INTERNAL);
  t.regex(trapped.message, /broken inside/);
  t.is(await probe.echo(1n), 1n, 'the next call has a fresh instance');
  await probe.synapse.close();
});

test('who may call what', async (t) => {
  const stranger = await w.Probe.connect({ url: host.url, token: null });
  t.is(await stranger.open(), 'come in');
  const anonymous = await t.throwsAsync<CellError>(stranger.echo(1n), failing);
  t.true([Status.UNAUTHENTICATED, Status.UNIMPLEMENTED].includes(anonymous.status as 16));
  await stranger.synapse.close();
  const user = await w.Probe.connect({ url: host.url, token: mint });
  t.is((await t.throwsAsync<CellError>(user.secret(), failing)).status, Status.PERMISSION_DENIED);
  await user.synapse.close();
  const admin = await w.Probe.connect({ url: host.url, token: () => mint(['admin']) });
  t.is(await admin.secret(), 42);
  await admin.synapse.close();
  const liar = w.Probe.connect({ url: host.url, token: 'not.a.token' });
  t.is((await t.throwsAsync<CellError>(liar, failing)).status, Status.UNAUTHENTICATED);
});

test('a call that never ends is ended, and its neighbours are told', async (t) => {
  const probe = await w.Probe.connect({ url: host.url, token: mint });
  const error = await t.throwsAsync<CellError>(probe.spin(), failing);
  t.is(error.status, Status.DEADLINE_EXCEEDED);
  t.is(await probe.echo(3n), 3n);
  await probe.synapse.close();
});

test('cancelled and late calls give their slot and credit back', async (t) => {
  const probe = await w.Probe.connect({ url: host.url, token: mint });
  const stop = new AbortController();
  const calls = Array.from({ length: 500 }, (_, i) =>
    probe.echo(BigInt(i), { signal: stop.signal }),
  );
  const results = Promise.allSettled(calls);
  stop.abort();
  t.true((await results).every((one) => one.status === 'rejected'));
  while (probe.synapse.inFlight > 0) await probe.echo(1n);
  t.is(probe.synapse.unansweredBytes, 0);
  t.is(probe.synapse.strays, 0);
  await probe.synapse.close();
});

test('two generated clients share one connection', async (t) => {
  const first = await w.Probe.connect({ url: host.url, token: mint });
  const second = w.Probe.on(first.synapse);
  t.deepEqual(await Promise.all([first.echo(1n), second.echo(2n)]), [1n, 2n]);
  const strange = [{ name: 'nobody.knows', fingerprint: 1n, text: 'nobody.knows()->u32' }];
  const number = first.synapse.add(strange);
  first.synapse.begin();
  const call = first.synapse.end(number, 0, () => 0);
  t.is((await t.throwsAsync<CellError>(call, failing)).status, Status.UNIMPLEMENTED);
  t.is(await second.echo(9n), 9n);
  await first.synapse.close();
});

test('a client whose methods have changed is told what changed', async (t) => {
  const text = 'probe.echo(string)->u64';
  const methods = [{ name: 'probe.echo', fingerprint: fingerprintNumber(fingerprint(text)), text }];
  const synapse = await Synapse.open(methods, { url: host.url, token: mint });
  synapse.begin();
  const error = await t.throwsAsync<CellError>(
    synapse.end(0, 0, () => 0),
    failing,
  );
  t.is(error.status, Status.FAILED_PRECONDITION);
  t.regex(error.message, /string|u64/);
  await synapse.close();
});

test('a host that is stopped and started again gets its clients back', async (t) => {
  const folder = await world();
  let own = await folder.host();
  const { port, url } = own;
  const token = () => own.mintToken?.({ subject: 'again' }) ?? null;
  const options = { url, token, reconnect: { minMs: 5, maxMs: 50 } };
  const probe = await folder.Probe.connect(options);
  t.is(await probe.echo(1n), 1n);
  const lost = new Promise<void>((resolve) => {
    const off = probe.synapse.on('state', (state) => {
      if (state !== 'reconnecting') return;
      off();
      resolve();
    });
  });
  await own.stop();
  await lost;
  const waiting = probe.echo(2n);
  own = await folder.host(port);
  t.is(await waiting, 2n);
  await probe.synapse.close();
  await own.stop();
  folder.remove();
});

test('a program in the folder of the project needs to know nothing', async (t) => {
  const before = process.cwd();
  process.chdir(w.folder);
  try {
    const probe = await w.Probe.connect();
    t.is(await probe.echo(5n), 5n);
    await probe.synapse.close();
  } finally {
    process.chdir(before);
  }
});
