// Owns the process that loads the servers of the suite `wire`: takes one order after another over
// IPC and answers with what it saw. Started by wire.ts only; ends with it.

import type { ClientOrder, LoadOrder, LoadReply } from './wire-orders.ts';
import { runPrebuilt } from './wire-stream.ts';

/** What the generated client of the cell offers. */
interface WireEcho {
  echo(a: bigint, b: bigint, c: bigint, d: bigint): Promise<{ a: bigint; b: bigint; c: bigint }>;
  synapse: { close(): Promise<void> };
}
interface Generated {
  WireEcho: { connect(options: { url: string; token: string }): Promise<WireEcho> };
}

/** Loops that each await their call, through the client that `cell build` wrote. */
async function runClient(order: ClientOrder): Promise<LoadReply> {
  const { WireEcho } = (await import(order.client)) as Generated;
  const client = await WireEcho.connect({ url: order.url, token: order.token });
  const times: number[] = [];
  const single = order.callsInFlight === 1;
  let done = 0;
  let stop = false;
  const loop = async (value: bigint): Promise<void> => {
    while (!stop) {
      const began = single ? performance.now() : 0;
      const got = await client.echo(value, 1n, 2n, 3n);
      if (got.a !== value) throw new Error(`echo(${value}) gave ${got.a}`);
      if (single) times.push(performance.now() - began);
      done++;
    }
  };
  const loops = Promise.all(Array.from({ length: order.callsInFlight }, (_, i) => loop(BigInt(i))));
  const sleep = (ms: number) => Promise.race([loops, new Promise((end) => setTimeout(end, ms))]);
  await sleep(order.warmMs);
  times.length = 0;
  const from = done;
  const began = performance.now();
  await sleep(order.ms);
  const calls = done - from;
  const seconds = (performance.now() - began) / 1000;
  stop = true;
  await loops;
  await client.synapse.close();
  times.sort((a, b) => a - b);
  const p50 = times.length === 0 ? 0 : times[times.length >> 1] * 1000;
  return { calls, allCalls: done, callsPerSecond: calls / seconds, p50 };
}

process.on('message', async (order: LoadOrder) => {
  try {
    const reply = order.kind === 'client' ? await runClient(order) : await runPrebuilt(order);
    process.send?.(reply);
  } catch (error) {
    process.send?.({ failed: (error as Error).stack ?? String(error) });
  }
});
process.on('disconnect', () => process.exit());
