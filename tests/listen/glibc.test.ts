// The copy of the uWebSockets.js binary for an older glibc: made from pinned bytes only, checked at
// every load.

import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { chooseListener, insist } from '../../host/listen/choose.ts';
import { lowerGlibc } from '../../host/listen/elf.ts';
import { cacheFolders, glibcCopy, loadUws, needsCopy, PINNED } from '../../host/listen/glibc.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const require = createRequire(import.meta.url);

/** The installed binary of Node 24 for x86-64 Linux, on whatever machine this runs. */
function installed(): string {
  const main = join('node_modules', 'uWebSockets.js', 'uws.js');
  const root = existsSync(main) ? main : require.resolve('uWebSockets.js/uws.js');
  return join(dirname(root), 'uws_linux_x64_137.node');
}

function folder(t: ExecutionContext): string {
  const made = mkdtempSync(join(tmpdir(), 'cell-glibc-'));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('the copy is made from the pinned bytes, has the pinned hash, and is made once', (t) => {
  const cache = join(folder(t), 'deep', 'cache');
  const file = glibcCopy(installed(), [cache]);
  t.is(sha256(readFileSync(file)), PINNED.get(sha256(readFileSync(installed())))!);
  t.is(statSync(file).mode & 0o777, 0o500);
  t.is(statSync(cache).mode & 0o777, 0o700);
  const { mtimeMs, ino } = statSync(file);
  t.is(glibcCopy(installed(), [cache]), file);
  t.is(statSync(file).mtimeMs, mtimeMs);
  t.is(statSync(file).ino, ino);
  t.deepEqual(readdirSync(cache).length, 1);
});

test('a copy that was tampered with is made anew and never used', (t) => {
  const cache = folder(t);
  const file = glibcCopy(installed(), [cache]);
  const good = readFileSync(file);
  const bad = Buffer.from(good);
  bad[bad.length >> 1] ^= 1;
  chmodSync(file, 0o600);
  writeFileSync(file, bad);
  t.is(glibcCopy(installed(), [cache]), file);
  t.true(readFileSync(file).equals(good));
  chmodSync(file, 0o600);
  writeFileSync(file, good.subarray(0, 1000));
  glibcCopy(installed(), [cache]);
  t.true(readFileSync(file).equals(good));
});

test('a binary that is not pinned is refused with its hash', (t) => {
  const cache = folder(t);
  const file = join(cache, 'uws.node');
  const bytes = readFileSync(installed());
  bytes[100] ^= 1;
  writeFileSync(file, bytes);
  t.throws(() => glibcCopy(file, [join(cache, 'out')]), {
    message: /SHA-256 [0-9a-f]{64} is not one/,
  });
  t.false(existsSync(join(cache, 'out')));
});

test('a folder that cannot be written gives way to the next; none is said', (t) => {
  const base = folder(t);
  const blocked = join(base, 'file');
  writeFileSync(blocked, '');
  const second = join(base, 'second');
  t.true(glibcCopy(installed(), [join(blocked, 'x'), second]).startsWith(second));
  t.throws(() => glibcCopy(installed(), [join(blocked, 'x')]), {
    message: /no folder for the copy/,
  });
});

test('folders: the XDG cache when it is absolute, then the project', (t) => {
  t.is(cacheFolders({ XDG_CACHE_HOME: '/x' }, '/p')[0], '/x/cell');
  t.is(cacheFolders({}, '/p').at(-1), '/p/.cell/run');
  t.false(
    cacheFolders({ XDG_CACHE_HOME: 'relative' }, '/p').some((path) => path.startsWith('relative')),
  );
});

test('only symbols and versions change: 3 names and 1 requirement, nothing grows', (t) => {
  const before = readFileSync(installed());
  const after = lowerGlibc(before);
  t.is(after.length, before.length);
  let changed = 0;
  for (let i = 0; i < before.length; i++) if (before[i] !== after[i]) changed++;
  t.true(changed > 0 && changed <= 3 * 4 + 8, `${changed} bytes changed`);
  t.throws(() => lowerGlibc(after), { message: /does not need GLIBC_2\.38/ });
});

test('what is not the expected kind of file is refused, whatever is cut or changed', (t) => {
  const bytes = readFileSync(installed());
  t.throws(() => lowerGlibc(Buffer.alloc(0)), { message: /not an x86-64/ });
  t.throws(() => lowerGlibc(Buffer.from('#!/bin/sh\n'.repeat(10))), { message: /not an x86-64/ });
  const arm = Buffer.from(bytes.subarray(0, 4096));
  arm.writeUInt16LE(183, 18);
  t.throws(() => lowerGlibc(arm), { message: /not an x86-64/ });
  for (const size of [65, 1000, 100_000]) t.throws(() => lowerGlibc(bytes.subarray(0, size)));
});

test('only the one message on the one platform asks for the copy', (t) => {
  const here = process.platform === 'linux' && process.arch === 'x64';
  t.is(needsCopy("/lib/libc.so.6: version `GLIBC_2.38' not found (required by x.node)"), here);
  t.false(needsCopy("version `GLIBC_2.39' not found"));
  t.false(needsCopy('Cannot find module'));
});

test('the choice always gives a listener and one sentence why', async (t) => {
  const loaded = await loadUws(folder(t));
  t.true(loaded.why.length > 10 && !loaded.why.includes('\n'));
  const chosen = await chooseListener();
  t.is(chosen.kind, loaded.uws ? 'uws' : 'ws');
  t.is((await chooseListener('ws')).kind, 'ws');
  t.is(typeof chosen.listen, 'function');
});

test('uws asked for by name is uws, or an error that says why; auto takes either', async (t) => {
  const ws = { ...(await chooseListener('ws')), why: 'this machine is too old' };
  t.throws(() => insist(ws, 'uws'), { message: /uWebSockets\.js cannot listen.*too old/ });
  t.is(insist(ws, 'auto'), ws);
  t.is(insist(ws, 'ws'), ws);
  const uws = { ...ws, kind: 'uws' as const };
  t.is(insist(uws, 'uws'), uws);
});
