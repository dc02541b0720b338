// Owns what is the same for worker lanes and the inline lane: which cells are loaded, their rows,
// their statistics and their names. It starts and loads nothing itself.
import { C_COLLECT_SPANS_WORD, CONTROL } from '../../assembly/shared/layout.ts';
import { CELLS, CPU_MS, START_CPU_MS } from '../../assembly/shared/limits.ts';
import type { Drivers } from '../capability/contract.ts';
import type { ConfigLimits } from '../cell/config.ts';
import type {
  CellSpec,
  CounterStats,
  Deliver,
  LaneEvents,
  MethodStats,
  SpanRecord,
} from './contract.ts';
import { Links } from './links.ts';
import type { SharedMemory } from './memory.ts';
import { type CellPart, partOf } from './part.ts';
import { type Demands, Routes } from './routes.ts';
import { spansLost, takeSpans } from './span-ring.ts';
import { routeStats } from './stats.ts';

/** What startLanes takes. */
export interface LanesOptions {
  /** Worker threads; 0 = the kernel runs in the calling thread, for trusted cells. */
  lanes: number;
  /** Made by createMemory({ lanes: max(1, lanes) }); session slots lie in it too. */
  memory: SharedMemory;
  deliver: Deliver;
  events: LaneEvents;
  /** Bits of roles and scopes: createRights() of host/session/bits.ts. */
  rights: Demands;
  /** methods: rates; cpuMs: bound of every cell's CPU budget, default CPU_MS. */
  limits?: Pick<ConfigLimits, 'methods' | 'cpuMs'>;
  /** Microseconds that a lane looks for work before it sleeps. Default by the number of cores. */
  spinUs?: number;
  /** Milliseconds of CPU for one stretch of a cell's start(). Default START_CPU_MS. */
  startCpuMs?: number;
  /** false: no worker waits for a lane to be lost; for hosts that live for seconds. */
  standby?: boolean;
  /** Inline only: other drivers behind the grants. */
  drivers?: Partial<Drivers>;
  /** The kernel with its invariants on, for tests. */
  debug?: boolean;
}

/** A cell that was loaded. */
export interface LoadedCell {
  spec: CellSpec;
  part: CellPart;
}

/** The cells of one host, by index. */
export class Cells {
  readonly routes: Routes;
  private readonly memory: SharedMemory;
  private readonly startCpuMs: number;
  private readonly links: Links;
  private readonly events: LaneEvents;
  /** What was told of links. */
  private readonly told = new Set<string>();
  private readonly loaded: LoadedCell[] = [];

  constructor(options: LanesOptions) {
    this.memory = options.memory;
    this.startCpuMs = options.startCpuMs ?? START_CPU_MS;
    this.links = new Links(options.memory);
    this.events = options.events;
    const { limits, rights, memory } = options;
    const rates = limits?.methods ?? {};
    this.routes = new Routes(memory, { rights, rates, cpuMs: limits?.cpuMs ?? CPU_MS });
  }

  /** Checks that `spec` has its place. Throws when index or routes are taken or out of range. */
  place(spec: CellSpec, home: number): CellPart {
    const { index, name } = spec;
    if (!Number.isInteger(index) || index < 0 || index >= CELLS) {
      throw new RangeError(`cell \`${name}\`: a host holds at most ${CELLS} cells`);
    }
    const taken = this.loaded[index];
    if (taken) throw new Error(`cell \`${name}\`: \`${taken.spec.name}\` has index ${index}`);
    const end = spec.firstRoute + spec.schema.methods.length;
    if (end > this.memory.routeCapacity) {
      throw new RangeError(
        `cell \`${name}\`: a host has at most ${this.memory.routeCapacity} methods`,
      );
    }
    const part = partOf(spec, home, this.startCpuMs);
    this.links.reserve(part);
    return part;
  }

  /** The cell serves in its lanes: its rows go live, and cells that call it find it. */
  add(spec: CellSpec, part: CellPart): void {
    this.routes.write(spec, part);
    this.loaded[spec.index] = { spec, part };
    const cells = this.loaded.filter(Boolean);
    const found = this.links.settle(cells, ({ part: of }, method, waits, home) =>
      this.routes.move(of, method, waits, home),
    );
    for (const { cell, text } of found) {
      if (this.told.has(text)) continue;
      this.told.add(text);
      this.events.log({ level: 'warn', cell, text, lane: -1 });
    }
  }

  /** Lane of an actor that belongs to the kin of `spec`; undefined: none is loaded. */
  homeOfKin(spec: CellSpec): number | undefined {
    const calls = (a: CellSpec, b: CellSpec): boolean =>
      Object.hasOwn(a.manifest.remotes ?? {}, b.name);
    const isKin = (a: CellSpec, b: CellSpec): boolean =>
      (a.kin !== undefined && a.kin === b.kin) || calls(a, b) || calls(b, a);
    const group = [spec];
    for (const one of group) {
      for (const other of this.loaded.filter(Boolean)) {
        if (group.includes(other.spec) || !isKin(one, other.spec)) continue;
        if (other.part.home >= 0) return other.part.home;
        group.push(other.spec);
      }
    }
    return undefined;
  }

  get(index: number): LoadedCell | undefined {
    return this.loaded[index];
  }

  /** The loaded cell that a route belongs to; undefined for one that is only being loaded. */
  ownerOf(route: number): LoadedCell | undefined {
    return this.loaded.find((cell) => {
      if (cell === undefined) return false;
      const { firstRoute, methods } = cell.part;
      return route >= firstRoute && route < firstRoute + methods.length;
    });
  }

  /** Parts of all cells, in the order of their indices. */
  parts(): CellPart[] {
    return this.loaded.filter(Boolean).map((cell) => cell.part);
  }

  nameOf(index: number): string {
    return this.loaded[index]?.spec.name ?? `#${index}`;
  }

  methods(): MethodStats[] {
    return this.loaded.filter(Boolean).flatMap(({ spec }) =>
      spec.schema.methods.map((method, i) => ({
        cell: spec.name,
        method: method.name,
        ...routeStats(this.memory, spec.firstRoute + i),
      })),
    );
  }

  spans(each: (span: SpanRecord) => void, most: number): number {
    return takeSpans(this.memory, each, most);
  }

  spansLost(): number {
    return spansLost(this.memory);
  }

  collectSpans(on: boolean): void {
    Atomics.store(this.memory.words, (CONTROL >>> 2) + C_COLLECT_SPANS_WORD, on ? 1 : 0);
  }

  counters(): CounterStats[] {
    return this.routes.policies.read();
  }
}
