// Owns the host that a build starts for cells which nobody serves: real kernel, sandbox and
// watchdog, one lane, no listener that anything outside of this process reaches, no files, no keys.
// A macro that hangs ends with its lane. Never grants what cell.config.ts does not, except calls to
// the cells beside it, which have no more than it has, and the databases of the project to the
// standard cells that plan schemas.
import { BACKPRESSURE_BYTES, MESSAGE_BYTES } from '../../assembly/shared/limits.ts';
import type { Config } from '../cell/config.ts';
import { admit, readModule } from '../cell/module.ts';
import type { CellSpec, Grants, LaneEvents, Lanes } from '../lane/contract.ts';
import { startLanes } from '../lane/lanes.ts';
import { createMemory } from '../lane/memory.ts';
import { listenMemory, type MemoryListener } from '../listen/memory.ts';
import { createRights } from '../session/bits.ts';
import { Delivery } from '../session/delivery.ts';
import { createReception, type SessionReception } from '../session/reception.ts';
import type { Revocations } from '../session/revocation.ts';
import type { Identity, Verifier } from '../session/token.ts';
import { memory as inProcess, Synapse } from '../synapse/node/index.ts';
import { BUILD_SCOPE } from './scope.ts';

/**
 * One connection; no limits and no kept replies, since macros have neither. Routes: every method of
 * the cells of one build.
 */
const SIZES = { routes: 4096, sessions: 4, buckets: 64, memoBytes: 4096 };

/**
 * Milliseconds of CPU for one plan, whatever the cell asks for itself: 1,000 sites take 100. Well
 * below the 5 s that the build waits, so that a macro that hangs is ended and named.
 */
const PLAN_CPU_MS = 1000;

/** Whoever reaches the memory listener is the build. */
const BUILD: Identity = {
  subject: 'build',
  roles: [],
  scopes: [BUILD_SCOPE],
  expires: 2n ** 62n,
  served: 2n ** 62n,
  issuer: 'cell:build',
  issuedMs: 0,
  claims: {},
};
const VERIFIER: Verifier = { verify: async () => BUILD, warm: () => {}, close: () => {} };
const NO_REVOCATIONS: Revocations = {
  revoked: () => false,
  revoke: async () => {},
  lift: async () => {},
  list: () => [],
  close: async () => {},
};

/** One host of a build. */
export class StartedHost {
  readonly #lanes: Lanes;
  readonly #reception: SessionReception;
  readonly #listener: MemoryListener;
  readonly #cells: CellSpec[];
  readonly #config: Config;
  readonly #project: string | undefined;
  #routes = 0;
  /** Cells are loaded one after the other. */
  #loading: Promise<unknown> = Promise.resolve();
  #synapse: Promise<Synapse> | undefined;

  private constructor(
    parts: { lanes: Lanes; reception: SessionReception; listener: MemoryListener },
    cells: CellSpec[],
    config: Config,
    project: string | undefined,
  ) {
    this.#project = project;
    this.#lanes = parts.lanes;
    this.#reception = parts.reception;
    this.#listener = parts.listener;
    this.#cells = cells;
    this.#config = config;
  }

  /**
   * Starts a host without cells.
   * @param events what macros log, and lanes that were lost
   * @param project folder of the project, absolute; without one nobody gets at its databases
   */
  static async start(config: Config, events: LaneEvents, project?: string): Promise<StartedHost> {
    const memory = createMemory({ lanes: 1, ...SIZES });
    const delivery = new Delivery();
    const rights = createRights();
    const cells: CellSpec[] = [];
    const lanes = await startLanes({
      ...{ memory, lanes: 1, deliver: delivery, events, rights, standby: false },
      limits: { cpuMs: PLAN_CPU_MS },
    });
    const reception = createReception({
      ...{ memory, lanes, delivery, rights, verifier: VERIFIER, revocations: NO_REVOCATIONS },
      cells: () => cells,
    });
    const sizes = { messageBytes: MESSAGE_BYTES, backpressureBytes: BACKPRESSURE_BYTES };
    const nowhere = { host: '', port: 0, origins: [], hosts: [], upgradePath: '' };
    const listener = await listenMemory({ ...nowhere, ...sizes }, reception);
    return new StartedHost({ lanes, reception, listener }, cells, config, project);
  }

  /**
   * Loads a module. `file` names it in errors and traces. Rejects when it is refused, or when a
   * cell of its name is there.
   * @param administers it is let at the databases of the project
   */
  load(bytes: Uint8Array, file: string, administers = false): Promise<void> {
    const loaded = this.#loading.then(() => this.#load(bytes, file, administers));
    this.#loading = loaded.catch(() => {});
    return loaded;
  }

  async #load(bytes: Uint8Array, file: string, administers: boolean): Promise<void> {
    const { grants = {}, limits: { pages } = {} } = this.#config;
    const cell = readModule(bytes, file);
    const { name, module, schema } = cell;
    const limits = { ...cell.manifest.limits, cpuMs: PLAN_CPU_MS };
    const manifest = { ...cell.manifest, limits };
    if (this.#cells.some((other) => other.name === name)) {
      throw new Error(`a cell \`${name}\` is there already`);
    }
    const call = Object.keys(manifest.remotes ?? {});
    const granted: Grants = { call, ...(Object.hasOwn(grants, name) ? grants[name] : {}) };
    if (this.#project !== undefined) granted.project = this.#project;
    if (administers && this.#project !== undefined) granted.database = true;
    admit(cell, {
      grants: granted,
      ...(pages === undefined ? {} : { pages }),
    });
    const place = { firstRoute: this.#routes, index: this.#cells.length };
    const seat = { ...place, grants: granted, file, map: `${file}.map` };
    const spec: CellSpec = { name, module, schema, manifest, ...seat };
    if (manifest.sql && granted.sql) {
      const { judgeStatements } = await import('../cell/sql-admission.ts');
      await judgeStatements(spec);
    }
    await this.#lanes.load(spec);
    this.#cells.push(spec);
    this.#routes += schema.methods.length;
  }

  /** The connection of the build: one for all cells. */
  connect(): Promise<Synapse> {
    const open = { dial: inProcess(this.#listener), token: 'build', agent: 'cell-build' };
    this.#synapse ??= Synapse.open([], { ...open, reconnect: false, keepalive: Infinity });
    return this.#synapse;
  }

  /** Ends the lane and the connection. */
  async close(): Promise<void> {
    const synapse = await this.#synapse?.catch(() => undefined);
    await synapse?.close();
    await this.#lanes.stop();
    this.#reception.close();
    await this.#listener.close();
  }
}
