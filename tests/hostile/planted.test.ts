// Another local user plants a host file above a project, where a client looks for one: the client
// must not take its token there, nor mint one with a key that the file points at.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { CellError, Status, type Target } from '../../host/synapse/index.ts';
import { node } from '../../host/synapse/node/discover.ts';

const here = process.cwd();
let folder = '';
let file = '';

test.beforeEach(() => {
  delete process.env.CELL_URL;
  delete process.env.CELL_TOKEN;
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'planted-')));
  file = path.join(folder, 'work', '.cell', 'run', 'host.json');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const host = { pid: process.pid, url: 'ws://127.0.0.1:9/cell', socket: null };
  const issuerKey = path.join(folder, 'victim', 'issuer.pem');
  fs.writeFileSync(file, JSON.stringify({ ...host, issuerKey }), { mode: 0o600 });
  process.chdir(path.join(folder, 'work'));
});

test.afterEach.always(() => {
  process.chdir(here);
  fs.rmSync(folder, { recursive: true });
});

// Systems without user ids have nothing to ask.
const onUnix = process.getuid === undefined ? () => {} : test.serial;

onUnix('a host file that others may write, or that another user owns, is refused', (t) => {
  t.notThrows(() => node.find({}));
  fs.chmodSync(file, 0o646);
  const error = t.throws<CellError>(() => node.find({}), { instanceOf: CellError });
  t.is(error.status, Status.PERMISSION_DENIED);
  t.regex(error.message, /could be written by another user/);
  fs.chmodSync(file, 0o644);
  t.notThrows(() => node.find({}));
  if (process.getuid?.() !== 0) return; // only root can give a file away
  fs.chownSync(file, 65534, 65534);
  t.throws(() => node.find({}), { message: /could be written by another user/ });
});

test.serial('a token is minted with the key beside the host file only', async (t) => {
  const target = node.find({}) as Target;
  t.is(typeof (await target.token()), 'string');
  t.true(fs.existsSync(path.join(path.dirname(file), 'issuer.pem')));
  t.false(fs.existsSync(path.join(folder, 'victim')));
});
