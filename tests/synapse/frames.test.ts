// A host that breaks the protocol: the connection ends, the fault is named, and every call is
// settled.

import test from 'ava';
import { KIND_REQUEST, KIND_RESPONSE } from '../../assembly/shared/frame.ts';
import * as reasons from '../../assembly/shared/reason.ts';
import { CellError, reasonText, Status } from '../../host/synapse/index.ts';
import { connected, errorFrame, frame, Host, plusOne, reply, stayAlive } from './peer.ts';

const release = stayAlive();
test.after.always(release);
const failing = { instanceOf: CellError };

function broken(change: (bytes: Uint8Array, view: DataView) => void, size = 24): Uint8Array {
  const bytes = reply(0x10001, 1).slice(0, size);
  change(bytes, new DataView(bytes.buffer));
  return bytes;
}

const FAULTS: [string, Uint8Array, RegExp][] = [
  ['a header cut short', new Uint8Array(15), /ends inside a frame header \(15 bytes\)/],
  [
    'a length beyond the message',
    broken((_, view) => view.setUint32(0, 9, true)),
    /9 bytes with 8/,
  ],
  ['a huge length', broken((_, view) => view.setUint32(0, 0xffffffff, true)), /4294967295 bytes/],
  ['padding beyond the message', broken(() => {}, 20), /padding of a frame/],
  ['reserved flags', broken((bytes) => (bytes[5] = 8)), /reserved flags \(8\)/],
  ['another channel', broken((bytes) => (bytes[5] = 2)), /channel 2/],
  ['an unknown kind', broken((bytes) => (bytes[4] = 13)), /kind 13/],
  ['kind 0', broken((bytes) => (bytes[4] = 0)), /kind 0/],
  ['a REQUEST', broken((bytes) => (bytes[4] = KIND_REQUEST)), /kind 3/],
  ['a stream that nobody opened', broken((bytes) => (bytes[4] = 6)), /kind 6/],
  ['extensions longer than the frame', extended([64, 0, 2, 1]), /extensions/],
  ['extensions of odd length', extended([7, 0, 2, 1]), /extensions/],
  ['no room for extensions', broken((bytes) => (bytes[5] = 4)), /extensions/],
  ['an extension that must be understood', extended([8, 0, 1, 1]), /extensions/],
  ['an extension past its block', extended([8, 0, 2, 9]), /extensions/],
];

function extended(start: number[]): Uint8Array {
  const bytes = frame(
    KIND_RESPONSE,
    0x10001,
    0,
    0,
    new Uint8Array([...start, 0, 0, 0, 0, 1, 0, 0, 0]),
  );
  bytes[5] = 4;
  return bytes;
}

for (const [what, bytes, message] of FAULTS) {
  test(`${what} ends the connection and is named`, async (t) => {
    const { peer, echo, synapse } = await connected(new Host(), { reconnect: false });
    const calls = [echo.echo(1), echo.echo(2)];
    const rejected = calls.map((call) => t.throwsAsync<CellError>(call, failing));
    await peer.some(KIND_REQUEST, 2);
    peer.send(bytes);
    for (const error of await Promise.all(rejected)) {
      t.is(error.status, Status.DATA_LOSS);
      t.regex(error.message, message);
    }
    t.is(peer.closedWith?.code, 1002);
    t.is(synapse.state, 'closed');
  });
}

test('good frames before the bad one are answered, those after it are not read', async (t) => {
  const { peer, echo, synapse } = await connected(new Host(), { reconnect: false });
  const calls = Promise.allSettled([echo.echo(1), echo.echo(2)]);
  const got = await peer.some(KIND_REQUEST, 2);
  const bad = reply(0x10001, 1);
  bad[4] = 99;
  peer.send(plusOne(got[0]), bad, plusOne(got[1]));
  t.deepEqual(
    (await calls).map((one) => one.status),
    ['fulfilled', 'rejected'],
  );
  t.is(synapse.inFlight, 0);
});

test('with reconnect the next connection gets its chance', async (t) => {
  const host = new Host();
  const { peer, synapse, echo } = await connected(host, { reconnect: { minMs: 1, maxMs: 1 } });
  const arrival = host.arrival();
  peer.send(new Uint8Array(3));
  const next = await arrival;
  const call = echo.echo(1);
  next.send(plusOne(await next.next(KIND_REQUEST)));
  t.is(await call, 2);
  await synapse.close();
});

test('whatever bytes a host sends, nothing is thrown and every call is settled', async (t) => {
  const seed = Number(process.env.CELL_SEED ?? Date.now() % 1_000_000);
  t.log(`CELL_SEED=${seed}`);
  const random = generator(seed);
  for (let round = 0; round < 300; round++) {
    const { peer, echo, synapse } = await connected(new Host(), { reconnect: false });
    const calls = Array.from({ length: 6 }, (_, i) => echo.echo(i));
    const results = Promise.allSettled(calls);
    const got = await peer.some(KIND_REQUEST, 6);
    const parts = got.map((one, i) => {
      if (i % 3 === 2) return errorFrame(one.call, 1 + random(16), 'x'.repeat(random(20)));
      return plusOne(one);
    });
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    for (let k = random(4); k >= 0; k--) bytes[random(size)] ^= 1 << random(8);
    peer.send(bytes.slice(0, random(5) === 0 ? random(size) : size));
    await new Promise((resolve) => setImmediate(resolve));
    await synapse.close();
    t.is((await results).length, 6);
    t.is(synapse.inFlight, 0);
    t.is(synapse.unansweredBytes, 0);
  }
});

test('every reason has its words, and no two are the same', (t) => {
  const texts = new Set<string>();
  for (const [name, number] of Object.entries(reasons)) {
    const { text, fix } = reasonText(number);
    t.false(text.includes('does not know'), name);
    t.true(text.length > 10 && fix.length > 5, name);
    texts.add(text);
  }
  t.is(texts.size, Object.keys(reasons).length);
  t.regex(reasonText(255).text, /reason 255/);
});

/** Numbers in [0, below), xorshift. */
function generator(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
