// faults/trap: from a trapping call to the next good answer, inline, so that no wake-up is measured
// with it. faults/stuck-lane: from the end of a looping call's budget to the next good answer, one
// worker lane.

import type { Deliver, Lanes } from '../host/lane/contract.ts';
import { startLanes } from '../host/lane/lanes.ts';
import { createMemory, type SharedMemory } from '../host/lane/memory.ts';
import { createRights } from '../host/session/bits.ts';
import { benchCell } from './lane-cell.ts';

export const suite = 'faults';
type Emit = (r: { name: string; unit: string; value: number; n: number }) => void;

const BUDGET_MS = 40;
const ECHO = 0;
const TRAP = 1;
const LOOP = 2;

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

/** Lanes with one session and a counter of answers. */
export class Stand implements Deliver {
  lanes!: Lanes;
  answers = 0;
  /** Called after every delivery. */
  heard: () => void = () => {};
  readonly memory: SharedMemory;

  constructor(lanes: number) {
    this.memory = createMemory({ lanes: Math.max(1, lanes) });
  }

  async open(lanes: number, more: object = {}): Promise<void> {
    this.lanes = await startLanes({
      ...{ lanes, memory: this.memory, deliver: this, rights: createRights() },
      events: { log: () => {} },
      ...more,
    });
    openSession(this.memory, 1);
  }

  frames(_connection: number, _generation: number, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < bytes.length; ) {
      this.answers++;
      at += (16 + view.getUint32(at, true) + 7) & ~7;
    }
    this.heard();
  }

  close(): void {}
  control(): void {}

  async until(answers: number): Promise<void> {
    if (this.answers >= answers) return;
    await new Promise<void>((resolve) => {
      this.heard = () => {
        if (this.answers >= answers) resolve();
      };
    });
  }
}

/** Opens an authenticated session in slot `connection`, generation 1. */
export function openSession(memory: SharedMemory, connection: number): void {
  const at = memory.sessionAt(connection);
  memory.view.setBigInt64(at + 16, 1n << 62n, true);
  memory.view.setUint32(at + 28, 1, true);
  Atomics.store(memory.words, (at + 24) >>> 2, 1);
}

/** One REQUEST frame. */
export function request(route: number, id: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((16 + payload.length + 7) & ~7);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint8(4, 3);
  view.setUint16(6, route, true);
  view.setUint32(8, id, true);
  bytes.set(payload, 16);
  return bytes;
}

async function trap(emit: Emit, rounds: number): Promise<void> {
  const stand = new Stand(0);
  await stand.open(0);
  await stand.lanes.load(benchCell('faulty', 0, 0));
  const payload = new Uint8Array(64);
  const bad = request(TRAP, 1, payload);
  const good = request(ECHO, 2, payload);
  const took: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const wanted = stand.answers + 2;
    const began = performance.now();
    stand.lanes.push(0, 1, 1, bad);
    stand.lanes.push(0, 1, 1, good);
    await stand.until(wanted);
    took.push((performance.now() - began) * 1000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await stand.lanes.stop();
  emit({ name: 'trap', unit: 'us', value: median(took), n: rounds });
}

async function stuck(emit: Emit, rounds: number): Promise<void> {
  const stand = new Stand(1);
  await stand.open(1, { limits: { cpuMs: BUDGET_MS } });
  // A cell of its own every other round: two strikes are not yet quarantine.
  const cells = Math.ceil(rounds / 2);
  for (let i = 0; i < cells; i++) await stand.lanes.load(benchCell(`stuck${i}`, i, i * 4));
  const payload = new Uint8Array(64);
  const took: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const route = (i >> 1) * 4;
    const wanted = stand.answers + 2;
    const began = performance.now();
    stand.lanes.push(0, 1, 1, request(route + LOOP, 1, payload));
    stand.lanes.push(0, 1, 1, request(route + ECHO, 2, payload));
    await stand.until(wanted);
    took.push(performance.now() - began - BUDGET_MS);
    // The next standby needs its time: measured is a lane lost now and then, not in a row.
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  await stand.lanes.stop();
  emit({ name: 'stuck-lane', unit: 'ms', value: median(took), n: rounds });
}

export async function run(emit: Emit, { quick }: { quick: boolean }): Promise<void> {
  await trap(emit, quick ? 50 : 300);
  await stuck(emit, quick ? 4 : 12);
}
