// A macro cell that falls while it starts: whoever asked is told, and nothing of the host that was
// started for it keeps the process from ending.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';

const SCRIPT = `
const { ECHO, makeCell } = await import('${new URL('../lane/cells.ts', import.meta.url)}');
const { openModule } = await import('${new URL('../../host/discovery/open.ts', import.meta.url)}');
const extra = '(func (export "_initialize") (unreachable))';
const bytes = makeCell({ name: 'evil', methods: [{ name: 'x', body: ECHO }], extra });
const opened = openModule(bytes, 'evil.wasm');
await opened.connect().catch((error) => console.log(error.message));
await opened.close();
`;

test('the process that asked ends by itself', async (t) => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SCRIPT]);
  t.teardown(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (text) => (out += text));
  const late = setTimeout(() => child.kill('SIGKILL'), 100_000);
  const [code, signal] = await once(child, 'close');
  clearTimeout(late);
  t.deepEqual([code, signal], [0, null]);
  t.regex(out, /^cell `evil` did not start: unreachable/);
});
