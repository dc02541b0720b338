// Effects of a whole build, made by a cell that runs in a real host: nothing is written when they
// fail, and they are tried again by the next build. How several cells go together, and every way to
// fail, is in effects.test.ts.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { folderWith } from '../build/folder.ts';
import { make } from '../std/make.ts';

/** Plans one effect; fails at the step that its data names. */
const LEDGER = `
@service
class Book {
  @macro({ on: ["service"], args: [{ type: "string" }] })
  private needs(spot: Spot): void {
    spot.effect("table", "create a table", spot.args.text("0"));
  }
  @macro.prepare private ready(effect: Effect): void { this.step("prepare", effect); }
  @macro.commit private stand(effect: Effect): void { this.step("commit", effect); }
  @macro.rollback private undo(effect: Effect): void { this.step("rollback", effect); }
  private step(name: string, effect: Effect): void {
    if (effect.data.includes("trap " + name)) throw new Error("broken");
    if (effect.data.includes("no " + name)) fail<void>(Status.ABORTED, "no " + name);
  }
}`;

const shop = (fails: string): string =>
  `@Book.needs("${fails}") @service class Shop { count(): u32 { return 1; } }`;

/** What is told of the effect: where it is wanted, too. */
const TABLE = {
  ...{ cell: 'book', preview: 'create a table', destructive: false },
  ...{ file: 'shop.cell.ts', line: 1, column: 1 },
};

test('a build whose effects fail writes nothing; the next one, and one offline', async (t) => {
  t.timeout(600_000);
  const { folder, remove } = folderWith({ 'book.cell.ts': LEDGER });
  t.teardown(remove);
  const file = path.join(folder, 'shop.cell.ts');
  const build = async (fails: string, more: { check?: boolean; offline?: boolean } = {}) => {
    fs.writeFileSync(file, shop(fails));
    const made = await make({ cwd: folder, files: ['shop.cell.ts'], ...more });
    const mine = made.find((m) => m.file === 'shop.cell.ts');
    return { summary: mine?.summary ?? null, findings: mine?.findings ?? [] };
  };
  const module = path.join(folder, '.cell/out/shop.wasm');

  // Committed, then the cell traps; what it then cannot take back nobody knows of.
  const { findings } = await build('trap commit, no rollback');
  t.is(findings.length, 1);
  t.like(findings[0], { code: 'CELL4044', file: 'shop.cell.ts' });
  t.regex(findings[0].message, /^the cell `book` could not commit.*book for shop: create a table/s);
  t.regex(findings[0].message, /nothing stands\. nobody knows of these/);
  t.false(fs.existsSync(module));

  // A check plans the same and makes nothing: what would fail does not.
  const checked = await build('no prepare', { check: true });
  t.deepEqual(checked.findings, []);
  t.deepEqual(checked.summary?.effects, [TABLE]);
  t.false(fs.existsSync(module));

  const good = await build('');
  t.deepEqual([good.findings, good.summary?.effects], [[], [TABLE]]);
  const bytes = fs.readFileSync(module);

  // With nobody there the same module comes out, and it is said that nothing was changed; also the
  // next time, since that was not done yet.
  fs.rmSync(path.join(folder, '.cell/out'), { recursive: true });
  for (const pass of ['first', 'again']) {
    const offline = await build('', { offline: true });
    t.is(offline.findings.length, 1, pass);
    t.like(offline.findings[0], { code: 'CELL4045', warning: true });
    t.regex(offline.findings[0].message, /`book`.*: create a table$/);
    t.true(fs.readFileSync(module).equals(bytes), pass);
  }
});
