// The verb `run`: serves cells until it is told to stop. What is printed here is all that a user
// sees of a host, so it says where to look and what to type next.
import fs from 'node:fs';
import path from 'node:path';
import { approved } from '../../build/6-lock/approved.ts';
import { type Config, loadConfig } from '../cell/config.ts';
import { leftOut } from '../cell/left-out.ts';
import { folderPage, type Page } from '../gateway/pages.ts';
import { type Host, startHost } from '../host.ts';
import type { LaneEvents } from '../lane/contract.ts';
import { printable } from '../lane/printable.ts';
import { defaultLanes } from './doctor.ts';
import { findModule, outFolder } from './locate.ts';
import { type MacroFlags, makeOptions } from './macro-flags.ts';
import { style, UserError } from './print.ts';

export interface RunFlags extends MacroFlags {
  port?: number;
  host?: string;
  lanes?: number;
  listener?: string;
  public?: string;
  json?: boolean;
}

/** Port when neither a flag nor cell.config.ts says one. */
export const PORT = 4400;

/** A second Ctrl-C this long after the first ends the process at once, in ms. */
const IMPATIENT_MS = 1000;

/** Builds the sources among `what`; returns the modules of all. UserError when a build fails. */
export async function modulesOf(
  what: string[],
  cwd: string,
  quiet: boolean,
  flags: MacroFlags = {},
): Promise<string[]> {
  const sources = [...new Set(what.filter((w) => w.endsWith('.ts')))];
  if (sources.length === 0) return what.map((w) => findModule(w, cwd));
  const { make } = await import('../../build/make.ts');
  const made = await make({ ...(await makeOptions(flags, cwd)), files: sources });
  const { printFinding } = await import('../../build/diagnostics/findings.ts');
  for (const finding of made.flatMap((m) => m.findings)) {
    console.error(`${printFinding(finding)}\n`);
  }
  const failed = made.find((m) => m.summary === null);
  if (failed !== undefined) {
    throw new UserError(`${failed.file} was not built`, undefined, 'mend the errors above');
  }
  const built = new Map<string, string>();
  for (const [i, { summary, cached, ms }] of made.entries()) {
    const cell = summary?.cell ?? '';
    if (!quiet) console.log(`${cached ? 'unchanged' : 'built'} ${cell} in ${Math.round(ms)} ms`);
    // After the sources come cells of this project that they needed.
    if (i < sources.length) built.set(sources[i], path.join(outFolder(cwd), `${cell}.wasm`));
  }
  return what.map((w) => built.get(w) ?? findModule(w, cwd));
}

/** Lines of guests and lanes, for people or for machines. */
export function logEvents(json: boolean): LaneEvents {
  return {
    log: (line) => {
      if (json) return console.log(JSON.stringify({ event: 'log', ...line }));
      const colour = { debug: 'gray', info: 'cyan', warn: 'yellow', error: 'red' } as const;
      const level = style(colour[line.level], line.level.padEnd(5));
      // Receivers and issuers may have written it.
      console.log(`${level} ${line.cell || 'host'}: ${printable(line.text)}`);
    },
  };
}

function listenerOf(kind: string | undefined): 'auto' | 'uws' | 'ws' {
  if (kind === undefined || kind === 'auto') return 'auto';
  if (kind === 'uws' || kind === 'ws') return kind;
  throw new UserError(`there is no listener \`${kind}\``, undefined, 'one of: uws, ws, auto');
}

function pageOf(folder: string | undefined): Page | undefined {
  if (folder === undefined) return undefined;
  if (!fs.existsSync(folder)) {
    throw new UserError(
      `there is no folder ${folder}`,
      undefined,
      'give --public a folder of files',
    );
  }
  return folderPage(folder);
}

/** What `serve` needs beside the flags. */
export interface Serving {
  modules: string[];
  config: Config;
  page?: Page;
  /** Port to take when no flag and no configuration says one. */
  port?: number;
}

/**
 * Starts a host from flags and configuration: a flag wins over the file, the file over defaults.
 */
export function hostFrom(serving: Serving, flags: RunFlags): Promise<Host> {
  const { config } = serving;
  const page = serving.page ?? pageOf(flags.public);
  const port = flags.port ?? config.port ?? serving.port ?? PORT;
  const host = flags.host ?? config.host ?? '127.0.0.1';
  return startHost({
    cwd: process.cwd(),
    modules: serving.modules,
    config,
    lanes: flags.lanes ?? config.lanes ?? defaultLanes(),
    port,
    host,
    listener: listenerOf(flags.listener),
    ...(page ? { page } : {}),
    events: logEvents(flags.json === true),
    approved: (cell) => approved(process.cwd(), cell),
  }).catch((error) => {
    throw explained(error, host, port);
  });
}

/** What a user can do about a host that did not start. */
function explained(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const where = `${host}:${port}`;
  const fixes: Record<string, string> = {
    EADDRINUSE: 'end what listens there, or take another port: --port 0 takes any free one',
    EACCES: 'take a port of 1024 or above: --port 4400',
    EADDRNOTAVAIL: 'this machine has no such address: --host 127.0.0.1, or 0.0.0.0 for all',
  };
  // The cell's own words: where they came from in the host helps nobody.
  if (/^cell `[^`]*` did not start: /.test(error.message)) return new UserError(error.message);
  const fix = fixes[error.code ?? ''];
  if (fix === undefined) return error;
  const user = new UserError(`cannot listen on ${where} (${error.code})`, error.message, fix);
  return Object.assign(user, { code: error.code });
}

/** Address of the host's pages. */
export const pageUrl = (host: Host): string =>
  host.url.replace(/^ws/, 'http').replace(/\/cell$/, '/');

/** Waits for SIGINT, SIGTERM or SIGHUP, then stops the host. */
export async function untilStopped(host: Host): Promise<void> {
  await new Promise<void>((resolve) => {
    let first = 0;
    const stop = (): void => {
      if (first === 0) {
        first = performance.now();
        resolve();
      } else if (performance.now() - first > IMPATIENT_MS) {
        process.exit(130);
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  });
  await host.stop();
}

/** Cells that answer whoever calls, whatever their decorators say. */
function unguarded({ cells }: Host): string[] {
  const open = cells.filter(({ file }) => {
    try {
      return leftOut(file)?.includes('auth') === true;
    } catch {
      return false; // a damaged map says nothing
    }
  });
  return open.map(
    ({ name }) =>
      `auth is off: any session may call everything in ${name}, ` +
      `which was built with --features auth=off`,
  );
}

/** Cells that a served one calls and that are not served: its calls of them are UNAVAILABLE. */
function unserved({ cells }: Host): string[] {
  const names = cells.map((c) => c.name);
  return cells.flatMap(({ name, manifest }) =>
    Object.keys(manifest.remotes ?? {})
      .filter((other) => !names.includes(other))
      .map(
        (other) => `${name} calls ${other}, which is not served here: cell run ${name} ${other}`,
      ),
  );
}

/** What a host that starts all the same should say of its cells. */
const warningsOf = (host: Host): string[] => [...unserved(host), ...unguarded(host)];

function announce(host: Host, flags: RunFlags): void {
  const names = host.cells.map((c) => c.name);
  if (flags.json) {
    const { url, socket, port } = host;
    const listener = host.listener.kind;
    const warnings = warningsOf(host);
    const more = warnings.length === 0 ? {} : { warnings };
    const ready = { event: 'ready', url, socket, port, listener, cells: names, ...more };
    console.log(JSON.stringify(ready));
    return;
  }
  const { count } = host.lanes;
  const lanes =
    count === 0 ? 'in the listener thread' : `on ${count} lane${count === 1 ? '' : 's'}`;
  console.log(`${style('green', 'serving')} ${style('bold', names.join(', '))} ${lanes}`);
  console.log(`  address   ${host.url}  (${host.listener.kind})`);
  if (flags.public !== undefined) console.log(`  page      ${pageUrl(host)}`);
  if (host.metrics) console.log(`  metrics   ${pageUrl(host)}metrics`);
  if (host.mintToken)
    console.log('  tokens    development issuer (loopback only); see `cell call --help`');
  for (const line of warningsOf(host)) console.log(`  ${style('yellow', 'warning')}   ${line}`);
  const cell = host.cells[0];
  const method = cell?.schema.methods.find((m) => m.channel === undefined);
  if (cell && method) {
    const args = method.params.map((p) => (p.type.kind === 'string' ? ` '"..."'` : ` <${p.name}>`));
    console.log(`  try       npx cell call ${cell.name} ${method.name}${args.join('')}`);
  }
  console.log('  Ctrl-C ends it');
}

/** Serves cells until Ctrl-C. */
export async function run(what: string[], flags: RunFlags): Promise<number> {
  const cwd = process.cwd();
  const config = await loadConfig(cwd);
  const modules = await modulesOf(what, cwd, flags.json === true, flags);
  const host = await hostFrom({ modules, config }, flags);
  announce(host, flags);
  await untilStopped(host);
  if (!flags.json) console.log('stopped');
  return 0;
}
