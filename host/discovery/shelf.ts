// Owns the hosts that a build has started: which module is loaded in which. One host for all cells;
// another one only when a cell is wanted in a second version, as while a project's own macro cell
// is built anew. Cells that a cell calls are loaded with it.
import fs from 'node:fs';
import type { Config } from '../cell/config.ts';
import type { LaneEvents } from '../lane/contract.ts';
import type { Synapse } from '../synapse/index.ts';
import type { ModuleFacts } from './modules.ts';
import { SILENT } from './silent.ts';
import type { StartedHost } from './started.ts';

interface Standing {
  host: Promise<StartedHost>;
  /** Cell -> digest of its module there, and when it is loaded. */
  cells: Map<string, { digest: string; loaded: Promise<void> }>;
}

/** The started hosts of one build. */
export class Shelf {
  readonly #config: Config;
  readonly #project: string;
  readonly #events: LaneEvents;
  readonly #factsOf: (cell: string) => ModuleFacts | null;
  readonly #standing: Standing[] = [];

  /**
   * @param project folder of the project, absolute
   * @param factsOf the module of a cell that another one calls; null: there is none
   * @param events what the cells log
   */
  constructor(
    config: Config,
    project: string,
    factsOf: (cell: string) => ModuleFacts | null,
    events = SILENT,
  ) {
    this.#config = config;
    this.#project = project;
    this.#events = events;
    this.#factsOf = factsOf;
  }

  /**
   * A connection to a host that has this module. Rejects when it is refused.
   * @param administers it is let at the databases of the project
   */
  async open(facts: ModuleFacts, administers = false): Promise<Synapse> {
    const standing = this.#with(facts);
    const own = this.#load(standing, facts, administers);
    // One that cannot be loaded is missing when it is called, which is told then.
    const called = this.#called(facts).map((one) => this.#load(standing, one).catch(() => {}));
    await own;
    await Promise.all(called);
    return (await standing.host).connect();
  }

  /** Ends all hosts. */
  async close(): Promise<void> {
    const hosts = this.#standing.splice(0).map(({ host }) => host.catch(() => null));
    for (const host of await Promise.all(hosts)) await host?.close();
  }

  #with({ cell, digest }: ModuleFacts): Standing {
    const fits = ({ cells }: Standing): boolean => (cells.get(cell)?.digest ?? digest) === digest;
    const found = this.#standing.find(fits);
    if (found !== undefined) return found;
    const standing: Standing = {
      host: start(this.#config, this.#events, this.#project),
      cells: new Map(),
    };
    standing.host.catch(() => {});
    this.#standing.push(standing);
    return standing;
  }

  /** Modules of the cells that this one calls, directly or not. */
  #called(facts: ModuleFacts): ModuleFacts[] {
    const found = new Map([[facts.cell, facts]]);
    for (const { remotes } of found.values()) {
      for (const cell of remotes) {
        const called = found.has(cell) ? null : this.#factsOf(cell);
        if (called !== null) found.set(cell, called);
      }
    }
    return [...found.values()].slice(1);
  }

  #load(
    standing: Standing,
    { cell, digest, file }: ModuleFacts,
    administers = false,
  ): Promise<void> {
    const known = standing.cells.get(cell);
    if (known !== undefined) return known.loaded;
    const loaded = standing.host.then((host) =>
      host.load(fs.readFileSync(file), file, administers),
    );
    standing.cells.set(cell, { digest, loaded });
    loaded.catch(() => {});
    return loaded;
  }
}

async function start(config: Config, events: LaneEvents, project: string): Promise<StartedHost> {
  // Lanes, kernel and session are loaded only by builds that start a host.
  const { StartedHost } = await import('./started.ts');
  return StartedHost.start(config, events, project);
}
