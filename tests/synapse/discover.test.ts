// Finding the host: environment, the project's host file, a page's origin; and which token goes
// where.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { decodeJwt } from 'jose';
import { browser } from '../../host/synapse/browser.ts';
import { CellError, type ConnectOptions, Status, type Target } from '../../host/synapse/index.ts';
import { node } from '../../host/synapse/node/discover.ts';
import { findHostFile } from '../../host/synapse/node/host-file.ts';

const here = process.cwd();
let folder = '';

test.beforeEach(() => {
  delete process.env.CELL_URL;
  delete process.env.CELL_TOKEN;
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'discover-')));
  process.chdir(folder);
});

test.afterEach.always(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true });
});

function hostFile(content: object | string): void {
  const run = join(folder, '.cell', 'run');
  mkdirSync(run, { recursive: true });
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(run, 'host.json'), text);
}

const find = (options: ConnectOptions = {}) => node.find(options) as Target;
const running = {
  pid: process.pid,
  url: 'ws://127.0.0.1:4400/cell',
  socket: null,
  issuerKey: null,
};

test.serial('url wins over CELL_URL, CELL_URL over the host file', async (t) => {
  hostFile(running);
  t.is(find().address, running.url);
  process.env.CELL_URL = 'ws://a/cell';
  t.is(find().address, 'ws://a/cell');
  t.is(find({ url: 'tcp://b:1' }).address, 'tcp://b:1');
});

test.serial(
  'CELL_TOKEN goes to CELL_URL and to the found host, never to another url',
  async (t) => {
    hostFile(running);
    process.env.CELL_TOKEN = 'secret';
    t.is(await find().token(), 'secret');
    t.is(await find({ url: 'ws://elsewhere/cell' }).token(), null);
    process.env.CELL_URL = 'ws://a/cell';
    t.is(await find().token(), 'secret');
    t.is(await find({ url: 'ws://a/cell' }).token(), 'secret');
    t.is(await find({ url: 'ws://b/cell' }).token(), null);
    t.is(await find({ url: 'ws://b/cell', token: 'mine' }).token(), 'mine');
    t.is(await find({ token: () => Promise.resolve('late') }).token(), 'late');
    t.is(await find({ token: null }).token(), null);
  },
);

test.serial('the host file is found upward, and its socket is nearer than its url', (t) => {
  hostFile({ ...running, socket: '/run/x.sock' });
  const deep = join(folder, 'a', 'b');
  mkdirSync(deep, { recursive: true });
  process.chdir(deep);
  t.is(find().address, 'unix:/run/x.sock');
  t.is(findHostFile(deep)?.file, join(folder, '.cell', 'run', 'host.json'));
});

test.serial('on a development host a token is minted with the key of the project', async (t) => {
  const issuerKey = join(folder, '.cell', 'run', 'issuer.pem');
  hostFile({ ...running, issuerKey });
  const plain = decodeJwt((await find().token()) as string);
  t.is(plain.sub, 'developer');
  const as = { subject: 'eve', roles: ['admin'], scopes: ['a', 'b'] };
  const token = decodeJwt((await find({ as }).token()) as string);
  t.is(token.sub, 'eve');
  t.deepEqual(token.roles, ['admin']);
  t.is(token.scope, 'a b');
});

test.serial('no host, a dead host and a damaged file each say what to do', (t) => {
  const none = t.throws<CellError>(() => find(), { instanceOf: CellError });
  t.is(none.status, Status.UNAVAILABLE);
  t.regex(none.message, /cell run/);
  hostFile({ ...running, pid: 2 ** 22 + 1 });
  t.regex(t.throws(() => find())?.message ?? '', /is not running/);
  hostFile('{');
  t.regex(t.throws(() => find())?.message ?? '', /is not JSON/);
  hostFile('null');
  t.regex(t.throws(() => find())?.message ?? '', /names no url/);
  hostFile({ pid: 1 });
  t.regex(t.throws(() => find())?.message ?? '', /names no url/);
});

test.serial('a page finds the host that it came from', async (t) => {
  const page = globalThis as { location?: unknown };
  page.location = { protocol: 'http:', host: 'localhost:4400' };
  const original = globalThis.fetch;
  try {
    const target = (await browser.find({})) as Target;
    t.is(target.address, 'ws://localhost:4400/cell');
    const asked: string[] = [];
    let reply = new Response('{"token":"dev"}');
    globalThis.fetch = async (input, init) => {
      asked.push(`${new Headers(init?.headers).get('x-cell-token')} ${input}`);
      return reply;
    };
    t.is(await target.token(), 'dev');
    reply = new Response('', { status: 404 });
    t.is(await target.token(), null);
    reply = new Response('', { status: 500 });
    await t.throwsAsync(async () => target.token(), { message: /answered 500/ });
    reply = new Response('{}');
    await t.throwsAsync(async () => target.token(), { message: /without a token/ });
    t.deepEqual(asked, Array(4).fill('1 /cell/token'));
    page.location = { protocol: 'https:', host: 'example.com' };
    t.is(((await browser.find({})) as Target).address, 'wss://example.com/cell');
    page.location = { protocol: 'file:', host: '' };
    t.throws(() => browser.find({}), { message: /pass \{ url \}/ });
  } finally {
    globalThis.fetch = original;
    delete page.location;
  }
  t.throws(() => browser.find({ url: 'unix:/x' }), { message: /ws:\/\// });
});
