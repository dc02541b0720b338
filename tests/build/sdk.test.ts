// The names that cells see without importing them do what they say, through the real gate and
// membrane.
import test from 'ava';
import { link } from './linked.ts';
import { compiled } from './project.ts';

const cell = compiled(`
class Reason { code: u32 = 0; text: string = ""; }
function check(n: u32): u32 {
  if (n > 9) return fail<u32>(Status.OUT_OF_RANGE, "too many: " + n.toString());
  return n * 2;
}
function quiet(n: u32): void { if (n > 9) fail<void>(Status.ABORTED, ""); }
function deep(n: u32): u32 { return attempt<u32, u32>(check, n).value + 1; }
@service
class Example {
  plain(n: u32): u32 { return check(n); }
  nothing(n: u32): void { quiet(n); }
  caught(n: u32): string {
    const a = attempt<u32, u32>(check, n);
    return a.ok ? "ok " + a.value.toString() : a.status.toString() + " " + a.message;
  }
  caughtVoid(n: u32): bool { return attemptVoid<u32>(quiet, n).ok; }
  nested(n: u32): u32 { return attempt<u32, u32>(deep, n).value; }
  detailed(text: string): string {
    const r = new Reason(); r.code = 7; r.text = text;
    return fail<string>(Status.FAILED_PRECONDITION, "no", details<Reason>(r));
  }
  long(n: u32): u32 { return fail<u32>(Status.INTERNAL, "é".repeat(n)); }
  say(text: string): void { log.debug(text); log.info(text); log.warn(text); log.error(text); }
  clock(): i64 { return now().micros; }
  chance(): f64 { return random(); }
  library(): f64 { return Math.random(); }
  who(): string[] {
    return [Session.subject, Session.roles.join(","), Session.scopes.join(","),
      Session.hasRole("b").toString(), Session.hasScope("t").toString()];
  }
}`);

test('fail ends the call with status and message; the instance stays', async (t) => {
  const x = await link(await cell);
  t.deepEqual(x.call('plain', 4), { value: 8 });
  t.deepEqual(x.call('plain', 10), {
    status: 11,
    message: 'too many: 10',
    type: null,
    details: null,
  });
  t.deepEqual(x.call('plain', 5), { value: 10 });
  t.like(x.call('nothing', 10), { status: 10, message: '' });
  t.deepEqual(x.call('nothing', 1), { value: undefined });
});

test('attempt catches, and nests', async (t) => {
  const x = await link(await cell);
  t.deepEqual(x.call('caught', 3), { value: 'ok 6' });
  t.deepEqual(x.call('caught', 12), { value: '11 too many: 12' });
  t.deepEqual(x.call('caughtVoid', 12), { value: false });
  t.deepEqual(x.call('caughtVoid', 2), { value: true });
  t.deepEqual(x.call('nested', 2), { value: 5 });
});

test('failing again and again does not use up the memory of an actor', async (t) => {
  const x = await link(
    await compiled(`@service class Example {
      private n: u32 = 0;
      no(): u32 { this.n++; return fail<u32>(Status.ABORTED, "x".repeat(8000)); }
      count(): u32 { return this.n; }
    }`),
  );
  for (let i = 0; i < 10_000; i++) x.call('no');
  t.true((x.exports.memory as WebAssembly.Memory).buffer.byteLength < 16 << 20);
  t.deepEqual(x.call('count'), { value: 10_000 });
});

test('a message longer than its room is cut, not refused', async (t) => {
  const x = await link(await cell);
  const short = x.call('long', 2000) as { message: string };
  t.is(short.message.length, 2000);
  const long = x.call('long', 100_000) as { status: number; message: string };
  t.is(long.status, 13);
  t.true(long.message.startsWith('éé') && long.message.endsWith('é...'));
});

test('log lines arrive with their level, cut at their limit', async (t) => {
  const x = await link(await cell);
  x.call('say', 'grüße');
  t.deepEqual(x.log(), ['0 grüße', '1 grüße', '2 grüße', '3 grüße']);
  x.call('say', 'x'.repeat(5000));
  t.is(x.log()[4].length, 2048 + 2);
});

test('clock and chance come from the host', async (t) => {
  const x = await link(await cell);
  t.deepEqual(x.call('clock'), { value: 1_700_000_000_000_000n });
  for (const name of ['chance', 'library']) {
    const { value } = x.call(name) as { value: number };
    t.true(value >= 0 && value < 1);
    t.notDeepEqual(x.call(name), { value });
  }
});

test('details travel with the name of their class', async (t) => {
  const x = await link(await cell);
  const { status, type, details } = x.call('detailed', 'ü') as {
    status: number;
    type: string;
    details: Uint8Array;
  };
  t.is(status, 9);
  t.is(type, 'Reason');
  const { schema } = await cell;
  const { decodeRecord } = await import('../../host/schema/dynamic.ts');
  const fields = [{ name: 'value', type: { kind: 'record' as const, name: 'Reason' } }];
  t.deepEqual(decodeRecord(schema, fields, details), { value: { code: 7, text: 'ü' } });
});

test('an unknown method number is refused by the cell itself', async (t) => {
  const x = await link(await cell);
  t.like(x.raw(99, new Uint8Array(0)), { status: 12 });
  t.like(x.raw(-1, new Uint8Array(0)), { status: 12 });
});

test('the caller is who the host says', async (t) => {
  const x = await link(await cell);
  t.deepEqual(x.call('who'), { value: ['', '', '', 'false', 'false'] });
  const cases: [string, string[]][] = [
    ['ann\0a\0b\0\0s\0t', ['ann', 'a,b', 's,t', 'true', 'true']],
    ['bo\0\0', ['bo', '', '', 'false', 'false']],
    ['cy\0\0t', ['cy', '', 't', 'false', 'true']],
    ['di\0b\0\0', ['di', 'b', '', 'true', 'false']],
    [`${'ü'.repeat(3000)}\0b\0\0t`, ['ü'.repeat(3000), 'b', 't', 'true', 'true']],
  ];
  for (const [text, value] of cases) {
    x.caller(text);
    t.deepEqual(x.call('who'), { value });
  }
});

const files = compiled(`
@service
class Example {
  private bytes: i64 = 0;
  start(): void { this.bytes = Blob.size("a"); }
  started(): i64 { return this.bytes; }
  size(name: string): i64 { return Blob.size(name); }
  read(name: string, offset: i64, length: i32): Uint8Array {
    return Blob.read(name, offset, length);
  }
  all(name: string): Uint8Array { return Blob.read(name); }
  raw(name: string): u32 {
    const p = heap.alloc(16);
    const n = Blob.readInto(name, 2, p, 16);
    return n * 1000 + load<u8>(p);
  }
}`);

/** `cell:blob` over one file `a` that gives at most three bytes a read. */
async function withBlob() {
  const content = Uint8Array.from({ length: 10 }, (_, i) => i + 1);
  const memory = (): Uint8Array =>
    new Uint8Array((linked.exports.memory as WebAssembly.Memory).buffer);
  const known = (at: number, n: number): boolean =>
    new TextDecoder().decode(memory().slice(at, at + n)) === 'a';
  const linked = await link(await files, {
    'cell:blob': {
      size: (at: number, n: number) => (known(at, n) ? 10n : -5n),
      read: (at: number, n: number, offset: bigint, to: number, cap: number) => {
        if (!known(at, n)) return -5;
        const part = content.slice(Number(offset), Number(offset) + Math.min(cap, 3));
        memory().set(part, to);
        return part.length;
      },
    },
  });
  return linked;
}

test('blobs are read whole and in part, or fail with the status of the host', async (t) => {
  const x = await withBlob();
  t.deepEqual(x.call('size', 'a'), { value: 10n });
  t.deepEqual(x.call('all', 'a'), { value: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) });
  t.deepEqual(x.call('read', 'a', 4n, 4), { value: Uint8Array.from([5, 6, 7, 8]) });
  t.deepEqual(x.call('read', 'a', 8n, 100), { value: Uint8Array.from([9, 10]) });
  t.deepEqual(x.call('read', 'a', 10n, 5), { value: new Uint8Array(0) });
  t.deepEqual(x.call('read', 'a', 9_007_199_254_740_993n, 5), { value: new Uint8Array(0) });
  t.deepEqual(x.call('raw', 'a'), { value: 8003 });
  t.like(x.call('size', 'b'), { status: 5, message: 'blob b' });
  t.like(x.call('all', 'b'), { status: 5 });
  t.throws(() => x.call('read', 'a', -1n, 5), { message: /unreachable/ });
});

test('start runs when the host says, and what it keeps stays', async (t) => {
  const x = await withBlob();
  t.deepEqual(x.call('started'), { value: 0n });
  (x.exports.start as () => void)();
  for (let i = 0; i < 3; i++) t.deepEqual(x.call('started'), { value: 10n });
  const { schema, manifest } = await files;
  t.true(manifest.start && manifest.actor);
  t.false(schema.methods.some((m) => m.name === 'start'));
  t.is(schema.methods.find((m) => m.name === 'started')?.tier, 'pure');
});
