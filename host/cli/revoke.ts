// The verb `revoke`: leaves the order for the host of this folder and waits until it is in force.
import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { leaveOrder } from '../session/revoke-orders.ts';
import { findHostFile } from '../synapse/node/host-file.ts';
import { runFolder } from './locate.ts';

/** Milliseconds to wait for the host's answer. */
const WAIT_MS = 5000;

/** Refuses `subject` for `hours`. 1 when a running host did not carry it out in time. */
export async function revoke(subject: string, hours: number, json: boolean): Promise<number> {
  const until = Date.now() + hours * 3_600_000;
  const run = runFolder(process.cwd());
  const file = leaveOrder(run, { subject, until });
  const running = findHostFile(process.cwd()) !== null;
  const end = performance.now() + WAIT_MS;
  while (running && fs.existsSync(file) && performance.now() < end) await setTimeout(20);
  const inForce = !fs.existsSync(file);
  if (json) console.log(JSON.stringify({ subject, until: new Date(until).toISOString(), inForce }));
  else if (inForce) console.log(`${subject} is refused until ${new Date(until).toISOString()}`);
  else if (!running) console.log(`no host runs here; ${subject} will be refused when one starts`);
  else console.error(`error: the host did not answer in ${WAIT_MS} ms; the order stays at ${file}`);
  return inForce || !running ? 0 : 1;
}
