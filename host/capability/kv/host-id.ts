// Owns one random name of this process, the same in all its threads: a lane that takes the place of
// a lost one is the same host. Loaded in the main thread before any lane is started.
import { randomUUID } from 'node:crypto';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const KEY = 'cell.host';

if (isMainThread && getEnvironmentData(KEY) === undefined) setEnvironmentData(KEY, randomUUID());

/** A thread that was started by somebody else than a host has a name of its own. */
export const HOST_ID: string = String(getEnvironmentData(KEY) ?? randomUUID());
