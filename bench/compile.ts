// Suite compile: what macros add to a build, and what an editor waits for. A service of 100 sites
// is read, negotiated with the standard cells (started once, as a build does) and emitted; then the
// whole of `cell build` as a user waits for it, in a process of its own. Medians, milliseconds.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readProject } from '../build/1-read/project.ts';
import type { Discovery, Provider } from '../build/3-negotiate/contract.ts';
import { negotiate } from '../build/3-negotiate/negotiate.ts';
import { emitService } from '../build/4-emit/emit.ts';
import { compileService } from '../build/5-compile/compile.ts';
import { Findings, printFinding } from '../build/diagnostics/findings.ts';
import { discoveryWith } from '../host/cli/discovery.ts';
import { Editor } from './editor.ts';

export const suite = 'compile';

type Emit = (result: { name: string; unit: string; value: number; n: number }) => void;

const BIN = fileURLToPath(new URL('../host/cli/cell.mjs', import.meta.url));
const MAIN = new URL('../host/cli/main.ts', import.meta.url).href;

/** A service whose `sites` methods carry two macros each, of four cells in turn. */
export function serviceOf(sites: number): string {
  const macros = [
    (i: number) => `@Telemetry.span @Auth.require({ role: "role${i % 20}" })`,
    () => '@RateLimit.throttle({ perSecond: 100, burst: 20 }) @Telemetry.span',
    (i: number) => `@Cache.memoize({ ttl: "5m", tags: ["row${i}:{id}"] }) @Auth.public`,
    (i: number) => `@Cache.invalidate({ tags: ["row${i - 1}:{id}"] }) @Telemetry.span`,
  ];
  const methods = Array.from({ length: sites }, (_, i) => {
    const text = macros[i % macros.length](i);
    const body = `{ return id + ${i} + name.length; }`;
    return `  ${text}\n  method${i}(id: u32, name: string): u32 ${body}`;
  });
  return `@service\nclass Large {\n${methods.join('\n')}\n}\n`;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Emits every row; see targets.ts. */
export async function run(emit: Emit, options: { quick: boolean }): Promise<void> {
  const cwd = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cell-bench-')));
  try {
    await inProcess(cwd, emit, options.quick ? 3 : 9);
    await verbs(cwd, emit, options.quick ? 3 : 7);
    await editor(cwd, emit, options.quick ? 5 : 20);
    await thousand(cwd, emit);
  } finally {
    fs.rmSync(cwd, { recursive: true, force: true });
  }
}

/** Counts requests to plan, by cell. */
function counting(inner: Discovery, requests: Map<string, number>): Discovery {
  const count = (provider: Provider): Provider => ({
    cell: provider.cell,
    level: provider.level,
    from: provider.from,
    digest: provider.digest,
    describe: () => provider.describe(),
    plan: (request) => {
      requests.set(provider.cell, (requests.get(provider.cell) ?? 0) + 1);
      return provider.plan(request);
    },
    apply: (request) => provider.apply(request),
    rollback: (request) => provider.rollback(request),
  });
  return {
    find: async (ns) => {
      const found = await inner.find(ns);
      return 'missing' in found ? found : count(found);
    },
    identify: (ns) => inner.identify(ns),
    remote: (cell) => inner.remote(cell),
    namespaces: () => inner.namespaces(),
    close: () => inner.close(),
  };
}

/** compile/100-sites: read + negotiate + emit; asc; requests to a provider in one round. */
async function inProcess(cwd: string, emit: Emit, rounds: number): Promise<void> {
  const requests = new Map<string, number>();
  const discovery = counting(discoveryWith({})({ cwd, start: true }), requests);
  const macros = { discovery, features: new Map(), settings: new Map() };
  const file = path.join(cwd, 'large.cell.ts');
  const front: number[] = [];
  const asc: number[] = [];
  let most = 0;
  try {
    // The first two rounds load asc, start the cells and warm the engine up.
    for (let i = -2; i < rounds; i++) {
      fs.writeFileSync(file, `${serviceOf(100)}const round: u32 = ${i + 2};\n`);
      requests.clear();
      const findings = new Findings();
      const began = performance.now();
      const project = await readProject(file, () => 'large.cell.ts', findings);
      if (project === null) throw new Error('the project cannot be read');
      const negotiated = await negotiate(project, macros, findings);
      const emission = await emitService(project, negotiated, findings);
      const emitted = performance.now();
      if (emission === null) throw new Error(findings.sorted().map(printFinding).join('\n'));
      const compiled = await compileService(project, emission, {}, findings);
      if (compiled === null) throw new Error(findings.sorted().map(printFinding).join('\n'));
      const turns = Math.max(...negotiated.answers.map((a) => a.rounds));
      most = Math.max(most, ...[...requests.values()].map((n) => n / turns));
      if (i < 0) continue;
      front.push(emitted - began);
      asc.push(performance.now() - emitted);
    }
  } finally {
    await discovery.close();
  }
  emit({ name: '100-sites-front', unit: 'ms', value: median(front), n: rounds });
  emit({ name: '100-sites-asc', unit: 'ms', value: median(asc), n: rounds });
  emit({ name: 'requests-a-round', unit: 'requests', value: Math.ceil(most), n: rounds });
}

/** Runs a process to its end; standard error is its error when it fails. */
async function ended(child: ChildProcess): Promise<string> {
  let errors = '';
  child.stderr?.on('data', (data) => {
    errors += data;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(errors);
  return errors;
}

/** compile/100-sites-unchanged, beside the bare start of Node. */
async function verbs(cwd: string, emit: Emit, rounds: number): Promise<void> {
  const run = async (args: string[]): Promise<number> => {
    const began = performance.now();
    await ended(spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] }));
    return performance.now() - began;
  };
  await run([BIN, 'build']);
  await run([BIN, 'build']);
  const unchanged: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < rounds; i++) {
    bare.push(await run(['-e', '0']));
    unchanged.push(await run([BIN, 'build']));
  }
  emit({ name: 'node-start', unit: 'ms', value: median(bare), n: rounds });
  emit({ name: '100-sites-unchanged', unit: 'ms', value: median(unchanged), n: rounds });
}

/** compile/editor-first, editor-next: from the start of tsserver to what is behind `@Auth.`. */
async function editor(cwd: string, emit: Emit, rounds: number): Promise<void> {
  const name = 'large.cell.ts';
  const text = (i: number) => `${serviceOf(100)}class Row${i} { @Auth. id: u32 = 0; }\n`;
  const began = performance.now();
  const server = new Editor(cwd);
  try {
    server.open(name, text(0));
    const offered = await server.completions(name, '@Auth. ', 6);
    const first = performance.now() - began;
    if (!offered.includes('require')) throw new Error(`offered: ${offered.join(' ')}`);
    const next: number[] = [];
    for (let i = 1; i <= rounds; i++) {
      server.open(name, text(i));
      const asked = performance.now();
      await server.completions(name, '@Auth. ', 6);
      next.push(performance.now() - asked);
    }
    emit({ name: 'editor-first', unit: 'ms', value: first, n: 1 });
    emit({ name: 'editor-next', unit: 'ms', value: median(next), n: rounds });
  } finally {
    server.close();
  }
}

/** compile/1000-sites: a cold build, and the most memory that it had. */
async function thousand(cwd: string, emit: Emit): Promise<void> {
  fs.rmSync(path.join(cwd, '.cell'), { recursive: true, force: true });
  fs.writeFileSync(path.join(cwd, 'large.cell.ts'), serviceOf(1000));
  const text = `const { main } = await import(${JSON.stringify(MAIN)});
    process.exitCode = await main(['build']);
    console.error('peak', process.resourceUsage().maxRSS);`;
  const args = ['--disable-wasm-trap-handler', '--input-type=module', '-e', text];
  const began = performance.now();
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  const said = await ended(child);
  emit({ name: '1000-sites', unit: 'ms', value: performance.now() - began, n: 1 });
  const peak = Number(/peak (\d+)/.exec(said)?.[1]) / 1024;
  emit({ name: '1000-sites-memory', unit: 'MB', value: peak, n: 1 });
}
