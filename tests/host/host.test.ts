// The composition of a host: what it refuses to start with, what it leaves behind, whom it trusts.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Config } from '../../host/cell/config.ts';
import { type Host, type HostOptions, isLoopback, startHost } from '../../host/host.ts';
import { removeHostFile, writeHostFile } from '../../host/host-file.ts';
import { make } from '../std/make.ts';

const HELLO = `
@service class Hello {
  @Auth.public greet(name: string): string { return "Hello, " + name; }
}`;
const READER = `
@service class Shelf {
  @Auth.public size(name: string): i64 { return Blob.size(name); }
}`;

async function project(t: ExecutionContext): Promise<string> {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-host-'));
  t.teardown(() => fs.rmSync(cwd, { recursive: true, force: true }));
  fs.writeFileSync(path.join(cwd, 'hello.cell.ts'), HELLO);
  fs.writeFileSync(path.join(cwd, 'shelf.cell.ts'), READER);
  for (const made of await make({ files: [], cwd })) t.deepEqual(made.findings, []);
  return cwd;
}

function options(cwd: string, more: Partial<HostOptions> = {}): HostOptions {
  const modules = [path.join(cwd, '.cell/out/hello.wasm')];
  const events = { log: () => {} };
  return { cwd, modules, config: {}, lanes: 0, port: 0, host: '127.0.0.1', events, ...more };
}

async function started(t: ExecutionContext, given: HostOptions): Promise<Host> {
  const host = await startHost(given);
  t.teardown(() => host.stop());
  return host;
}

test('a host says where it is, for its owner only, and takes it back at the end', async (t) => {
  const cwd = await project(t);
  const host = await started(t, options(cwd));
  const file = path.join(cwd, '.cell/run/host.json');
  const entry = JSON.parse(fs.readFileSync(file, 'utf8'));
  t.is(entry.url, host.url);
  t.deepEqual(
    entry.cells.map((c: { name: string }) => c.name),
    ['hello'],
  );
  if (process.platform !== 'win32') t.is(fs.statSync(file).mode & 0o077, 0);
  const reply = await fetch(`http://127.0.0.1:${host.port}/nothing`);
  t.is(reply.status, 404);
  await host.stop();
  await host.stop();
  t.false(fs.existsSync(file));
  await t.throwsAsync(fetch(`http://127.0.0.1:${host.port}/`));
});

test('when the newer of two hosts of a folder ends, the older is found again', async (t) => {
  const run = path.join(await project(t), '.cell/run');
  const url = 'ws://127.0.0.1:1/cell';
  const entryOf = (pid: number) => {
    return { pid, url, socket: null, issuerKey: null, startedAt: '', cells: [] };
  };
  const found = () => JSON.parse(fs.readFileSync(path.join(run, 'host.json'), 'utf8')).pid;
  t.is(writeHostFile(run, entryOf(process.ppid)), null);
  const before = writeHostFile(run, entryOf(process.pid));
  t.is(before?.pid, process.ppid);
  removeHostFile(run, process.ppid, null);
  t.is(found(), process.pid, 'the older one that ends leaves the entry of the newer');
  removeHostFile(run, process.pid, before);
  t.is(found(), process.ppid);
  const gone = spawnSync(process.execPath, ['--version']).pid;
  writeHostFile(run, entryOf(process.pid));
  removeHostFile(run, process.pid, entryOf(gone));
  t.false(fs.existsSync(path.join(run, 'host.json')), 'a host that is gone is not put back');
});

test('a capability that was not granted is refused by name, with what to write', async (t) => {
  const cwd = await project(t);
  const modules = [path.join(cwd, '.cell/out/shelf.wasm')];
  const error = await t.throwsAsync(startHost(options(cwd, { modules })));
  t.regex(
    error?.message ?? '',
    /`shelf` imports cell:blob\.size.*capability blob.*grants: \{ shelf/,
  );
  const config: Config = { grants: { shelf: { blob: { root: cwd } } } };
  const host = await started(t, options(cwd, { modules, config }));
  t.is(host.cells[0]?.name, 'shelf');
});

test('two modules of one name are refused; a failed host leaves nothing running', async (t) => {
  const cwd = await project(t);
  const wasm = path.join(cwd, '.cell/out/hello.wasm');
  await t.throwsAsync(startHost(options(cwd, { modules: [wasm, wasm] })), {
    message: /two modules.*hello/,
  });
  const host = await started(t, options(cwd));
  const taken = options(cwd, { port: host.port });
  await t.throwsAsync(startHost(taken), { code: 'EADDRINUSE' });
  const entry = JSON.parse(fs.readFileSync(path.join(cwd, '.cell/run/host.json'), 'utf8'));
  t.is(entry.url, host.url, 'the running host keeps its entry');
});

test('the development issuer: loopback only, where nobody says whom to trust', async (t) => {
  const cwd = await project(t);
  const secret = 'x'.repeat(32);
  const issuers: Config['issuers'] = [
    { issuer: 'i', audience: 'a', algorithms: ['HS256'], secret },
  ];
  const cases: [Partial<HostOptions>, boolean][] = [
    [{}, true],
    [{ host: '0.0.0.0' }, false],
    [{ config: { issuers } }, false],
    [{ config: { hosts: ['shop.example.org'] } }, false],
    [{ config: { origins: ['https://shop.example.org'] } }, false],
  ];
  for (const [more, expected] of cases) {
    const host = await startHost(options(cwd, more));
    const token = await fetch(`http://127.0.0.1:${host.port}/cell/token`, {
      headers: { 'x-cell-token': '1', 'sec-fetch-site': 'same-origin' },
    });
    await host.stop();
    t.is(host.mintToken !== undefined, expected, JSON.stringify(more));
    t.is(token.status, expected ? 200 : 404, JSON.stringify(more));
  }
});

test('sockets that a killed host left are swept, those of the living stay', async (t) => {
  const cwd = await project(t);
  const run = path.join(cwd, '.cell/run');
  fs.mkdirSync(run, { recursive: true, mode: 0o700 });
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  for (const pid of [gone, process.ppid]) fs.writeFileSync(path.join(run, `host-${pid}.sock`), '');
  await started(t, options(cwd));
  t.false(fs.existsSync(path.join(run, `host-${gone}.sock`)));
  t.true(fs.existsSync(path.join(run, `host-${process.ppid}.sock`)));
});

test('what counts as loopback', (t) => {
  for (const yes of ['localhost', '::1', '127.0.0.1', '127.9.9.9']) t.true(isLoopback(yes), yes);
  for (const no of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org', 'example.org', '']) {
    t.false(isLoopback(no), no);
  }
});
