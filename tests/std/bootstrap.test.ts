// How the standard cells come to be: from a fresh clone by the seed, after a change of `service` by
// the last module, and what is said when neither can answer. In a yard of the test's own.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { buildStandardCells } from '../../cells/std/build.ts';

const STD = fileURLToPath(new URL('../../cells/std/', import.meta.url));
const SEED = '.cell/macros/service.json';

// The seed that is copied is the one of these sources.
test.before(async () => {
  await buildStandardCells();
});

/** Sources of `service` and of the cells named, with the seed, and nothing built. */
function yard(t: ExecutionContext, ...cells: string[]) {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-yard-'));
  t.teardown(() => fs.rmSync(root, { recursive: true, force: true }));
  const std = path.join(root, 'std');
  for (const name of ['service', '.cell', ...cells]) {
    fs.cpSync(path.join(STD, name), path.join(std, name), { recursive: true });
  }
  const at = { std, out: path.join(root, 'out') };
  const read = (name: string): Buffer => fs.readFileSync(path.join(root, name));
  const edit = (name: string, from: string, to: string): void => {
    const text = read(name).toString('utf8');
    t.true(text.includes(from), from);
    fs.writeFileSync(path.join(root, name), text.replace(from, to));
  };
  return { at, read, edit, remove: (name: string) => fs.rmSync(path.join(root, name)) };
}

test.serial('from a fresh clone: the seed answers, and stays what it is', async (t) => {
  const { at, read, remove } = yard(t);
  const seed = read(`std/${SEED}`);
  // Three at once, and a holder of the turn that is gone: one builds, the others wait for it.
  fs.mkdirSync(at.out, { recursive: true });
  fs.writeFileSync(path.join(at.out, 'building.pid'), '999999999');
  const all = await Promise.all([1, 2, 3].map(() => buildStandardCells({ yard: at })));
  t.deepEqual(all.map(({ built }) => built).sort(), [false, false, true]);
  t.deepEqual(fs.readdirSync(at.out).sort(), ['cells.json', 'service.wasm']);
  t.true(read(`std/${SEED}`).equals(seed), 'the committed seed is what service says');
  t.false((await buildStandardCells({ yard: at })).built, 'unchanged');
  // A lost seed, a stamp that fits nothing, and a module that no source makes any longer.
  const service = read('out/service.wasm');
  remove(`std/${SEED}`);
  remove('out/cells.json');
  fs.writeFileSync(path.join(at.out, 'gone.wasm'), '');
  t.true((await buildStandardCells({ yard: at })).built);
  t.true(read('out/service.wasm').equals(service));
  t.true(read(`std/${SEED}`).equals(seed), 'it is written by what the module says');
  t.false(fs.existsSync(path.join(at.out, 'gone.wasm')));
});

test.serial(
  'a changed shape of `service`: the last module answers, the seed follows',
  async (t) => {
    const { at, read, edit, remove } = yard(t);
    const before = read(`std/${SEED}`);
    edit('std/service/service.cell.ts', 'name: "macro.round"', 'name: "macro.turn"');
    await t.throwsAsync(buildStandardCells({ yard: at }), {
      name: 'StandardCellError',
      message: /does not know.*no service\.wasm[\s\S]*fix: /,
    });
    const { out } = await buildStandardCells();
    fs.cpSync(path.join(out, 'service.wasm'), path.join(at.out, 'service.wasm'));
    await buildStandardCells({ yard: at });
    const [after, service] = [read(`std/${SEED}`), read('out/service.wasm')];
    t.false(after.equals(before));
    t.true(after.includes('macro.turn'));
    // The new seed is enough: the next clone builds the same.
    remove('out/service.wasm');
    await buildStandardCells({ yard: at });
    t.true(read('out/service.wasm').equals(service));
    t.true(read(`std/${SEED}`).equals(after));
  },
);

test.serial('nobody answers: no module, and a seed that is damaged or not there', async (t) => {
  const { at, edit, remove } = yard(t);
  edit(`std/${SEED}`, '"cell": "service"', '"cell": "servise"');
  await t.throwsAsync(buildStandardCells({ yard: at }), { message: /is damaged[\s\S]*fix: / });
  remove(`std/${SEED}`);
  await t.throwsAsync(buildStandardCells({ yard: at }), { message: /is not there[\s\S]*fix: / });
});

test.serial('a cell that does not build is an error with its findings', async (t) => {
  const { at, edit } = yard(t, 'retry');
  edit(
    'std/retry/retry.cell.ts',
    'private onFailure(spot: Spot): void',
    'onFailure(spot: Spot): void',
  );
  await t.throwsAsync(buildStandardCells({ yard: at }), {
    name: 'StandardCellError',
    message: /CELL4041[\s\S]*retry\.cell\.ts:/,
  });
  t.false(fs.existsSync(path.join(at.out, 'building.pid')), 'the turn is given back');
});
