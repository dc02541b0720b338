// Owns where the cells of one project are: served by a running host, built here, brought by
// packages, brought by cell itself. Looks when it is asked and remembers nothing that a build could
// change; starts a host only when somebody connects to a cell that nobody serves.
import fs from 'node:fs';
import path from 'node:path';
import type { Config } from '../cell/config.ts';
import type { LaneEvents } from '../lane/contract.ts';
import type { Schema } from '../schema/types.ts';
import type { Synapse } from '../synapse/index.ts';
import { type ModuleFacts, Modules } from './modules.ts';
import { type Brought, broughtTo, builtCells, standardCells } from './packages.ts';
import { RunningHost } from './running.ts';
import { Shelf } from './shelf.ts';

/** A place in the sense of build/2-discover/places.ts. */
export interface CellPlace {
  cell: string;
  kind: 'running' | 'own' | 'package' | 'standard';
  from: string;
  digest: string;
  ns: string | null | undefined;
  closed?: string;
  changing?: boolean;
  schema(): Schema | null;
  connect(): Promise<Synapse>;
}

/** Standard cells that plan schemas: those alone are let at databases while a build asks them. */
const ADMINISTRATORS = ['postgres', 'database'];

/** Everywhere that cells of the project in `cwd` are. */
export class CellPlaces {
  readonly #cwd: string;
  readonly #modules = new Modules();
  readonly #shelf: Shelf;
  #running: RunningHost | string | undefined;
  #brought: (Brought & { kind: 'package' | 'standard' })[] | undefined;

  /**
   * @param config grants for cells that are started; what it does not say is denied
   * @param events what started cells log; by default nobody reads it
   */
  constructor(cwd: string, config: Config, events?: LaneEvents) {
    this.#cwd = cwd;
    this.#shelf = new Shelf(config, cwd, (cell) => this.#factsOf(cell), events);
  }

  of(cell: string): CellPlace[] {
    const places: CellPlace[] = [];
    const running = this.#host();
    const served = typeof running === 'string' ? undefined : running.cells.find(named(cell));
    if (served !== undefined && typeof running !== 'string') {
      places.push(this.#served(running, served));
    }
    for (const { file, from, kind } of this.#files(cell)) {
      const facts = this.#modules.at(file);
      if (facts === null || typeof facts === 'string' || facts.cell !== cell) continue;
      const known = places.some((one) => one.kind !== 'running' && one.digest === facts.digest);
      if (!known) places.push(this.#stored(facts, from, kind));
    }
    const [first, second] = places;
    if (second !== undefined && first.kind === 'running' && first.digest !== second.digest) {
      first.from += `, another version than that of ${second.from}`;
    }
    return places;
  }

  cells(): string[] {
    const running = this.#host();
    const names = typeof running === 'string' ? [] : running.cells.map((one) => one.name);
    const brought = this.#packages().map((one) => one.cell);
    return [...new Set([...names, ...builtCells(this.#cwd), ...brought])].sort();
  }

  tried(cell: string): string[] {
    const running = this.#host();
    const told: string[] = [];
    if (typeof running === 'string') told.push(running);
    else {
      const names = running.cells.map((one) => one.name).join(', ');
      told.push(`the running host serves ${names === '' ? 'nothing' : names}`);
    }
    const files = this.#files(cell);
    for (const { file, from } of files) {
      const facts = this.#modules.at(file);
      if (facts === null) told.push(`${from} brings it, but ${this.#shown(file)} is not there`);
      else if (typeof facts === 'string') told.push(facts);
      else if (facts.cell !== cell) told.push(`${this.#shown(file)} is the cell \`${facts.cell}\``);
    }
    if (files.length === 0) told.push('no package brings it');
    return told;
  }

  async close(): Promise<void> {
    if (this.#running instanceof RunningHost) await this.#running.close();
    await this.#shelf.close();
  }

  #shown(file: string): string {
    const relative = path.relative(this.#cwd, file);
    return (relative.startsWith('..') ? file : relative).split(path.sep).join('/');
  }

  /** Looked for once: a build speaks to one host. */
  #host(): RunningHost | string {
    this.#running ??= RunningHost.find(this.#cwd);
    return this.#running;
  }

  #packages(): (Brought & { kind: 'package' | 'standard' })[] {
    if (this.#brought !== undefined) return this.#brought;
    const standard = standardCells().map((one) => ({ ...one, kind: 'standard' as const }));
    // A project that depends on cell reaches the same files by the link in its node_modules.
    const files = new Set(standard.map((one) => realFile(one.file)));
    const others = broughtTo(this.#cwd).filter((one) => !files.has(realFile(one.file)));
    this.#brought = [...others.map((one) => ({ ...one, kind: 'package' as const })), ...standard];
    return this.#brought;
  }

  /** Modules of a cell, the one that a build takes first. */
  #files(cell: string): { file: string; from: string; kind: 'own' | 'package' | 'standard' }[] {
    const own = path.join(this.#cwd, '.cell', 'out', `${cell}.wasm`);
    const built = fs.existsSync(own)
      ? [{ file: own, from: `.cell/out/${cell}.wasm`, kind: 'own' as const }]
      : [];
    return [...built, ...this.#packages().filter((one) => one.cell === cell)];
  }

  #factsOf(cell: string): ModuleFacts | null {
    for (const { file } of this.#files(cell)) {
      const facts = this.#modules.at(file);
      if (facts !== null && typeof facts !== 'string' && facts.cell === cell) return facts;
    }
    return null;
  }

  #served(host: RunningHost, { name, file, digest }: RunningHost['cells'][number]): CellPlace {
    const facts = this.#modules.at(file);
    const same = facts !== null && typeof facts !== 'string' && facts.digest === digest;
    const { closed } = host;
    return {
      ...{ cell: name, kind: 'running', digest, from: `the running host ${host.url}` },
      ...(closed === undefined ? {} : { closed }),
      ns: same ? facts.ns : undefined,
      schema: () => (same ? facts.schema : null),
      connect: () => host.connect(),
    };
  }

  #stored(facts: ModuleFacts, from: string, kind: CellPlace['kind']): CellPlace {
    const { cell, digest, ns, schema } = facts;
    const administers = kind === 'standard' && ADMINISTRATORS.includes(cell);
    const connect = (): Promise<Synapse> => this.#shelf.open(facts, administers);
    const rest = administers ? { changing: true } : {};
    return { cell, kind, from, digest, ns, schema: () => schema, connect, ...rest };
  }
}

/** `file` without links; as it is where it is not there. */
function realFile(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

const named =
  (cell: string) =>
  ({ name }: { name: string }): boolean =>
    name === cell;
