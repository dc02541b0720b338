// The same input makes the same bytes: wherever the project lies, whatever the locale and time
// zone, however the source is laid out around the code.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { sha256 } from '../../build/6-lock/files.ts';
import { compiled, folderWith } from './project.ts';

const MAKE = fileURLToPath(new URL('../std/make.ts', import.meta.url));
const FILES = {
  'src/cells/shop.cell.ts': `import { Item, price } from "../lib/item";
/** Sells. */
@Auth.require({ scope: "shop" })
@service
class Shop {
  @Auth.public list(limit: u32): Item[] { return [price("ä", limit)]; }
  fetch(names: Map<string, i64>): string[] {
    if (names.size == 0) throw new Error("no names");
    return names.keys();
  }
}
`,
  'src/lib/item.ts': `export enum Kind { A, B = 7 }
export class Item { name: string = ""; price: f64 = 0; kind: Kind = Kind.A; }
export function price(name: string, n: u32): Item {
  const i = new Item(); i.name = name; i.price = n; return i;
}
`,
};

/** Hashes of everything that a build in a process of its own writes. */
async function hashes(folder: string, cwd: string, env: Record<string, string>): Promise<string> {
  const file = path.relative(cwd, path.join(folder, 'src/cells/shop.cell.ts'));
  const text = `
    import { createHash } from 'node:crypto'; import fs from 'node:fs';
    const { make } = await import(${JSON.stringify(MAKE)});
    const [made] = await make({ files: [${JSON.stringify(file)}], cwd: process.cwd() });
    for (const [name, at] of Object.entries(made.paths).sort())
      console.log(name, createHash('sha256').update(fs.readFileSync(at)).digest('hex'));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  await once(child, 'close');
  return out;
}

test('place, working folder, locale and time zone do not matter', async (t) => {
  const one = folderWith(FILES);
  const two = folderWith(
    Object.fromEntries(
      Object.entries(FILES).map(([name, text]) => [`deeper/in here/${name}`, text]),
    ),
  );
  const first = await hashes(one.folder, one.folder, { TZ: 'UTC', LC_ALL: 'C' });
  t.is(first.trim().split('\n').length, 6);
  const there = path.join(two.folder, 'deeper', 'in here');
  t.is(await hashes(there, there, { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8' }), first);
  t.is(await hashes(there, path.join(there, 'src'), { TZ: 'America/St_Johns' }), first);
  one.remove();
  two.remove();
});

test('lines, comments and decorators that change nothing leave the module as it is', async (t) => {
  const at = (files: Record<string, string>) => {
    const text = files['src/cells/shop.cell.ts'].replace('../lib/item', './item');
    return { 'example.cell.ts': text, 'item.ts': files['src/lib/item.ts'] };
  };
  const plain = at(FILES);
  const moved = {
    'example.cell.ts': plain['example.cell.ts'].replaceAll('{\n', '{ // a line\n\n'),
    'item.ts': `// first\n\n${plain['item.ts']}`,
  };
  const [a, b] = [await compiled(plain), await compiled(moved)];
  const code = (bytes: Uint8Array): string => {
    const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
    const sections = ['cell:schema', 'cell:manifest'].map((name) =>
      sha256(new Uint8Array(WebAssembly.Module.customSections(module, name)[0])),
    );
    return `${sha256(bytes)} ${sections}`;
  };
  t.is(code(a.wasm), code(b.wasm));
  t.not(a.map, b.map);
});
