// Suite build: the time of `cell build` as a user waits for it: the bin itself, in a process of its
// own, over a project of two cells. Medians, milliseconds. Beside each the bare start of Node,
// which is in it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const suite = 'build';

type Emit = (result: { name: string; unit: string; value: number; n: number }) => void;

const BIN = fileURLToPath(new URL('../host/cli/cell.mjs', import.meta.url));
const HELLO = fileURLToPath(new URL('../cells/apps/hello/hello.cell.ts', import.meta.url));
const OTHER = `class Item { id: u32 = 0; name: string = ""; }
@service class Shop {
  private items: Map<u32, Item> = new Map();
  put(item: Item): u32 { this.items.set(item.id, item); return this.items.size; }
  get(id: u32): Item {
    return this.items.has(id) ? this.items.get(id) : fail<Item>(Status.NOT_FOUND, "no item");
  }
}
`;

/** Milliseconds of one run. Throws with its errors when it fails. */
async function timed(args: string[], cwd: string): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`node ${args.join(' ')}: ${errors}`);
  return performance.now() - began;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Emits build/node-start, warm-unchanged, warm-one, cold. */
export async function run(emit: Emit, options: { quick: boolean }): Promise<void> {
  const cwd = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'cell-bench-')));
  const hello = path.join(cwd, 'hello.cell.ts');
  const build = () => timed([BIN, 'build'], cwd);
  const cell = path.join(cwd, '.cell');
  try {
    fs.copyFileSync(HELLO, hello);
    fs.writeFileSync(path.join(cwd, 'shop.cell.ts'), OTHER);
    await build();
    const rounds = options.quick ? 3 : 7;
    const times: Record<string, number[]> = {
      'node-start': [],
      'warm-unchanged': [],
      'warm-one': [],
      cold: [],
    };
    for (let i = 0; i < rounds; i++) {
      times['node-start'].push(await timed(['-e', '0'], cwd));
      times['warm-unchanged'].push(await build());
      fs.appendFileSync(hello, `const round${i}: u32 = ${i};\n`);
      times['warm-one'].push(await build());
      fs.rmSync(cell, { recursive: true });
      times.cold.push(await build());
    }
    for (const [name, values] of Object.entries(times)) {
      emit({ name, unit: 'ms', value: median(values), n: values.length });
    }
  } finally {
    fs.rmSync(cwd, { recursive: true, force: true });
  }
}
