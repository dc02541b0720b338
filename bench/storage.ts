// Suite storage: what a durable field costs. A cell that sets an entry of a map, 64
// calls in flight, against `node:sqlite` making the same changes in this process, 64 a transaction,
// in a table of the same form, both on the same disk with synchronous=FULL; in turns. The ratio is
// the median of the turns' throughputs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { readModule } from '../host/cell/module.ts';
import { encodeArguments } from '../host/schema/dynamic.ts';
import { request, Stand } from './faults.ts';

export const suite = 'storage';

type Emit = (result: { name: string; unit: string; value: number; n: number }) => void;

const BIN = fileURLToPath(new URL('../host/cli/cell.mjs', import.meta.url));
const IN_FLIGHT = 64;
const KEYS = 1000;

const SERVICE = `@service
class Visits {
  @Storage.persist seen: Map<string, u64> = new Map();
  put(who: string, at: u64): void { this.seen.set(who, at); }
}
`;

async function build(cwd: string): Promise<void> {
  fs.writeFileSync(path.join(cwd, 'visits.cell.ts'), SERVICE);
  const child = spawn(process.execPath, [BIN, 'build'], { cwd, stdio: 'pipe' });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      said += data;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`cell build: ${said}`);
}

/** The cell behind an inline lane, IN_FLIGHT calls in flight while it is measured. */
class Cell {
  readonly #stand = new Stand(0);
  readonly #frames: Uint8Array[] = [];
  #made = 0;

  static async open(file: string): Promise<Cell> {
    const module = readModule(fs.readFileSync(file) as Uint8Array<ArrayBuffer>, file);
    const { name, schema, manifest } = module;
    const cell = new Cell();
    await cell.#stand.open(0);
    const project = path.dirname(path.dirname(path.dirname(file)));
    await cell.#stand.lanes.load({
      ...{ name, index: 0, firstRoute: 0, file, grants: { kv: {}, project } },
      ...{ module: module.module, schema, manifest },
    });
    const put = schema.methods.find((method) => method.name === 'put');
    if (put === undefined) throw new Error('put');
    for (let i = 0; i < KEYS; i++) {
      const args = encodeArguments(schema, put, [`key${i}`, BigInt(i)]);
      cell.#frames.push(request(put.index, i, args));
    }
    return cell;
  }

  #push(): void {
    // A key's call id comes again only after its answer: 64 are in flight, of a thousand.
    this.#stand.lanes.push(0, 1, 1, this.#frames[(this.#made++ * 7) % KEYS]);
  }

  /** Writes a second. */
  async rate(ms: number): Promise<number> {
    const began = performance.now();
    const first = this.#stand.answers;
    let heard = first;
    let flying = IN_FLIGHT;
    await new Promise<void>((resolve) => {
      this.#stand.heard = () => {
        const over = performance.now() - began >= ms;
        for (; heard < this.#stand.answers; heard++) {
          if (!over) this.#push();
          else if (--flying === 0) resolve();
        }
      };
      for (let i = 0; i < IN_FLIGHT; i++) this.#push();
    });
    return ((this.#stand.answers - first) * 1000) / (performance.now() - began);
  }

  close(): Promise<void> {
    return this.#stand.lanes.stop();
  }
}

/** `node:sqlite` with the same changes. */
class Bare {
  readonly #db: DatabaseSync;
  readonly #keys: Uint8Array[];
  #made = 0;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec(`pragma journal_mode = wal; pragma synchronous = full;
      create table entry (id integer primary key, field integer not null, key blob not null,
        value blob not null, unique (field, key))`);
    // As long as the cell's: records of one text, and of one number.
    this.#keys = Array.from({ length: KEYS }, (_, i) => Buffer.from(`................key${i}`));
  }

  rate(ms: number): number {
    const put = this.#db.prepare(
      'insert into entry (field, key, value) values (1, ?, ?) ' +
        'on conflict (field, key) do update set value = excluded.value',
    );
    const begin = this.#db.prepare('begin immediate');
    const commit = this.#db.prepare('commit');
    const value = new Uint8Array(17);
    const began = performance.now();
    let done = 0;
    while (performance.now() - began < ms) {
      begin.run();
      for (let i = 0; i < IN_FLIGHT; i++) {
        value[8] = this.#made;
        put.run(this.#keys[(this.#made++ * 7) % KEYS], value);
      }
      commit.run();
      done += IN_FLIGHT;
    }
    return (done * 1000) / (performance.now() - began);
  }

  close(): void {
    this.#db.close();
  }
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** Emits persist, and the bare rate. */
export async function run(emit: Emit, { quick }: { quick: boolean }): Promise<void> {
  const cwd = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cell-bench-')));
  const [turns, ms] = quick ? [3, 300] : [9, 1000];
  try {
    await build(cwd);
    const cell = await Cell.open(path.join(cwd, '.cell/out/visits.wasm'));
    const bare = new Bare(path.join(cwd, 'bare.sqlite'));
    const cells: number[] = [];
    const bares: number[] = [];
    bare.rate(ms / 2);
    await cell.rate(ms / 2);
    for (let i = 0; i < turns; i++) {
      bares.push(bare.rate(ms));
      cells.push(await cell.rate(ms));
    }
    await cell.close();
    bare.close();
    emit({ name: 'persist-bare', unit: '/s', value: median(bares), n: turns });
    emit({
      ...{ name: 'persist', unit: 'x', n: turns },
      value: median(cells) / median(bares),
    });
  } finally {
    fs.rmSync(cwd, { recursive: true, force: true });
  }
}
