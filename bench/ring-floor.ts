// Owns the other end of bench/ring.ts's floor: answers one word with another, as fast as it can.

import { parentPort, workerData } from 'node:worker_threads';

const words = workerData as Int32Array;

function answer(): void {
  for (let i = 1; ; i++) {
    while (Atomics.load(words, 0) !== i);
    Atomics.store(words, 32, i);
  }
}

parentPort?.once('message', answer);
parentPort?.postMessage('ready');
