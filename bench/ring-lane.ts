// Owns the lane of bench/ring.ts: drains and spins until it is terminated. One session, one route
// with a role to check, an echo cell behind the membrane.

import { parentPort, workerData } from 'node:worker_threads';
import { RING_HEAD, RING_TAIL } from '../assembly/shared/layout.ts';
import { DRAIN_FRAMES } from '../assembly/shared/limits.ts';
import type { KernelModules } from '../host/lane/kernel.ts';
import { openMemory } from '../host/lane/memory.ts';
import { assemble, ECHO } from './kernel-cells.ts';
import { World } from './kernel-world.ts';

const { memory, modules } = workerData as { memory: WebAssembly.Memory; modules: KernelModules };
const w = new World({ modules, shared: openMemory(memory) });
w.session(1, { roles: 2n, scopes: 3n });
w.route(0, { slot: w.install(assemble(ECHO)), rolesAny: 2n, scopesAll: 1n });
const { words } = w.shared;
const head = (w.shared.inRing(0).at + RING_HEAD) / 4;
const tail = (w.shared.inRing(0).at + RING_TAIL) / 4;

function serve(): void {
  for (;;) {
    if (w.kernel.drain(w.now, DRAIN_FRAMES) > 0) continue;
    const seen = words[tail];
    for (let spins = 1000; spins > 0 && Atomics.load(words, head) === seen; spins--);
  }
}

// Not at the module's top level: ending a worker whose module never finishes loading crashes Node.
parentPort?.once('message', serve);
parentPort?.postMessage('ready');
