// The verb `test-macro`, as the author of a macro cell types it.
import test from 'ava';
import { Project } from './program.ts';

const SHOUT = `
/** Loud results. */
@service
@macro.settings([{ name: "mark", type: "string", optional: true }])
class Shout {
  /** Adds a mark to the result. */
  @macro({ on: ["method"], stage: "validate" })
  private loud(spot: Spot): void {
    if (spot.declaration.type != "string") {
      spot.error("only a string can be loud", "return a string");
      return;
    }
    spot.wrap("$proceed;\\nresult += " + quote(spot.settings.text("mark", "!")) + ";");
  }
}`;
const LOUD = '@service class Hello {\n  @Shout.loud\n  greet(): string { return "hello"; }\n}\n';
const WRONG = '@service class Hello {\n  @Shout.loud\n  count(): u32 { return 1; }\n}\n';

test("cases are built with the project's own macro cell, and compared", async (t) => {
  const project = new Project(t);
  project.write('shout.cell.ts', SHOUT);
  project.write('golden/plain/input.cell.ts', LOUD);
  project.write('golden/set/input.cell.ts', LOUD);
  project.write('golden/set/case.json', '{ "settings": { "shout": { "mark": "?" } } }');
  project.write('golden/off/input.cell.ts', LOUD);
  project.write('golden/off/case.json', '{ "features": { "shout": "off" } }');
  project.write('golden/wrong/input.cell.ts', WRONG);

  const written = await project.cell('test-macro', 'golden', '--update');
  t.is(written.code, 0, written.err);
  t.regex(written.out, /✎ wrong: wrote findings\.txt/);
  t.regex(written.out, /4 of 4 cases are as written, 4 written/);
  t.regex(project.read('golden/plain/expanded.txt'), /"!"/);
  t.regex(project.read('golden/set/expanded.txt'), /"\?"/);
  t.notRegex(project.read('golden/off/expanded.txt'), /"!"/);
  t.regex(
    project.read('golden/wrong/findings.txt'),
    /^error CELL4017: .*only a string can be loud\n {2}input\.cell\.ts:2:3\n.*\n.*\n {2}fix: re/,
  );

  const inspected = await project.cell('inspect', 'shout');
  t.regex(inspected.out, /\nmethods\n {2}none\n\nmacros {2}@Shout\.loud\n/);
  t.notRegex(inspected.out, /\$plan|PlanRequest|LiteralKind/, "the protocol is not the user's");

  // The macro changes: what differs is shown, and the cell is built anew.
  project.write('shout.cell.ts', SHOUT.replace('"mark", "!"', '"mark", "!!"'));
  const changed = await project.cell('test-macro', 'golden');
  t.is(changed.code, 1);
  t.regex(
    changed.out,
    /✔ off[\s\S]*✘ plain: expanded\.txt\n +.*\.txt:14\n( {6}.*\n){2} +- .*"!"; .*\n +\+ .*"!!"/,
  );
  t.regex(changed.out, /3 of 4 cases are as written/);
});

test('cases of `cell build` are left alone; wrong command lines say what is meant', async (t) => {
  const project = new Project(t);
  project.write('golden/one/input.cell.ts', LOUD);
  const build = await project.cell('build');
  t.regex(build.err, /there is no \*\.cell\.ts below here/);
  const of = async (...args: string[]) => {
    const { code, err } = await project.cell('test-macro', ...args);
    return [code, err] as const;
  };
  const said = await project.cell('test-macro', 'golden', '--json');
  t.is(said.code, 1, said.err);
  const { ok, cases } = JSON.parse(said.out);
  t.deepEqual([ok, cases.length, cases[0].name, cases[0].updated], [false, 1, 'one', false]);
  t.like(cases[0].differs[0], { file: 'findings.txt', expected: null });
  t.regex(cases[0].differs[0].got, /CELL4001/);
  const [none, noFolder] = await of('nowhere');
  t.is(none, 1);
  t.regex(noFolder, /there is no folder nowhere\nfix: /);
  project.write('empty/note.txt', '');
  t.regex((await of('empty'))[1], /there is no case below empty\nfix: .*input\.cell\.ts/);
  t.is((await of())[0], 2);
  for (const text of ['{', '{"feature":{}}', '{"features":{"a":1}}']) {
    project.write('golden/one/case.json', text);
    const [code, err] = await of('golden');
    t.is(code, 1, text);
    t.regex(err, /case\.json: .*\n?.*fix: write \{ "settings"/s, text);
  }
});

test('a macro cell that does not build: its findings, and no case is run', async (t) => {
  const project = new Project(t);
  project.write('shout.cell.ts', SHOUT.replace('private loud', 'loud'));
  project.write('golden/plain/input.cell.ts', LOUD);
  const { code, out, err } = await project.cell('test-macro', 'golden');
  t.is(code, 1);
  t.is(out, '');
  t.regex(err, /CELL4041[\s\S]*shout\.cell\.ts does not build/);
});
