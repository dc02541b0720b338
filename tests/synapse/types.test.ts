// The compiler's view of a generated client: right calls check, each wrong one is an error at its
// line.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import { type World, world } from './world.ts';

let w: World;
test.before(async () => {
  w = await world();
});
test.after.always(() => w?.remove());

const RIGHT = `
import { Probe } from './.cell/clients/probe.ts';
import { CellError, Status, Synapse, type ConnectOptions } from 'cell/synapse';
const reconnect = { minMs: 1 };
const options: ConnectOptions = { url: 'ws://x/', token: async () => null, timeout: 5, reconnect };
const probe: Probe = await Probe.connect(options);
const value: bigint = await probe.echo(1n, { timeout: 5, signal: new AbortController().signal });
const bytes: Uint8Array = await probe.reverse(new Uint8Array(3));
const other = Probe.on(probe.synapse);
const text: string = await other.open();
const off: () => void = probe.synapse.on('state', (_, error) => console.log(error?.status));
try { await probe.refuse(); } catch (e) {
  if (e instanceof CellError && e.status === Status.NOT_FOUND) off();
}
const synapse: Synapse = probe.synapse;
await synapse.close();
console.log(value, bytes, text);
`;

/** Each line is wrong. */
const WRONG = [
  'probe.echo(1);',
  "probe.echo('1');",
  'probe.echo();',
  'probe.echo(1n, 5);',
  'probe.echo(1n, { timeout: "5" });',
  'probe.reverse([1, 2]);',
  'probe.shout(null);',
  'probe.nothing();',
  'const n: number = await probe.echo(1n); console.log(n);',
  "probe.synapse.on('error', () => {});",
  'Probe.connect({ urll: "x" });',
  'new Probe();',
];

function check(name: string, text: string): string[] {
  const file = join(w.folder, name);
  writeFileSync(file, text);
  const config = {
    compilerOptions: {
      ...{ target: 'es2024', lib: ['ESNext', 'DOM'], module: 'nodenext', moduleDetection: 'force' },
      ...{
        types: ['node'],
        strict: true,
        noEmit: true,
        erasableSyntaxOnly: true,
        skipLibCheck: true,
      },
      ...{ verbatimModuleSyntax: true, allowImportingTsExtensions: true },
    },
    files: [file],
  };
  const project = join(w.folder, `${name}.json`);
  writeFileSync(project, JSON.stringify(config));
  const tsc = new URL('../../node_modules/typescript/bin/tsc', import.meta.url).pathname;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [tsc, '-p', project, '--pretty', 'false'],
    {
      cwd: w.folder,
      encoding: 'utf8',
    },
  );
  return `${stdout}${stderr}`.split('\n').filter((line) => line.includes('error'));
}

test('a program that calls rightly has no errors, under strict settings', (t) => {
  t.deepEqual(check('right.ts', RIGHT), []);
});

test('every wrong call is an error at its own line', (t) => {
  const head =
    "import { Probe } from './.cell/clients/probe.ts';\nconst probe = await Probe.connect();\n";
  const errors = check('wrong.ts', head + WRONG.join('\n'));
  WRONG.forEach((line, i) => {
    const at = new RegExp(`^${basename('wrong.ts')}\\(${i + 3},`);
    t.true(
      errors.some((error) => at.test(error)),
      `no error for: ${line}\n${errors.join('\n')}`,
    );
  });
  t.true(
    errors.every((error) => error.startsWith('wrong.ts(')),
    errors.join('\n'),
  );
});
