// New ids: UUIDs of version 7 that sort by the time at which they were made.
import test from 'ava';
import { compileGuest, PREAMBLE } from '../values/guests.ts';

const ENTRY = [
  PREAMBLE,
  'import { newUuid, uuid } from "cell/uuid";',
  'export function text(): string { return uuid(); }',
  'export function same(): bool {',
  '  const made = newUuid();',
  '  const read = Uuid.parse(made.toString());',
  '  return read != null && read.equals(made);',
  '}',
].join('\n');

test('ids have their version and variant, hold the time, sort by it and differ', async (t) => {
  let micros = 1_700_000_000_000_000n;
  let bits = 0n;
  const module = new WebAssembly.Module((await compileGuest(ENTRY)) as BufferSource);
  const instance = new WebAssembly.Instance(module, {
    'cell:core': { fail: () => t.fail() },
    'cell:clock': { now: () => micros },
    'cell:random': { next: () => BigInt.asIntN(64, (bits += 0x9e3779b97f4a7c15n)) },
  });
  const { memory, alloc, text, same, _initialize } = instance.exports as Record<string, never> & {
    memory: WebAssembly.Memory;
    text(): number;
    alloc(bytes: number): number;
    same(): number;
    _initialize(): void;
  };
  _initialize();
  const next = (): string => {
    alloc(0);
    const at = text();
    const bytes = new DataView(memory.buffer).getUint32(at - 4, true);
    return Buffer.from(memory.buffer, at, bytes).toString('utf16le');
  };
  const made: string[] = [];
  for (let i = 0; i < 200; i++) {
    made.push(next());
    // Steps of 300 ns of a millisecond's fraction and more: a clock of microseconds.
    micros += BigInt(1 + (i % 997));
  }
  for (const id of made)
    t.regex(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  t.deepEqual([...made].sort(), made);
  t.is(new Set(made).size, made.length);
  t.is(Number.parseInt(made[0]?.replaceAll('-', '').slice(0, 12) ?? '', 16), 1_700_000_000_000);
  t.is(same(), 1);
});
