// Owns the composition of a host: shared memory, lanes, session, listeners, in the order in which
// they need each other. At the end the lanes stop first, so that what was accepted is answered
// while its connections stand. Everything that decides something is in the parts.
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { BACKPRESSURE_BYTES, MESSAGE_BYTES, PARK_BYTES } from '../assembly/shared/limits.ts';
import { type Config, checkServed } from './cell/config.ts';
import { readCell } from './cell/module.ts';
import { type Page, pages } from './gateway/pages.ts';
import { type HostEntry, removeHostFile, writeHostFile } from './host-file.ts';
import type { CellSpec, LaneEvents, Lanes } from './lane/contract.ts';
import { startLanes } from './lane/lanes.ts';
import { createMemory } from './lane/memory.ts';
import { Budget } from './listen/budget.ts';
import { chooseListener, insist } from './listen/choose.ts';
import type { Listener, ListenOptions } from './listen/contract.ts';
import { listenSocket } from './listen/socket.ts';
import { createRights } from './session/bits.ts';
import { Delivery } from './session/delivery.ts';
import { type DevelopmentIssuer, type Mint, openDevelopmentIssuer } from './session/issuer.ts';
import { createReception, type SessionReception } from './session/reception.ts';
import { openRevocations, type Revocations } from './session/revocation.ts';
import { RevokeOrders } from './session/revoke-orders.ts';
import { createVerifier } from './session/token.ts';
import { isRunning } from './synapse/node/discover.ts';

/** Longest path that a Unix socket may have on every system we run on, in bytes. */
const SOCKET_PATH_BYTES = 103;

export interface HostOptions {
  /** Folder whose `.cell/run` holds keys, revocations and the host file. */
  cwd: string;
  /** Modules to serve. */
  modules: string[];
  config: Config;
  lanes: number;
  port: number;
  host: string;
  listener?: 'auto' | 'uws' | 'ws';
  page?: Page;
  events: LaneEvents;
}

export interface Host {
  readonly url: string;
  readonly port: number;
  readonly listener: { kind: string; why: string };
  readonly socket: string | null;
  readonly cells: readonly CellSpec[];
  readonly lanes: Lanes;
  readonly reception: SessionReception;
  /**
   * Signs a development token; undefined where issuers are configured or the host is not on
   * loopback.
   */
  readonly mintToken: ((mint: Mint) => Promise<string>) | undefined;
  /** Answers what was accepted, ends the lanes, then closes the connections. Idempotent. */
  stop(): Promise<void>;
}

/** True for addresses that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * The development issuer exists where nobody configured whom to trust and nobody from outside can
 * ask: no issuers, loopback only, no foreign names or origins (a proxy in front would bring those).
 */
function developmentIssuer(options: HostOptions, run: string): DevelopmentIssuer | undefined {
  const { issuers = [], hosts = [], origins = [] } = options.config;
  const alone = issuers.length === 0 && hosts.length === 0 && origins.length === 0;
  return alone && isLoopback(options.host) ? openDevelopmentIssuer(run) : undefined;
}

function readCells(options: HostOptions): CellSpec[] {
  const cells: CellSpec[] = [];
  const grants = options.config.grants ?? {};
  let firstRoute = 0;
  for (const file of options.modules) {
    const place = { firstRoute, index: cells.length };
    const pagesMax = options.config.limits?.pages;
    const spec = readCell(file, place, (name) => ({
      grants: Object.hasOwn(grants, name) ? grants[name] : {},
      ...(pagesMax === undefined ? {} : { pages: pagesMax }),
    }));
    const twin = cells.find((c) => c.name === spec.name);
    if (twin)
      throw new Error(`two modules are the cell \`${spec.name}\`: ${twin.file} and ${file}`);
    cells.push(spec);
    firstRoute += spec.schema.methods.length;
  }
  checkServed(options.config, cells);
  return cells;
}

/** Removes the sockets of hosts that were killed: nobody listens behind them. */
function sweepSockets(run: string): void {
  for (const name of fs.readdirSync(run)) {
    const pid = /^host-(\d+)\.sock$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid)))
      fs.rmSync(path.join(run, name), { force: true });
  }
}

function socketPath(run: string): string | null {
  const file = path.join(run, `host-${process.pid}.sock`);
  return process.platform !== 'win32' && Buffer.byteLength(file) <= SOCKET_PATH_BYTES ? file : null;
}

function listenOptionsOf(
  options: HostOptions,
  development: DevelopmentIssuer | undefined,
): ListenOptions {
  const pageToken = development && (() => development.mintToken({ subject: 'page' }));
  return {
    host: options.host,
    port: options.port,
    origins: options.config.origins ?? [],
    hosts: options.config.hosts ?? [],
    upgradePath: '/cell',
    messageBytes: MESSAGE_BYTES,
    backpressureBytes: BACKPRESSURE_BYTES,
    http: pages(options.page, pageToken),
  };
}

function entryOf(
  run: string,
  url: string,
  socket: string | null,
  development: boolean,
  cells: CellSpec[],
): HostEntry {
  return {
    pid: process.pid,
    url,
    socket,
    issuerKey: development ? path.join(run, 'issuer.pem') : null,
    startedAt: new Date().toISOString(),
    cells: cells.map(({ name, file }) => ({ name, file })),
  };
}

function hostFault(error: unknown): Parameters<LaneEvents['log']>[0] {
  const text = `HELLO: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  return { level: 'error', cell: '', text, lane: -1 };
}

/** What there is to stop, as far as the start came. */
interface Parts {
  run: string;
  listeners: Listener[];
  revocations: Revocations;
  lanes?: Lanes;
  reception?: SessionReception;
  orders?: RevokeOrders;
  /** The host file is this host's; the entry that stood there before. */
  listed?: { before: HostEntry | null };
}

/** What was accepted is answered before the connections that wait for it are closed. */
async function stopParts(parts: Parts): Promise<void> {
  if (parts.listed) removeHostFile(parts.run, process.pid, parts.listed.before);
  await parts.orders?.close();
  await parts.lanes?.stop();
  await setImmediate();
  parts.reception?.close();
  for (const listener of parts.listeners) await listener.close();
  await parts.revocations.close();
}

/** Starts a host. Rejects with an authored error when a cell is refused or the port is taken. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { config } = options;
  const run = path.join(options.cwd, '.cell', 'run');
  fs.mkdirSync(run, { recursive: true, mode: 0o700 });
  sweepSockets(run);
  const specs = readCells(options);
  const development = developmentIssuer(options, run);
  const issuers = development ? [development.issuer] : (config.issuers ?? []);
  const verifier = createVerifier(issuers);
  const revocations = await openRevocations(path.join(run, 'revoked'));
  const rights = createRights();
  const memory = createMemory({ lanes: Math.max(1, options.lanes) });
  const delivery = new Delivery();
  const parts: Parts = { run, listeners: [], revocations };
  try {
    const lanes = await startLanes({
      memory,
      lanes: options.lanes,
      deliver: delivery,
      events: options.events,
      rights,
      ...(config.limits ? { limits: config.limits } : {}),
    });
    parts.lanes = lanes;
    const cells: CellSpec[] = [];
    const budget = new Budget(PARK_BYTES);
    const limits = config.limits?.perSession ? { perSession: config.limits.perSession } : {};
    const reception = createReception({
      ...{ memory, lanes, delivery, verifier, revocations, rights, budget, limits },
      cells: () => cells,
      fault: (error) => options.events.log(hostFault(error)),
    });
    parts.reception = reception;
    for (const spec of specs) {
      await lanes.load(spec);
      cells.push(spec);
    }
    const orders = await RevokeOrders.open(run, ({ subject, until }) =>
      reception.revoke(subject, until),
    );
    parts.orders = orders;

    const listenOptions = listenOptionsOf(options, development);
    const wish = options.listener ?? 'auto';
    const chosen = insist(await chooseListener(wish), wish);
    const listener: Listener = await chosen.listen(listenOptions, reception);
    parts.listeners.push(listener);
    const socket = socketPath(run);
    if (socket) {
      fs.rmSync(socket, { force: true });
      const local = { ...listenOptions, path: socket };
      parts.listeners.push(await listenSocket(budget)(local, reception));
    }
    const entry = entryOf(run, listener.url, socket, development !== undefined, cells);
    parts.listed = { before: writeHostFile(run, entry) };
    let stopping: Promise<void> | undefined;
    return {
      ...{ url: listener.url, port: listener.port, socket, cells, lanes, reception },
      listener: { kind: chosen.kind, why: chosen.why },
      mintToken: development && ((mint) => development.mintToken(mint)),
      stop: () => (stopping ??= stopParts(parts)),
    };
  } catch (error) {
    await stopParts(parts);
    throw error;
  }
}
