// Effects of a whole build, made by cells that run in a real host: nothing is written when they
// fail, and they are tried again by the next build.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { folderWith } from '../build/folder.ts';
import { make } from '../std/make.ts';

/** Plans one effect; fails at the step that its data names. */
const cell = (name: string): string => `
@service
class ${name} {
  @macro({ on: ["service"], args: [{ type: "string" }] })
  private needs(spot: Spot): void {
    const at = spot.args.text("0");
    spot.effect("table", "create the table of ${name}", at);
  }
  @macro.prepare private ready(effect: Effect): void { this.step("prepare", effect); }
  @macro.commit private stand(effect: Effect): void { this.step("commit", effect); }
  @macro.rollback private undo(effect: Effect): void { this.step("rollback", effect); }
  private step(name: string, effect: Effect): void {
    if (effect.data.includes("trap " + name)) throw new Error("broken");
    if (effect.data.includes("no " + name)) fail<void>(Status.ABORTED, "no " + name);
  }
}`;

const shop = (first: string, second: string): string => `
@First.needs("${first}")
@Second.needs("${second}")
@service
class Shop { count(): u32 { return 1; } }`;

test('effects of a build: each step that fails, what stands, and the next build', async (t) => {
  const { folder, remove } = folderWith({
    'first.cell.ts': cell('First'),
    'second.cell.ts': cell('Second'),
  });
  t.teardown(remove);
  const file = path.join(folder, 'shop.cell.ts');
  const build = async (first: string, second: string, check = false) => {
    fs.writeFileSync(file, shop(first, second));
    const made = await make({ cwd: folder, files: ['shop.cell.ts'], check });
    const mine = made.find((m) => m.file === 'shop.cell.ts');
    return { summary: mine?.summary ?? null, found: mine?.findings.map((f) => f.message) ?? [] };
  };
  const isWritten = () => fs.existsSync(path.join(folder, '.cell/out/shop.wasm'));

  t.deepEqual((await build('no rollback', 'no prepare')).found, [
    'the cell `second` could not prepare its effects: table: no prepare; ' +
      'these stand: first: create the table of First. taking back said: first: table: no rollback',
  ]);
  t.false(isWritten());
  const [trapped] = (await build('', 'trap commit, no rollback')).found;
  t.regex(trapped, /^the cell `second` could not commit.*nobody knows of these: second: create/s);
  t.false(isWritten());

  // A check plans the same and makes nothing: what would fail does not.
  const checked = await build('no prepare', 'no commit', true);
  t.deepEqual(checked.found, []);
  t.deepEqual(checked.summary?.effects, [
    'create the table of First',
    'create the table of Second',
  ]);
  t.false(isWritten());

  const good = await build('', '');
  t.deepEqual(good.found, []);
  t.deepEqual(good.summary?.effects, checked.summary?.effects);
  t.true(isWritten());

  // With nobody there the same module comes out, and it is said that nothing was changed.
  const module = () => fs.readFileSync(path.join(folder, '.cell/out/shop.wasm'));
  const before = module();
  fs.rmSync(path.join(folder, '.cell/out'), { recursive: true });
  const offline = { cwd: folder, files: ['shop.cell.ts'], offline: true };
  for (const pass of ['not cached: the next build would make them', 'again']) {
    const [made] = await make(offline);
    t.deepEqual(
      made.findings.map((f) => [f.code, f.warning]),
      [['CELL4045', true]],
      pass,
    );
    t.regex(made.findings[0].message, /`first`, `second`.*create the table of First; create/);
    t.true(module().equals(before), pass);
  }
});
