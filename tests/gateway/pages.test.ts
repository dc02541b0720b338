// What the host's port answers over HTTP: nothing outside its folder, tokens only for its own
// pages.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { FILE_BYTES, folderPage, mapPage, pages } from '../../host/gateway/pages.ts';
import type { HttpReply } from '../../host/listen/contract.ts';

function ask(
  handler: ReturnType<typeof pages>,
  requestPath: string,
  headers: Record<string, string> = {},
): Promise<HttpReply> {
  return Promise.resolve(handler({ method: 'GET', path: requestPath, query: '', headers }));
}

function site(t: import('ava').ExecutionContext): { root: string; outside: string } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-pages-'));
  t.teardown(() => fs.rmSync(folder, { recursive: true, force: true }));
  const root = path.join(folder, 'public');
  fs.mkdirSync(path.join(root, 'deep'), { recursive: true });
  fs.writeFileSync(path.join(root, 'index.html'), '<p>front</p>');
  fs.writeFileSync(path.join(root, 'deep', 'index.html'), '<p>deep</p>');
  fs.writeFileSync(path.join(root, 'a b.js'), 'export {}');
  fs.writeFileSync(path.join(root, '.secret'), 'x');
  const outside = path.join(folder, 'outside.txt');
  fs.writeFileSync(outside, 'outside');
  fs.symlinkSync(outside, path.join(root, 'link.txt'));
  return { root, outside };
}

test('files of the folder, with types and headers that pin the page to its origin', async (t) => {
  const handler = pages(folderPage(site(t).root));
  const front = await ask(handler, '/');
  t.is(front.status, 200);
  t.is(String(front.body), '<p>front</p>');
  t.regex(front.headers['content-security-policy'] ?? '', /default-src 'self'/);
  t.is(front.headers['x-content-type-options'], 'nosniff');
  t.is(String((await ask(handler, '/deep/')).body), '<p>deep</p>');
  t.regex((await ask(handler, '/a%20b.js')).headers['content-type'] ?? '', /javascript/);
});

test('nothing else: traversal, links out, dot files, NUL, bad escapes, folders', async (t) => {
  const handler = pages(folderPage(site(t).root));
  const paths = [
    '/../outside.txt',
    '/%2e%2e/outside.txt',
    '/..%2foutside.txt',
    '/deep/../../outside.txt',
    '/link.txt',
    '/.secret',
    '/%00',
    '/%',
    '/deep',
    '/missing',
    '/..\\outside.txt',
    '//outside.txt',
  ];
  for (const p of paths) t.is((await ask(handler, p)).status, 404, p);
});

test('a file of the limit is served, one byte more is not', async (t) => {
  const { root } = site(t);
  const handler = pages(folderPage(root));
  const file = path.join(root, 'big.bin');
  fs.writeFileSync(file, '');
  fs.truncateSync(file, FILE_BYTES + 1);
  t.is((await ask(handler, '/big.bin')).status, 404);
  fs.truncateSync(file, FILE_BYTES);
  t.is((await ask(handler, '/big.bin')).status, 200);
});

test('a map of files: / is its index', async (t) => {
  const handler = pages(mapPage(new Map([['/index.html', { type: 'text/html', body: 'i' }]])));
  t.is((await ask(handler, '/')).body, 'i');
  t.is((await ask(handler, '/constructor')).status, 404);
});

test('development tokens: for pages of this origin, where there is an issuer', async (t) => {
  const closed = pages(undefined);
  t.is((await ask(closed, '/cell/token', { 'x-cell-token': '1' })).status, 404);
  const open = pages(undefined, async () => 'jwt');
  const good = await ask(open, '/cell/token', {
    'x-cell-token': '1',
    'sec-fetch-site': 'same-origin',
  });
  t.deepEqual(JSON.parse(String(good.body)), { token: 'jwt' });
  t.is((await ask(open, '/cell/token')).status, 403, 'without the header that forces a preflight');
  for (const from of ['cross-site', 'same-site', 'none']) {
    const reply = await ask(open, '/cell/token', { 'x-cell-token': '1', 'sec-fetch-site': from });
    t.is(reply.status, 403, from);
    t.false(String(reply.body).includes('jwt'));
  }
});
