// Owns assembly/out: the kernel (release and debug), gate, membrane and the stub for absent cells.
// Plain JavaScript for Node 24. Builds only what its inputs' hash says is stale; a build killed at
// any point leaves the last good output (each file is renamed into place).

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as frame from './shared/frame.ts';
import * as layout from './shared/layout.ts';
import * as limits from './shared/limits.ts';
import * as reason from './shared/reason.ts';
import * as status from './shared/status.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUT = HERE + 'out/';
const CONSTS = { ...frame, ...layout, ...limits, ...reason, ...status };
const WAT = ['gate', 'membrane', 'unavailable', 'remote', 'taker', 'call'];

/** asc's flags for the kernel. 65536 pages: memory.ts declares what a host needs, up to 4 GB. */
const KERNEL_FLAGS = [
  ...['-O3', '--runtime', 'stub', '--use', 'abort='],
  ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
  ...['--importTable', '--tableBase', '1', '--enable', 'threads,simd,bulk-memory'],
];

/** `{{ERROR_BYTES}}` and small expressions over consts, so that WAT repeats no number. */
export function fillConsts(text, file) {
  return text.replace(/\{\{([^}]*)\}\}/g, (whole, expression) => {
    const filled = expression.replace(/[A-Z][A-Z0-9_]*/g, (name) => {
      if (name === 'NAME' && expression === 'NAME') return '0';
      if (typeof CONSTS[name] !== 'number') {
        throw new Error(`${file}: no const ${name} for ${whole}`);
      }
      return String(CONSTS[name]);
    });
    if (!/^[0-9+\-*|<>() ]+$/.test(filled)) throw new Error(`${file}: ${whole} is no expression`);
    return String(Function(`return ${filled}`)());
  });
}

function read(path) {
  return readFileSync(HERE + path, 'utf8');
}

function inputs() {
  const list = (folder, end) =>
    readdirSync(HERE + folder)
      .filter((name) => name.endsWith(end))
      .sort()
      .map((name) => `${folder}/${name}`);
  return [
    'build.mjs',
    ...list('shared', '.ts'),
    ...list('kernel', '.ts'),
    ...list('membrane', '.wat'),
    '../package-lock.json',
  ];
}

function place(name, bytes) {
  const temporary = `${OUT}${name}.${randomBytes(6).toString('hex')}`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, OUT + name);
}

async function assemble(name) {
  const { default: binaryen } = await import('binaryen');
  const file = `membrane/${name}.wat`;
  // `{{> boundary.wat}}`: a piece that several modules have.
  const piece = /\{\{> ([a-z]+\.wat)\}\}/g;
  const whole = read(file).replace(piece, (_, name) => read(`membrane/${name}`));
  const module = binaryen.parseText(fillConsts(whole, file));
  const F = binaryen.Features;
  // Not Features.All: binaryen 132 would write compact imports, which Node 24 refuses.
  module.setFeatures(
    F.MultiMemory | F.BulkMemory | F.BulkMemoryOpt | F.Atomics | F.SIMD128 |
      F.ExceptionHandling | F.ReferenceTypes | F.Multivalue | F.MutableGlobals,
  );
  if (!module.validate()) throw new Error(`${file} is not valid WebAssembly`);
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(0);
  // The boundary is one function after another; each call saved is 1 ns of every cell call.
  binaryen.setAlwaysInlineMaxSize(200);
  binaryen.setFlexibleInlineMaxSize(400);
  binaryen.setAllowInliningFunctionsWithLoops(true);
  module.optimize();
  place(`${name}.wasm`, module.emitBinary());
  module.dispose();
}

async function compileKernel(name, flags) {
  const { default: asc } = await import('assemblyscript/asc');
  const files = new Map();
  const { error, stderr } = await asc.main(
    ['kernel/kernel.ts', '-o', name, ...KERNEL_FLAGS, ...flags],
    {
      readFile: (file, base) => {
        try {
          return readFileSync(base === '.' ? HERE + file : `${base}/${file}`, 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (file, bytes) => {
        files.set(file, bytes);
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`${name}: ${error.message}\n${stderr.toString()}`);
  place(name, files.get(name));
}

/**
 * Brings assembly/out up to date.
 * @param {{force?: boolean}} [options] force: build although the inputs are unchanged
 * @returns {Promise<{built: boolean, out: string}>} out ends in a slash
 */
export async function buildAssembly(options = {}) {
  mkdirSync(OUT, { recursive: true });
  const hash = createHash('sha256');
  for (const path of inputs()) hash.update(`${path}\0${read(path)}\0`);
  const key = hash.digest('hex');
  if (!options.force && key === stamp()) return { built: false, out: OUT };
  for (const name of WAT) await assemble(name);
  await compileKernel('kernel.wasm', ['--noAssert']);
  await compileKernel('kernel.debug.wasm', ['--debug']);
  place('assembly.hash', key);
  return { built: true, out: OUT };
}

function stamp() {
  try {
    const present = [...WAT.map((name) => `${name}.wasm`), 'kernel.wasm', 'kernel.debug.wasm'];
    const files = readdirSync(OUT);
    return present.every((name) => files.includes(name)) ? read('out/assembly.hash') : '';
  } catch {
    return '';
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const started = performance.now();
  const { built } = await buildAssembly({ force: process.argv.includes('--force') });
  console.log(built ? `built in ${Math.round(performance.now() - started)} ms` : 'up to date');
}
