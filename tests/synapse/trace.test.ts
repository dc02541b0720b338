// The trace that a call belongs to, on the wire: sent when there is one, byte for byte, and never
// the reason why a call fails.
import test from 'ava';
import { FLAG_EXT, KIND_REQUEST } from '../../assembly/shared/frame.ts';
import { parseTraceParent } from '../../host/synapse/index.ts';
import { TRACE_BYTES, writeTrace } from '../../host/synapse/trace.ts';
import { Random } from '../kernel/random.ts';
import { connected, Host, plusOne, reply, stayAlive } from './peer.ts';

const release = stayAlive();
test.after.always(release);

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

test('traceparent: what the specification takes, and what it refuses', (t) => {
  const good = { traceId: TRACE, spanId: SPAN, sampled: true };
  t.deepEqual(parseTraceParent(`00-${TRACE}-${SPAN}-01`), good);
  t.deepEqual(parseTraceParent(`00-${TRACE}-${SPAN}-02`), { ...good, sampled: false });
  t.deepEqual(parseTraceParent(`cc-${TRACE}-${SPAN}-09-what-the-future-brings`), good);
  const zero = (digits: number) => '0'.repeat(digits);
  for (const text of [
    '',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01\n`,
    `00-${zero(32)}-${SPAN}-01`,
    `00-${TRACE}-${zero(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE.slice(1)}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-1`,
    `00_${TRACE}_${SPAN}_01`,
    `00-${TRACE}-${SPAN}-0g`,
    `0g-${TRACE}-${SPAN}-01`,
    `cc-${TRACE}-${SPAN}-01x`,
    `00-${TRACE.slice(1)}g-${SPAN}-01`,
  ]) {
    t.is(parseTraceParent(text), null, text);
  }
});

test('the extension, byte for byte', (t) => {
  const bytes = new Uint8Array(TRACE_BYTES);
  t.true(writeTrace(`00-${TRACE}-${SPAN}-01`, bytes));
  t.is(Buffer.from(bytes).toString('hex'), `20000207${TRACE}${SPAN}01000000`);
});

test('a call says which trace it belongs to, its arguments follow', async (t) => {
  let now: string | null = `00-${TRACE}-${SPAN}-01`;
  const { peer, echo } = await connected(new Host(), { trace: () => now });
  const calls = [echo.echo(1)];
  now = null;
  calls.push(echo.echo(2));
  now = `00-${TRACE}-${SPAN}-00`;
  calls.push(echo.echo(3));
  const got = await peer.some(KIND_REQUEST, 3);
  t.deepEqual(
    got.map(({ flags }) => flags),
    [FLAG_EXT, 0, FLAG_EXT],
  );
  const [first, second, third] = got.map(({ payload }) => Buffer.from(payload));
  t.is(first.subarray(0, TRACE_BYTES).toString('hex'), `20000207${TRACE}${SPAN}01000000`);
  t.is(first.length, TRACE_BYTES + second.length);
  t.is(third[28], 0, 'not sampled, and still in the trace');
  const number = (bytes: Buffer, at: number) => bytes.readUInt32LE(at);
  t.deepEqual([number(first, 32), number(second, 0), number(third, 32)], [1, 2, 3]);
  for (const [i, { call }] of got.entries()) peer.send(reply(call, i));
  t.deepEqual(await Promise.all(calls), [0, 1, 2]);
});

test('a source that throws, calls back in, or talks nonsense never fails a call', async (t) => {
  let answer: () => unknown = () => {
    throw new Error('no tracer');
  };
  const host = new Host();
  const { peer, echo } = await connected(host, { trace: () => answer() as string });
  const calls = [echo.echo(1)];
  answer = () => 7;
  calls.push(echo.echo(2));
  answer = () => '00-nonsense';
  calls.push(echo.echo(3));
  let inner = '';
  answer = () => {
    try {
      void echo.echo(9);
    } catch (error) {
      inner = (error as Error).message;
    }
    return `00-${TRACE}-${SPAN.slice(1)}-01`;
  };
  calls.push(echo.echo(4));
  const got = await peer.some(KIND_REQUEST, 4);
  t.true(got.every(({ flags }) => flags === 0));
  for (const one of got) peer.send(plusOne(one));
  t.deepEqual(await Promise.all(calls), [2, 3, 4, 5]);
  t.regex(inner, /while it was being encoded/);
});

test('fuzz: what is read is what the grammar says, for texts near a traceparent', (t) => {
  const random = new Random();
  t.log(`CELL_SEED=${random.seed}`);
  const grammar =
    /^(?!ff)(?:00|[0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
  const longer = /^(?!ff|00)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}-/;
  const good = `00-${TRACE}-${SPAN}-01`;
  let taken = 0;
  for (let i = 0; i < 20_000; i++) {
    let text = random.chance(3) ? `${random.chance(2) ? 'cc' : '00'}${good.slice(2)}` : good;
    if (random.chance(4)) text += random.pick(['-', '-x', 'x', '0', '-00']);
    for (let edits = random.below(3); edits > 0; edits--) {
      const at = random.below(text.length);
      const what = random.pick(['0', 'a', 'f', 'g', 'A', '-', '', ' ', '\u0130', '00']);
      text = text.slice(0, at) + what + text.slice(at + random.below(2));
    }
    if (random.chance(10))
      text = text.replace(random.pick([TRACE, SPAN]), (ids) => '0'.repeat(ids.length));
    const expected = grammar.test(text) || longer.test(text);
    const found = parseTraceParent(text);
    if ((found !== null) !== expected) t.fail(JSON.stringify(text));
    if (found !== null) taken++;
  }
  t.true(taken > 1000);
});
