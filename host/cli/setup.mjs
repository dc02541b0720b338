// Behind `npm start`, `npm test`, `npm run bench` and `npm run check`: installs what is missing,
// then hands over to Node 24. Plain JavaScript without dependencies: it is the first thing that
// runs after a clone. Never builds anything itself and never touches what lies outside the clone.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { findNode, missingNode, ROOT } from './node24.mjs';

const STAMP = path.join(ROOT, 'node_modules', '.cell-setup');
/** The kernel, then the standard cells: each is quick when nothing has changed. */
const CELLS = [['assembly/build.mjs'], ['cells/std/build.ts']];
const TASKS = {
  install: () => [],
  start: (args) => [['host/cli/cell.mjs', 'start', ...args]],
  test: (args) => [...CELLS, ['node_modules/ava/entrypoints/cli.js', ...args]],
  bench: (args) => [...CELLS, ['bench/run.ts', ...args]],
  check: () => [
    ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'],
    ['node_modules/@biomejs/biome/bin/biome', 'check'],
  ],
};

/** Hash of what decides the contents of node_modules. */
function wanted() {
  const lock = fs.readFileSync(path.join(ROOT, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  return `${hash} ${process.platform}-${process.arch}`;
}

/** Runs `npm ci` unless node_modules is what the lockfile says. No install scripts are run. */
function install() {
  const want = wanted();
  if (fs.existsSync(STAMP) && fs.readFileSync(STAMP, 'utf8') === want) return;
  console.log('setup: installing packages from the lockfile (npm ci, once)');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  args.push('--include=dev', '--include=optional');
  const npm = process.env.npm_execpath;
  const [command, rest] = npm?.endsWith('.js') ? [process.execPath, [npm, ...args]] : ['npm', args];
  const options = {
    cwd: ROOT,
    stdio: 'inherit',
    shell: process.platform === 'win32' && command === 'npm',
  };
  const { status, error } = spawnSync(command, rest, options);
  if (status !== 0) {
    console.error(
      `error: npm ci failed${error ? `: ${error.message}` : ''}; see its message above.`,
    );
    console.error('fix: check that npm reaches its registry, then run the same command again.');
    process.exit(status || 1);
  }
  fs.writeFileSync(STAMP, want);
}

const [task, ...args] = process.argv.slice(2);
if (!Object.hasOwn(TASKS, task ?? '')) {
  console.error(`error: unknown task "${task ?? ''}"; one of: ${Object.keys(TASKS).join(', ')}`);
  process.exit(2);
}
install();
const node = findNode();
if (node === null) {
  console.error(missingNode());
  process.exit(1);
}
const bin = path.join(ROOT, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}` };
let child;
// A terminal sends Ctrl-C to the whole group; `kill` reaches this process alone. The child ends
// once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child?.kill(signal));
// npm that is ended by `kill` dies without a word to what it runs: nobody waits for us then.
const parent = process.ppid;
setInterval(() => process.ppid === parent || child?.kill('SIGTERM'), 500).unref();
for (const command of TASKS[task](args)) {
  child = spawn(node, command, { cwd: ROOT, stdio: 'inherit', env });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) process.exit(signal === 'SIGINT' ? 130 : (code ?? 1));
}
