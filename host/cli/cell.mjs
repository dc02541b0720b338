#!/usr/bin/env node
// The bin. Plain JavaScript: it loads on any Node >= 20 and goes on in a Node >= 24.20.
// Never holds a verb: those are in main.ts.
import { spawn } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { copiedPackage, findNode, isCopied, missingNode } from './node24.mjs';

/**
 * Instances that guard regions leave room for: each memory reserves 8 GB of address space with
 * them, and 1 MB without. With them kernel and cells are 8-12 % faster (no explicit bounds
 * checks), so they stay while the cells of a host are few. limits.ts SUSPENDED bounds instances.
 */
const GUARDED_INSTANCES = 8000;
const INSTANCES_PER_CELL = 33;
const NO_GUARDS = '--disable-wasm-trap-handler';

/** Flags of Node for a command line. Options count as cells too: that errs to the safe side. */
function nodeFlags([verb, ...rest]) {
  const asked = Number(rest[rest.indexOf('--lanes') + 1]) || 0;
  const instances = rest.length * Math.max(os.availableParallelism(), asked) * INSTANCES_PER_CELL;
  return verb === 'run' && instances > GUARDED_INSTANCES ? [NO_GUARDS] : [];
}

const node = findNode();
const flags = nodeFlags(process.argv.slice(2));
if (isCopied() || node === null) {
  console.error(isCopied() ? copiedPackage() : missingNode());
  process.exit(1);
} else if (node === process.execPath && flags.every((f) => process.execArgv.includes(f))) {
  // The process that started this one in its place is gone, by kill -9: nobody else can end this.
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  const main = fileURLToPath(import.meta.url);
  const child = spawn(node, [...flags, main, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // A terminal sends Ctrl-C to both; `kill` reaches this process alone. The child ends once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('error', (e) => {
    console.error(`error: could not start ${node}: ${e.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}
