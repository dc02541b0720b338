// The verb `revoke`: leaves the order for the host of this folder and waits until it is in force.
import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { leaveOrder, type RevokeOrder } from '../session/revoke-orders.ts';
import { findHostFile } from '../synapse/node/host-file.ts';
import { runFolder } from './locate.ts';

/** Milliseconds to wait for the host's answer. */
const WAIT_MS = 5000;

export interface RevokeFlags {
  /** Hours. */
  for: number;
  lift?: boolean;
  json?: boolean;
}

/**
 * Refuses `subject` for some hours, or takes that back. 1 when a running host did not carry it out
 * in time.
 */
export async function revoke(subject: string, flags: RevokeFlags): Promise<number> {
  const lift = flags.lift === true;
  const until = Date.now() + flags.for * 3_600_000;
  const order: RevokeOrder = lift ? { subject, lift } : { subject, until };
  const file = leaveOrder(runFolder(process.cwd()), order);
  const running = findHostFile(process.cwd()) !== null;
  const end = performance.now() + WAIT_MS;
  while (running && fs.existsSync(file) && performance.now() < end) await setTimeout(20);
  const inForce = !fs.existsSync(file);
  const date = new Date(until).toISOString();
  const [now, later] = lift
    ? [`${subject} is served again`, `${subject} will be served again when one starts`]
    : [`${subject} is refused until ${date}`, `${subject} will be refused when one starts`];
  if (flags.json) {
    console.log(JSON.stringify({ subject, ...(lift ? { lift } : { until: date }), inForce }));
  } else if (inForce) console.log(now);
  else if (!running) console.log(`no host runs here; ${later}`);
  else console.error(`error: the host did not answer in ${WAIT_MS} ms; the order stays at ${file}`);
  if (!lift && !flags.json) console.log(`to take it back: cell revoke ${subject} --lift`);
  return inForce || !running ? 0 : 1;
}
