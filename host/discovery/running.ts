// Owns the host that runs for a project, as a build sees it: which cells it serves, in which
// version, and a connection with the right to ask their macros. Never starts or ends it.
import fs from 'node:fs';
import path from 'node:path';
import type { HostEntry } from '../host-file.ts';
import type { Synapse } from '../synapse/index.ts';
import { findHostFile, isRunning } from '../synapse/node/host-file.ts';
import { BUILD_SCOPE } from './scope.ts';

/** Milliseconds to reach a host of this machine. */
const CONNECT_MS = 3000;

/** A running host. */
export class RunningHost {
  readonly url: string;
  /** Cells with the digests of the modules that it serves. */
  readonly cells: { name: string; file: string; digest: string }[];
  readonly #address: string;
  readonly #run: string;
  readonly #development: boolean;
  #synapse: Promise<Synapse> | undefined;

  private constructor(file: string, entry: HostEntry) {
    this.url = entry.url;
    this.cells = entry.cells.filter((cell) =>
      [cell?.name, cell?.file, cell?.digest].every((text) => typeof text === 'string'),
    );
    this.#address = entry.socket === null ? entry.url : `unix:${entry.socket}`;
    this.#run = path.dirname(file);
    this.#development = entry.issuerKey !== null;
  }

  /** The host of the nearest `.cell/run/host.json`, if it runs; else why there is none. */
  static find(cwd: string): RunningHost | string {
    let found: ReturnType<typeof findHostFile>;
    let entry: HostEntry;
    try {
      found = findHostFile(cwd);
      if (found === null) return 'no host of this project runs';
      entry = JSON.parse(fs.readFileSync(found.file, 'utf8')) as HostEntry;
    } catch (error) {
      return (error as Error).message;
    }
    if (!isRunning(found.host.pid)) return 'the last host of this project has ended';
    if (!Array.isArray(entry?.cells)) return `${found.file} names no cells`;
    return new RunningHost(found.file, { ...entry, ...found.host });
  }

  /** Why a build may not ask its macros; undefined: it may. */
  get closed(): string | undefined {
    if (this.#development || process.env.CELL_TOKEN) return undefined;
    return `the running host ${this.url} wants a token: CELL_TOKEN, with the scope ${BUILD_SCOPE}`;
  }

  /** The connection of the build: one for all cells. */
  connect(): Promise<Synapse> {
    this.#synapse ??= this.#open();
    return this.#synapse;
  }

  /** Loads what it takes: a build that nothing has changed for connects to nobody. */
  async #open(): Promise<Synapse> {
    const { openDevelopmentIssuer } = await import('../session/issuer.ts');
    const { Synapse } = await import('../synapse/node/index.ts');
    const token = this.#development
      ? await openDevelopmentIssuer(this.#run).mintToken({
          subject: 'build',
          scopes: [BUILD_SCOPE],
        })
      : (process.env.CELL_TOKEN ?? null);
    const options = { url: this.#address, token, agent: 'cell-build', connectTimeout: CONNECT_MS };
    return Synapse.open([], { ...options, reconnect: false, keepalive: Infinity });
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    const synapse = await this.#synapse?.catch(() => undefined);
    await synapse?.close();
  }
}
