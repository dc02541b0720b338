// Owns the composition of a host: shared memory, lanes, session, listeners, in the order in which
// they need each other. At the end the lanes stop first, so that what was accepted is answered
// while its connections stand. Everything that decides something is in the parts.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { BACKPRESSURE_BYTES, MESSAGE_BYTES, PARK_BYTES } from '../assembly/shared/limits.ts';
import { type Config, checkServed } from './cell/config.ts';
import { withApproved } from './cell/config-grants.ts';
import { kinOf } from './cell/kin.ts';
import { leftOut } from './cell/left-out.ts';
import { ModuleError, readCell } from './cell/module.ts';
import { FlagFile } from './flags/file.ts';
import { writeFlags } from './flags/table.ts';
import { withMetrics } from './gateway/metrics.ts';
import { type Page, pages } from './gateway/pages.ts';
import { type HostEntry, removeHostFile, writeHostFile } from './host-file.ts';
import type { CellSpec, LaneEvents, Lanes } from './lane/contract.ts';
import { startLanes } from './lane/lanes.ts';
import { createMemory, type SharedMemory } from './lane/memory.ts';
import { Budget } from './listen/budget.ts';
import { chooseListener, insist } from './listen/choose.ts';
import type { Listener, ListenOptions } from './listen/contract.ts';
import { isLoopback } from './listen/loopback.ts';
import { listenSocket } from './listen/socket.ts';
import { createRights } from './session/bits.ts';
import { Delivery } from './session/delivery.ts';
import { type DevelopmentIssuer, type Mint, openDevelopmentIssuer } from './session/issuer.ts';
import { createReception, type SessionReception } from './session/reception.ts';
import { openRevocations, type Revocations } from './session/revocation.ts';
import { RevokeOrders } from './session/revoke-orders.ts';
import { createVerifier, type Verifier } from './session/token.ts';
import { isRunning } from './synapse/node/host-file.ts';
import { Labels } from './telemetry/labels.ts';
import { telemetrySettings } from './telemetry/settings.ts';
import { claimsOf, Telemetry } from './telemetry/telemetry.ts';

export { isLoopback } from './listen/loopback.ts';

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
  /** Capabilities that the project's lock approves for a cell, such as `call:ledger`. */
  approved?(cell: string): string[];
}

export interface Host {
  readonly url: string;
  readonly port: number;
  readonly listener: { kind: string; why: string };
  /** Whether the port answers `/metrics`. */
  readonly metrics: boolean;
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

/**
 * Nobody from outside can ask: loopback only, no foreign names or origins (a proxy in front would
 * bring those).
 */
function isPrivate({ host, config: { hosts = [], origins = [] } }: HostOptions): boolean {
  return isLoopback(host) && hosts.length === 0 && origins.length === 0;
}

/** The development issuer exists where nobody configured whom to trust and nobody else can ask. */
function developmentIssuer(options: HostOptions, run: string): DevelopmentIssuer | undefined {
  const { issuers = [] } = options.config;
  return issuers.length === 0 && isPrivate(options) ? openDevelopmentIssuer(run) : undefined;
}

/** Puts the project's flags in force, and every good change of their file. */
function openFlags({ cwd, events }: HostOptions, memory: SharedMemory): FlagFile {
  const log = (text: string) => events.log({ level: 'warn', cell: '', text, lane: -1 });
  return new FlagFile(cwd, {
    flags: (flags) => writeFlags(memory, flags),
    wrong: (error) => log(`${error.message}; the flags stay as they were`),
  });
}

function readCells(options: HostOptions): CellSpec[] {
  const cells: CellSpec[] = [];
  const grants = options.config.grants ?? {};
  let firstRoute = 0;
  for (const file of options.modules) {
    const place = { firstRoute, index: cells.length };
    const pagesMax = options.config.limits?.pages;
    const spec = readCell(file, place, (name) => ({
      grants: withApproved(
        Object.hasOwn(grants, name) ? grants[name] : {},
        options.approved?.(name) ?? [],
        options.cwd,
      ),
      ...(pagesMax === undefined ? {} : { pages: pagesMax }),
    }));
    const twin = cells.find((c) => c.name === spec.name);
    if (twin)
      throw new Error(`two modules are the cell \`${spec.name}\`: ${twin.file} and ${file}`);
    cells.push(spec);
    firstRoute += spec.schema.methods.length;
  }
  checkServed(options.config, cells);
  for (const [i, kin] of kinOf(cells).entries()) cells[i].kin = kin;
  for (const cell of cells) checkGuarded(options, cell);
  return cells;
}

/** Judges the statements of cells, and whether their databases are what they were built against. */
async function admitDatabases(specs: CellSpec[], project: string): Promise<void> {
  const asking = specs.filter(({ manifest, grants }) => manifest.sql && grants.sql);
  if (asking.length === 0) return;
  // Parser and driver are loaded only where they are needed: 100 ms.
  const { admitSql } = await import('./cell/sql-admission.ts');
  for (const spec of asking) await admitSql(spec, { project, env: process.env });
}

/** Whether some method says who may call it. */
function isDemanding({ schema }: CellSpec): boolean {
  const own = schema.methods.filter(({ channel }) => channel === undefined);
  return own.some(({ access: a }) => a.public || a.anyRole.length > 0 || a.scopes.length > 0);
}

/**
 * A module whose demands were left out serves this machine only: nobody else may come near it. One
 * that demands nothing is the same bytes, so outside its map has to say that its author wants it
 * so.
 */
function checkGuarded({ host, config }: HostOptions, cell: CellSpec): void {
  const { name, file } = cell;
  const { hosts = [], origins = [] } = config;
  const from = [host, ...hosts, ...origins.map((origin) => new URL(origin).hostname)];
  const outside = from.find((address) => !isLoopback(address));
  if (outside === undefined) return;
  const out = leftOut(file);
  if (out === null && !isDemanding(cell)) {
    throw new ModuleError(
      `${file}: no method of \`${name}\` says who may call it, and nothing says whether it was ` +
        `built with --features auth=off: ${file}.map is not there, or of another build. With ` +
        `${outside} it is not served so. Put the map that \`cell build\` wrote beside it.`,
    );
  }
  if (!out?.includes('auth')) return;
  throw new ModuleError(
    `${file}: \`${name}\` was built with --features auth=off, so any session may call all of ` +
      `it; it is served on loopback only, not with ${outside}. Build it without auth=off.`,
  );
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
  { telemetry, verifier, revocations }: Parts,
): ListenOptions {
  const verify = async (token: string) => {
    const identity = await verifier.verify(token);
    if (!revocations.revoked(identity.subject, identity.issuedMs)) return identity;
    throw new Error('the subject of the token was revoked');
  };
  const metrics = telemetry?.served
    ? { text: () => telemetry.metrics(), open: isPrivate(options), verify }
    : null;
  const pageToken = development && (() => development.mintToken({ subject: 'page' }));
  return {
    host: options.host,
    port: options.port,
    origins: options.config.origins ?? [],
    hosts: options.config.hosts ?? [],
    upgradePath: '/cell',
    messageBytes: MESSAGE_BYTES,
    backpressureBytes: BACKPRESSURE_BYTES,
    http: withMetrics(pages(options.page, pageToken), metrics),
  };
}

/** SHA-256 of a module, hex: by it a build knows whether its own is the one that is served. */
function digestOf(file: string): string {
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex');
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
    cells: cells.map(({ name, file }) => ({ name, file, digest: digestOf(file) })),
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
  verifier: Verifier;
  lanes?: Lanes;
  reception?: SessionReception;
  orders?: RevokeOrders;
  flags?: FlagFile;
  telemetry?: Telemetry;
  /** The host file is this host's; the entry that stood there before. */
  listed?: { before: HostEntry | null };
}

/** What was accepted is answered before the connections that wait for it are closed. */
async function stopParts(parts: Parts): Promise<void> {
  parts.verifier.close();
  if (parts.listed) removeHostFile(parts.run, process.pid, parts.listed.before);
  await parts.orders?.close();
  parts.flags?.close();
  await parts.lanes?.stop();
  const lastSpans = parts.telemetry?.stop();
  await setImmediate();
  parts.reception?.close();
  for (const listener of parts.listeners) await listener.close();
  await parts.revocations.close();
  await lastSpans;
}

/** Opens the port and the Unix socket; `parts` has all that they serve. */
async function listen(
  options: HostOptions,
  development: DevelopmentIssuer | undefined,
  parts: Parts,
  reception: SessionReception,
  budget: Budget,
) {
  const listenOptions = listenOptionsOf(options, development, parts);
  const wish = options.listener ?? 'auto';
  const chosen = insist(await chooseListener(wish), wish);
  const listener: Listener = await chosen.listen(listenOptions, reception);
  parts.listeners.push(listener);
  const socket = socketPath(parts.run);
  if (socket) {
    fs.rmSync(socket, { force: true });
    const local = { ...listenOptions, path: socket };
    parts.listeners.push(await listenSocket(budget)(local, reception));
  }
  const { kind, why } = chosen;
  return { url: listener.url, port: listener.port, socket, listener: { kind, why } };
}

/** Starts a host. Rejects with an authored error when a cell is refused or the port is taken. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { config } = options;
  const run = path.join(options.cwd, '.cell', 'run');
  fs.mkdirSync(run, { recursive: true, mode: 0o700 });
  sweepSockets(run);
  const settings = telemetrySettings(config.cells?.telemetry, process.env);
  const specs = readCells(options);
  await admitDatabases(specs, options.cwd);
  const development = developmentIssuer(options, run);
  const issuers = development ? [development.issuer] : (config.issuers ?? []);
  const verifier = createVerifier(issuers, Date.now, {
    elapsedMs: () => performance.now(),
    report: (text) => options.events.log({ level: 'warn', cell: '', text, lane: -1 }),
  });
  const revocations = await openRevocations(path.join(run, 'revoked'));
  const rights = createRights();
  const memory = createMemory({ lanes: Math.max(1, options.lanes) });
  const delivery = new Delivery();
  const parts: Parts = { run, listeners: [], revocations, verifier };
  try {
    parts.flags = openFlags(options, memory);
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
    const labels = new Labels();
    const reception = createReception({
      ...{ memory, lanes, delivery, verifier, revocations, rights, labels, budget, limits },
      cells: () => cells,
      fault: (error) => options.events.log(hostFault(error)),
    });
    parts.reception = reception;
    const counts = () => reception.counts();
    const warn = (text: string) => options.events.log({ level: 'warn', cell: '', text, lane: -1 });
    const sources = { settings, lanes, cells: () => cells, counts, warn };
    parts.telemetry = new Telemetry(sources, labels);
    for (const spec of specs) {
      labels.demand(claimsOf(spec));
      await lanes.load(spec);
      cells.push(spec);
    }
    const orders = await RevokeOrders.open(run, ({ subject, until, lift }) =>
      lift ? reception.lift(subject) : reception.revoke(subject, until),
    );
    parts.orders = orders;

    const opened = await listen(options, development, parts, reception, budget);
    verifier.warm();
    const entry = entryOf(run, opened.url, opened.socket, development !== undefined, cells);
    parts.listed = { before: writeHostFile(run, entry) };
    let stopping: Promise<void> | undefined;
    return {
      ...{ ...opened, cells, lanes, reception },
      metrics: parts.telemetry.served,
      mintToken: development && ((mint) => development.mintToken(mint)),
      stop: () => (stopping ??= stopParts(parts)),
    };
  } catch (error) {
    await stopParts(parts);
    throw error;
  }
}
