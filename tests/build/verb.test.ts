// The verb itself: the bin in a process of its own, its words, its JSON and its exit code.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { folderWith } from './project.ts';

const BIN = fileURLToPath(new URL('../../host/cli/cell.mjs', import.meta.url));
const HELLO = `/** Hi. */
@service class Hello {
  hi(name: string): string { return name; }
  @Auth.require({ anyRole: ["a", "b"], scope: "s" }) two(): i64 { return Blob.size("x"); }
}`;

function run(cwd: string, ...args: string[]) {
  return spawnSync(process.execPath, [BIN, 'build', ...args], { cwd, encoding: 'utf8' });
}

test('words: what was made, who may call, what it needs', (t) => {
  const { folder, remove } = folderWith({ 'hello.cell.ts': HELLO });
  const { stdout, stderr, status } = run(folder, 'hello.cell.ts');
  t.is(status, 0, stderr);
  t.regex(stdout, /^hello {2}built in \d+ ms, stateless, [\d.]+ KB$/m);
  t.regex(stdout, /^ {2}hi\(string\)->string +pure +authenticated$/m);
  t.regex(stdout, /^ {2}two\(\)->i64 +waiting +role a or b, scope s$/m);
  t.regex(stdout, /needs blob \(Hello\.two\)/);
  t.regex(stdout, /\.cell\/out\/hello\.wasm .*\.cell\/clients\/hello\.ts/);
  t.regex(run(folder).stdout, /^hello {2}unchanged in/m);
  remove();
});

test('JSON: one object with everything', (t) => {
  const { folder, remove } = folderWith({
    'hello.cell.ts': HELLO,
    'wrong.cell.ts': '@service class Wrong { a(n: number): void {} }',
  });
  const { stdout, status } = run(folder, '--json');
  t.is(status, 1);
  const { ok, cells } = JSON.parse(stdout);
  t.false(ok);
  t.like(cells[0], { file: 'hello.cell.ts', cell: 'hello', actor: false, cached: false });
  t.is(cells[0].paths.wasm, '.cell/out/hello.wasm');
  t.deepEqual(
    cells[0].methods.map((m: { name: string; tier: string }) => [m.name, m.tier]),
    [
      ['hi', 'pure'],
      ['two', 'waiting'],
    ],
  );
  t.like(cells[1].findings[0], { code: 'CELL3001', line: 1, column: 29 });
  remove();
});

test('a fault is printed to standard error with its place and fix; the exit code is 1', (t) => {
  const { folder, remove } = folderWith({
    'wrong.cell.ts': '@service class Wrong {\n  a(n: number): void {}\n}\n',
  });
  const { stdout, stderr, status } = run(folder, 'wrong.cell.ts');
  t.is(status, 1);
  t.is(stdout, '');
  t.regex(stderr, /error CELL3001: .*\n {2}wrong\.cell\.ts:2:8\n/);
  t.regex(stderr, /fix: write f64/);
  t.regex(stderr, /wrong\.cell\.ts was not built: 1 error/);
  remove();
});

test('nothing to build is said', (t) => {
  const { folder, remove } = folderWith({ 'a.ts': '' });
  const { stderr, status } = run(folder);
  t.is(status, 1);
  t.regex(stderr, /there is no \*\.cell\.ts/);
  t.is(run(folder, 'nowhere.cell.ts').status, 1);
  remove();
});
