// One suite for all drivers behind `cell:blob`, and the imports over them: hostile names and
// pointers.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { INTERNAL, INVALID_ARGUMENT, NOT_FOUND } from '../../assembly/shared/status.ts';
import { BLOB_NAME_BYTES, BLOB_READ_BYTES } from '../../host/capability/blob.ts';
import { BlobFolder } from '../../host/capability/blob-folder.ts';
import type { BlobDriver } from '../../host/capability/contract.ts';
import { BlobMemory } from './blob-memory.ts';
import type { WatCell } from './cells.ts';
import { Desk } from './desk.ts';
import { BLOB_IMPORTS } from './waiters.ts';

const base = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-blob-'));
const root = path.join(base, 'root');
test.after.always(() => fs.rmSync(base, { recursive: true }));

const large = Buffer.from(Array.from({ length: 3000 }, (_, i) => i & 255));
const files: [string, Buffer][] = [
  ['a', Buffer.from('hello')],
  ['empty', Buffer.alloc(0)],
  ['deep/er/b.bin', large],
  ['\u00e9t\u00e9 \ud83c\udf0d.txt', Buffer.from('x')],
  ['..a', Buffer.from('dots')],
];
for (const [name, bytes] of files) {
  fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
  fs.writeFileSync(path.join(root, name), bytes);
}
fs.writeFileSync(path.join(base, 'secret'), 'secret');
fs.symlinkSync(path.join(base, 'secret'), path.join(root, 'escape'));
fs.symlinkSync(base, path.join(root, 'up'));
fs.symlinkSync('a', path.join(root, 'inside'));

const drivers: [string, BlobDriver][] = [
  ['folder', new BlobFolder(root)],
  ['memory', new BlobMemory(new Map(files))],
];

for (const [kind, driver] of drivers) {
  test(`driver ${kind}: sizes, and reads at every edge`, async (t) => {
    for (const [name, bytes] of files) {
      t.is(await driver.size(name), bytes.length, name);
      for (const offset of [0, 1, bytes.length - 1, bytes.length, bytes.length + 1, 2 ** 40]) {
        if (offset < 0) continue;
        const into = new Uint8Array(64);
        const count = await driver.read(name, offset, into);
        const expected = bytes.subarray(offset, offset + 64);
        t.is(count, expected.length, `${name} at ${offset}`);
        t.deepEqual(Buffer.from(into.subarray(0, count)), Buffer.from(expected));
      }
    }
    t.is(await driver.read('a', 0, new Uint8Array()), 0);
  });

  test(`driver ${kind}: names that are not there, or not names`, async (t) => {
    const into = new Uint8Array(8);
    for (const name of ['none', 'deep/none', 'a2']) {
      t.is(await driver.size(name), -NOT_FOUND, name);
      t.is(await driver.read(name, 0, into), -NOT_FOUND, name);
    }
    for (const name of ['', '/etc/passwd', '../secret', 'deep/../../secret']) {
      t.is(await driver.size(name), -INVALID_ARGUMENT, name);
      t.is(await driver.read(name, 0, into), -INVALID_ARGUMENT, name);
    }
  });
}

test('driver folder: links that leave it, folders, odd names; links within are fine', async (t) => {
  const folder = new BlobFolder(root);
  for (const name of ['escape', 'up/secret', 'deep', 'a/b'])
    t.is(await folder.size(name), -NOT_FOUND, name);
  for (const name of ['.', 'deep/./er', 'deep//er', 'a\0b', 'a\\b', 'C:a', 'a\nb', 'deep/']) {
    t.is(await folder.size(name), -INVALID_ARGUMENT, JSON.stringify(name));
  }
  t.is(await folder.size('inside'), 5);
  t.is(await folder.size('x'.repeat(600)), -INVALID_ARGUMENT);
  t.is(await new BlobFolder(path.join(base, 'nowhere')).size('a'), -NOT_FOUND);
});

/** Calls size and read with whatever the payload says; replies the results as two i64. */
const probe: WatCell = {
  name: 'probe',
  memory: '20 32',
  imports: BLOB_IMPORTS,
  alloc: '(i32.const 8192)',
  methods: [
    {
      name: 'size',
      tier: 'waiting',
      body: `(i64.store (i32.const 0) (call $size (i32.load (local.get $ptr))
        (i32.load offset=4 (local.get $ptr)))) (i64.const 8)`,
    },
    {
      name: 'read',
      tier: 'waiting',
      body: `(i64.store (i32.const 0) (i64.extend_i32_s (call $read (i32.load (local.get $ptr))
        (i32.load offset=4 (local.get $ptr)) (i64.load offset=8 (local.get $ptr))
        (i32.load offset=16 (local.get $ptr)) (i32.load offset=20 (local.get $ptr)))))
        (i64.const 8)`,
    },
  ],
  extra:
    '(data (i32.const 16) "a") (data (i32.const 32) "\\ff\\fe") (data (i32.const 48) "broken")',
};

test('the imports: pointers outside, sizes at the limit, a driver that breaks', async (t) => {
  const sizes: number[] = [];
  const driver: BlobDriver = {
    size: async (name) => {
      if (name === 'broken') throw new Error('no disk');
      return name.length;
    },
    read: async (_name, _offset, into) => {
      sizes.push(into.length);
      return into.fill(7).length;
    },
  };
  const desk = await Desk.open(t, { lanes: 0, drivers: { blob: () => driver } });
  desk.session(1);
  const route = await desk.load(probe, { blob: { root: '.' } });
  const ask = async (method: number, ...words: number[]): Promise<bigint> => {
    const answer = await desk.call(route + method, new Uint8Array(Int32Array.from(words).buffer));
    t.is(answer.status, 0);
    return new DataView(answer.payload.buffer).getBigInt64(0, true);
  };
  const bad = BigInt(-INVALID_ARGUMENT);
  t.is(await ask(0, 16, 1), 1n);
  t.is(await ask(0, -1, 1), bad);
  t.is(await ask(0, 16, -1), bad);
  t.is(await ask(0, 4096, BLOB_NAME_BYTES), BigInt(BLOB_NAME_BYTES));
  t.is(await ask(0, 4096, BLOB_NAME_BYTES + 1), bad);
  t.is(await ask(0, 32, 2), bad);
  t.is(await ask(0, 48, 6), BigInt(-INTERNAL));
  const end = 20 * 65536;
  t.is(await ask(1, 16, 1, 0, 0, end - 100, 100), 100n);
  t.is(await ask(1, 16, 1, 0, 0, end - 100, 101), bad);
  t.is(await ask(1, 16, 1, 0, 0, -1, 1), bad);
  t.is(await ask(1, 16, 1, 0, -1, 100, 1), bad);
  t.is(await ask(1, 16, 1, 0, 0x7fffffff, 100, 1), 0n, 'an offset beyond all files reads nothing');
  t.is(await ask(1, 16, 1, 0, 0, 65536, BLOB_READ_BYTES), BigInt(BLOB_READ_BYTES));
  t.is(await ask(1, 16, 1, 0, 0, 65536, BLOB_READ_BYTES + 1), BigInt(BLOB_READ_BYTES));
  t.is(Math.max(...sizes), BLOB_READ_BYTES);
});
