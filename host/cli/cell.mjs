#!/usr/bin/env node
// The bin. Plain JavaScript: it loads on any Node >= 20 and goes on in a Node >= 24.20.
// Never holds a verb: those are in main.ts.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { copiedPackage, findNode, isCopied, missingNode } from './node24.mjs';

/**
 * Verbs that hold cells: without guard regions a small cell reserves 1 MB of address space, not 8
 * GB.
 */
const HOLDS_CELLS = new Set(['run', 'start']);
const FLAG = '--disable-wasm-trap-handler';

const node = findNode();
const flags = HOLDS_CELLS.has(process.argv[2]) ? [FLAG] : [];
if (isCopied() || node === null) {
  console.error(isCopied() ? copiedPackage() : missingNode());
  process.exit(1);
} else if (node === process.execPath && flags.every((f) => process.execArgv.includes(f))) {
  const { main } = await import('./main.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  const main = fileURLToPath(import.meta.url);
  const child = spawn(node, [...flags, main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both; `kill` reaches this process alone. The child ends once.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  child.on('error', (e) => {
    console.error(`error: could not start ${node}: ${e.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}
