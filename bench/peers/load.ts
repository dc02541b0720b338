// Owns the process of one stack's client: `node load.ts <stack> <url> <token>`, driven over IPC by
// bench/peers.ts. Keeps a number of calls in flight for a time and counts the answers.
// Every answer is looked at: a stack that answers something else is not measured, it fails.

import { type Client, load, type Stack, USERS, type User, userId, userOf } from './peer.ts';
import type { LoadOrder, LoadReply, Run } from './protocol.ts';

const SAMPLES = 100_000;

/** Refuses a server that is open, and one whose answer is not the user that was asked for. */
async function prove(client: Client, stranger: Client): Promise<void> {
  const got: User = await client.get(userId(7));
  const want = userOf(7);
  for (const key of Object.keys(want) as (keyof User)[]) {
    if (got[key] !== want[key]) {
      throw new Error(`${key} is ${String(got[key])}, should be ${String(want[key])}`);
    }
  }
  const refused = await stranger.get(userId(7)).then(
    () => false,
    () => true,
  );
  if (!refused) throw new Error('a call without a token was answered');
}

async function run(client: Client, inFlight: number, ms: number): Promise<Run> {
  const samples = new Float64Array(SAMPLES);
  let sampled = 0;
  let calls = 0;
  let next = 0;
  // One clock reading in eight calls, so that fast stacks do not measure the clock.
  const every = inFlight === 1 ? 1 : 8;
  const begun = performance.now();
  const end = begun + ms;
  let now = begun;
  async function worker(): Promise<void> {
    while (now < end) {
      const n = next++ % USERS;
      const timed = next % every === 0;
      const start = timed ? performance.now() : 0;
      const user = await client.get(userId(n));
      if (user.logins !== n * 7) throw new Error(`asked for user ${n}, got ${user.id}`);
      calls += 1;
      if (timed) {
        now = performance.now();
        if (sampled < SAMPLES) samples[sampled++] = now - start;
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker));
  const took = performance.now() - begun;
  const sorted = samples.subarray(0, sampled).sort();
  const at = (share: number) => 1000 * sorted[Math.floor(share * (sampled - 1))];
  return { calls, ms: took, p50: at(0.5), p99: at(0.99) };
}

function reply(message: LoadReply): void {
  process.send?.(message);
}

function fail(error: unknown): void {
  reply({ kind: 'failed', why: error instanceof Error ? (error.stack ?? '') : String(error) });
  process.exitCode = 1;
  process.disconnect?.();
}

try {
  const [stack, url, token] = process.argv.slice(2);
  const peer = await load(stack as Stack);
  const client = await peer.connect(url, token);
  const stranger = await peer.connect(url, '').catch(() => null);
  if (stranger !== null) {
    await prove(client, stranger);
    await stranger.close();
  }
  process.on('message', (order: LoadOrder) => {
    if (order === 'stop') process.exit(0);
    run(client, order.inFlight, order.ms).then(
      (result) => reply({ kind: 'run', run: result }),
      fail,
    );
  });
  process.on('disconnect', () => process.exit(0));
  reply({ kind: 'ready' });
} catch (error) {
  fail(error);
}
