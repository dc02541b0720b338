// Owns the links: which method of which loaded cell each cell finds behind its `cell:call` imports.
// On the listener's side; lanes read them in shared memory (layout.ts, LINK_BYTES). Cells come in
// any order, so everything is judged again whenever one has come:
//
//   who waits     a call waits when a method that it can reach does, or can come back to its cell
//   where         a call that can reach an actor runs in the actor's lane; actors that belong
//                 together live together (CellSpec.kin), or the second one cannot be reached
//   what it is    the loaded signature must take what the caller was built against
import { K_CODE, K_ROUTE, K_TEXT, K_TEXT_BYTES, LINK_BYTES } from '../../assembly/shared/layout.ts';
import { LINK_TEXT_BYTES, LINKS } from '../../assembly/shared/limits.ts';
import { FAILED_PRECONDITION, UNAVAILABLE } from '../../assembly/shared/status.ts';
import { differences } from '../schema/compatible.ts';
import type { Method } from '../schema/types.ts';
import type { CellSpec } from './contract.ts';
import { messageBytes, recordBytes, writeRecord } from './error-record.ts';
import type { SharedMemory } from './memory.ts';
import type { CellPart } from './part.ts';

/** A cell with what the lanes hold of it. */
export interface Linked {
  spec: CellSpec;
  part: CellPart;
}

/** A method of a loaded cell, in the graph of who calls whom. */
interface Node {
  of: Linked;
  method: number;
  waits: boolean;
  /** Lane that it has to run in; -1 = any. */
  home: number;
  targets: Node[];
  /** Those of `targets` that are in another lane than `home`. */
  apart: Set<Node>;
}

/** The links of one host. */
export class Links {
  private readonly memory: SharedMemory;
  private taken = 0;
  private textAt: number;
  private readonly places = new Map<string, number>();
  /** Texts by what they say: written once, since links are judged again and again. */
  private readonly texts = new Map<string, { at: number; bytes: number }>();

  constructor(memory: SharedMemory) {
    this.memory = memory;
    this.textAt = memory.linksAt + LINKS * LINK_BYTES;
  }

  /** Gives a cell its links, which lead nowhere yet. RangeError when there are too many. */
  reserve(part: CellPart): void {
    for (const remote of part.remotes) {
      const key = `${part.index} ${remote.cell} ${remote.methods.length}`;
      let at = this.places.get(key);
      if (at === undefined) {
        if (this.taken + remote.methods.length > LINKS) {
          throw new RangeError(
            `cell \`${part.name}\`: the cells of one host may name ${LINKS} methods of others`,
          );
        }
        at = this.memory.linksAt + this.taken * LINK_BYTES;
        this.taken += remote.methods.length;
        this.places.set(key, at);
      }
      remote.links = at;
    }
  }

  /**
   * Judges all cells again. `moved` is told of each method that waits or lives elsewhere than it
   * did, before any link leads to it. Returns what is wrong, in words, by cell.
   */
  settle(
    cells: readonly Linked[],
    moved: (of: Linked, method: number, waits: boolean, home: number) => void,
  ): { cell: string; text: string }[] {
    if (cells.every(({ part }) => part.remotes.length === 0)) return [];
    const nodes = graphOf(cells);
    for (const node of nodes.values()) moved(node.of, node.method, node.waits, node.home);
    const found: { cell: string; text: string }[] = [];
    for (const caller of cells) {
      const own = [...nodes.values()].filter((node) => node.of === caller);
      for (const remote of caller.part.remotes) {
        if (!cells.some((c) => c.part.name === remote.cell)) continue;
        for (const [i, method] of remote.methods.entries()) {
          const node = callable(nodes, `${remote.cell}.${method}`);
          const refusal =
            node === undefined
              ? gone(caller, `${remote.cell}.${method}`)
              : judge(caller, own, node);
          const at = remote.links + i * LINK_BYTES;
          const text = this.link(at, node, refusal);
          if (text !== null) found.push({ cell: caller.part.name, text });
        }
      }
    }
    return found;
  }

  /** Sets one link; returns what is wrong with it. */
  private link(at: number, node: Node | undefined, refusal: Refusal | null): string | null {
    if (refusal !== null) this.refuse(at, refusal);
    else if (node !== undefined) this.write(at, node.of.part.firstRoute + node.method + 1);
    return refusal?.text ?? null;
  }

  private write(at: number, route: number): void {
    Atomics.store(this.memory.words, (at + K_ROUTE) >>> 2, route);
  }

  private refuse(at: number, { status, text }: Refusal): void {
    const { view } = this.memory;
    const record = this.record(text);
    view.setUint32(at + K_CODE, status, true);
    view.setUint32(at + K_TEXT, record?.at ?? 0, true);
    view.setUint32(at + K_TEXT_BYTES, record?.bytes ?? 0, true);
    this.write(at, 0);
  }

  /** An error record that says `text`; null when there is no room: the status says what it can. */
  private record(text: string): { at: number; bytes: number } | null {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    const message = messageBytes(text);
    const end = this.memory.linksAt + LINKS * LINK_BYTES + LINK_TEXT_BYTES;
    const at = (this.textAt + 7) & ~7;
    if (at + recordBytes(message) > end) return null;
    const record = { at, bytes: writeRecord(this.memory.view, at, message) };
    this.textAt = at + record.bytes;
    this.texts.set(text, record);
    return record;
  }
}

interface Refusal {
  status: number;
  text: string;
}

function gone({ part }: Linked, name: string): Refusal {
  const text =
    `\`${name}\` is gone: \`${part.name}\` was built against a cell that had it, the one that ` +
    `runs here has not; build \`${part.name}\` again`;
  return { status: FAILED_PRECONDITION, text };
}

/** Why `caller`, whose methods are `own`, may not call `node`; null when it may. */
function judge(caller: Linked, own: Node[], node: Node): Refusal | null {
  const cell = node.of.part.name;
  const now = node.of.spec.schema.methods[node.method];
  const name = `${cell}.${now.name}`;
  const found = changesOf(caller.spec.manifest.remotes?.[cell]?.[now.name] ?? '', now);
  if (found.length > 0) {
    const text =
      `\`${name}\` has changed: ${found.join('; ')}. \`${caller.part.name}\` was built ` +
      'against the older one; build it again';
    return { status: FAILED_PRECONDITION, text };
  }
  if (own.some((n) => n.apart.has(node))) {
    const text =
      `\`${name}\` cannot be reached: it needs an actor in another lane than ` +
      `\`${caller.part.name}\` runs in; load the cells that call before the actors that they call`;
    return { status: UNAVAILABLE, text };
  }
  return null;
}

function changesOf(built: string, { canonical, params }: Method): string[] {
  try {
    const names = params.map((p) => p.name);
    return differences(built, canonical, names);
  } catch (error) {
    if (error instanceof RangeError) return ['what the caller was built against cannot be read'];
    throw error;
  }
}

/** Every method of `cells` by `cell.method`, with what follows from whom it calls. */
function graphOf(cells: readonly Linked[]): Map<string, Node> {
  const nodes = new Map<string, Node>();
  for (const of of cells) {
    for (const [method, { name }] of of.part.methods.entries()) {
      const waits = of.part.methods[method].waiting;
      const node = { of, method, waits, home: of.part.home, targets: [], apart: new Set<Node>() };
      nodes.set(`${of.part.name}.${name}`, node);
    }
  }
  for (const node of nodes.values()) {
    const { calls } = node.of.part.methods[node.method];
    node.targets = calls.flatMap((name) => callable(nodes, name) ?? []);
  }
  for (const node of nodes.values()) if (returns(node)) node.waits = true;
  while (spread(nodes)) {}
  return nodes;
}

/** The method of that name, unless it is for builds only. */
function callable(nodes: Map<string, Node>, name: string): Node | undefined {
  const node = nodes.get(name);
  return node?.of.spec.schema.methods[node.method].channel === undefined ? node : undefined;
}

/** Whether a call of `from` can come back to its own cell: only another instance can serve that. */
function returns(from: Node): boolean {
  const seen = new Set<Node>();
  const open = [...from.targets];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.of === from.of) return !from.of.part.actor;
    if (seen.has(node)) continue;
    seen.add(node);
    open.push(...node.targets);
  }
  return false;
}

/** One round: what targets are is passed on to their callers. False: nothing changed. */
function spread(nodes: Map<string, Node>): boolean {
  let changed = false;
  for (const node of nodes.values()) {
    const { actor, methods } = node.of.part;
    const mates = actor ? methods.map((m) => nodes.get(`${node.of.part.name}.${m.name}`)) : [];
    const waits = [...node.targets, ...mates].some((n) => n?.waits === true);
    if (waits && !node.waits) {
      node.waits = true;
      changed = true;
    }
    for (const target of node.targets) {
      if (target.home < 0 || target.home === node.home) continue;
      if (node.home < 0) {
        node.home = target.home;
        changed = true;
      } else if (!node.apart.has(target)) {
        node.apart.add(target);
        changed = true;
      }
    }
  }
  return changed;
}
