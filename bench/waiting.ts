// wire/waiting: what a call that waits on a capability costs above the capability alone. The
// capability is a driver that resolves in the next microtask, so nothing of a disk is measured. K
// calls at once, each answered before the next of its kind; inline, so that both sides run on one
// thread. What is counted is that thread's CPU time, since wall time on a crowded machine counts
// the neighbours. Median of pairs.
import type { BlobDriver } from '../host/capability/contract.ts';
import { request, Stand } from './faults.ts';
import { benchCell } from './lane-cell.ts';

export const suite = 'wire';
type Emit = (r: { name: string; unit: string; value: number; n: number }) => void;

const AT_ONCE = 16;
const WAIT = 3;

const driver: BlobDriver = { size: async () => 64, read: async () => 0 };

/** CPU microseconds of this thread so far. */
function cpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Microseconds per call of the capability alone, AT_ONCE at a time. */
async function alone(calls: number): Promise<number> {
  const began = cpuUs();
  for (let i = 0; i < calls; i += AT_ONCE) {
    const batch = [];
    for (let k = 0; k < AT_ONCE; k++) batch.push(driver.size('a'));
    await Promise.all(batch);
  }
  return (cpuUs() - began) / calls;
}

async function through(stand: Stand, message: Uint8Array, calls: number): Promise<number> {
  const began = cpuUs();
  for (let i = 0; i < calls; i += AT_ONCE) {
    const wanted = stand.answers + AT_ONCE;
    stand.lanes.push(0, 1, 1, message);
    await stand.until(wanted);
  }
  return (cpuUs() - began) / calls;
}

export async function run(emit: Emit, { quick }: { quick: boolean }): Promise<void> {
  const stand = new Stand(0);
  await stand.open(0, { drivers: { blob: () => driver } });
  await stand.lanes.load(benchCell('waits', 0, 0, { blob: { root: '.' } }));
  const one = (id: number): Uint8Array => request(WAIT, id, new Uint8Array(64));
  const message = Buffer.concat(Array.from({ length: AT_ONCE }, (_, id) => one(id)));
  const calls = quick ? 16000 : 64000;
  await through(stand, message, calls);
  await alone(calls);
  const overheads: number[] = [];
  const pairs = quick ? 3 : 7;
  for (let i = 0; i < pairs; i++) {
    const whole = await through(stand, message, calls);
    overheads.push(whole - (await alone(calls)));
  }
  await stand.lanes.stop();
  overheads.sort((a, b) => a - b);
  emit({ name: 'waiting', unit: 'us', value: overheads[pairs >> 1], n: calls * pairs });
}
