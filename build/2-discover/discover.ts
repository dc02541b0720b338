// Owns the second stage: which cell answers for a namespace, of all the places where one is.
// Prefers what runs over what is brought; starts nothing before it is asked.
import type {
  Discovery,
  Identity,
  Missing,
  Provider,
  RemoteCell,
} from '../3-negotiate/contract.ts';
import { cellsOf } from './cell-name.ts';
import type { Place, PlaceKind, Places } from './places.ts';
import { Remembered } from './remembered.ts';

/** Milliseconds of one request to a cell that this build has started, its start included. */
const STARTED_MS = 60_000;

/** Order in which the schema of a called cell is believed: what this project built comes first. */
const SCHEMAS: PlaceKind[] = ['own', 'running', 'package', 'standard'];

/** Discovery over the places of a project. `start`: false with `--no-start`. */
export class Discover implements Discovery {
  readonly #places: Places;
  readonly #start: boolean;
  readonly #providers = new Map<string, Provider>();
  readonly #memory: string | null;

  /** `memory`: folder that keeps what standard cells have answered; null: they are always asked. */
  constructor(places: Places, start: boolean, memory: string | null = null) {
    this.#places = places;
    this.#start = start;
    this.#memory = memory;
  }

  async find(ns: string): Promise<Provider | Missing> {
    const place = this.#choose(ns);
    if ('missing' in place) return place;
    const key = `${place.cell} ${place.kind} ${place.digest}`;
    const known = this.#providers.get(key);
    if (known !== undefined) return known;
    let wire: Promise<Provider> | undefined;
    // Builds that ask nobody load nothing that could.
    const open = (): Promise<Provider> => {
      wire ??= import('./wire.ts').then(({ WireProvider }) => new WireProvider(place));
      return wire;
    };
    const memory = place.kind === 'standard' ? this.#memory : null;
    const fresh =
      memory === null
        ? await open()
        : new Remembered({ ...place, patienceMs: STARTED_MS }, open, memory);
    const provider = this.#providers.get(key) ?? fresh;
    this.#providers.set(key, provider);
    return provider;
  }

  warm(namespaces: string[]): void {
    for (const ns of namespaces) void this.#warm(ns);
  }

  /** What goes wrong is told when it is asked for. */
  async #warm(ns: string): Promise<void> {
    const found = await this.find(ns);
    if (!('missing' in found)) await found.ready?.().catch(() => {});
  }

  async identify(ns: string): Promise<Identity | Missing> {
    const place = this.#choose(ns);
    if ('missing' in place) return place;
    const { cell, from, digest, kind } = place;
    return { cell, from, digest, level: kind === 'running' ? 2 : 1 };
  }

  async remote(cell: string): Promise<RemoteCell | null> {
    const places = this.#places.of(cell);
    for (const kind of SCHEMAS) {
      for (const place of places.filter((one) => one.kind === kind)) {
        const schema = place.schema();
        if (schema !== null) return { schema, from: place.from };
      }
    }
    return null;
  }

  cells(): string[] {
    return this.#places.cells();
  }

  async namespaces(): Promise<string[]> {
    const found = new Set<string>();
    for (const cell of this.#places.cells()) {
      for (const { ns } of this.#places.of(cell)) {
        if (typeof ns === 'string' && !('missing' in this.#choose(ns))) found.add(ns);
      }
    }
    return [...found].sort();
  }

  close(): Promise<void> {
    return this.#places.close();
  }

  #choose(ns: string): Place | Missing {
    const cells = cellsOf(ns);
    const tried: string[] = [];
    for (const cell of cells) {
      const usable: Place[] = [];
      for (const place of this.#places.of(cell)) {
        const why = this.#objection(place, ns);
        if (why === null) usable.push(place);
        else tried.push(why);
      }
      const [first] = usable;
      if (first === undefined) continue;
      const rival = usable.find((one) => one.kind === first.kind && one.digest !== first.digest);
      return rival === undefined ? first : ambiguous(first, rival);
    }
    tried.push(...this.#places.tried(cells[0]));
    const bring = this.#start
      ? `install a package that brings \`${cells[0]}\`, or remove the decorator`
      : 'build without --no-start';
    const fix = `start it: cell run ${cells[0]}, or ${bring}`;
    return { missing: true, cell: cells[0], tried: tried.slice(0, 4), fix };
  }

  /** Why a place cannot answer; null = it can. */
  #objection({ ns, kind, from, closed }: Place, wanted: string): string | null {
    if (closed !== undefined) return closed;
    if (ns === null) return `${from} has no macros`;
    if (ns !== undefined && ns !== wanted) {
      return `${from} answers for ${ns === '' ? 'bare decorators' : `@${ns}`}`;
    }
    if (kind !== 'running' && !this.#start) return `${from} brings it, and --no-start is given`;
    return null;
  }
}

function ambiguous(a: Place, b: Place): Missing {
  const tried = [`${a.from} and ${b.from} bring different ones`];
  const fix = 'remove one of the two packages, or run the cell that you mean: cell run';
  return { missing: true, cell: a.cell, tried, fix: `${fix} ${a.cell}` };
}
