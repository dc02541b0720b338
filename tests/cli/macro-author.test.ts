// What the author of a macro cell sees on the command line: what macros log while a build asks
// them, where they trap, effects, and words that are nearly right.
import path from 'node:path';
import test from 'ava';
import { type Outcome, Project } from './program.ts';

const AUDIT = `@service
class Audit {
  @macro({ on: ["method"], args: [{ type: "string" }] })
  private book(spot: Spot): void {
    const name = spot.args.text("0");
    log.info("asked for " + name);
    if (name == "crash") throw new Error("boom");
    if (name == "mute") spot.wrap('log.info("x");');
    spot.effect("book", "open " + name, name);
  }
  @macro.prepare private ready(e: Effect): void {
    if (e.data == "") fail<void>(Status.INVALID_ARGUMENT, "a book has a name");
  }
  @macro.commit private open(e: Effect): void { log.info("opened " + e.data); }
}
`;

const notes = (name: string): string =>
  `@service\nclass Notes {\n  @Audit.book("${name}")\n  one(): u32 { return 1; }\n}\n`;

test('what macros log, where they trap, what their effects did', async (t) => {
  const p = new Project(t);
  p.write('audit.cell.ts', AUDIT);
  const build = (name: string, ...more: string[]): Promise<Outcome> => {
    p.write('notes.cell.ts', notes(name));
    return p.cell('build', 'notes.cell.ts', ...more);
  };

  const good = await build('main');
  t.is(good.code, 0, good.err);
  t.is(good.err, 'info  audit: asked for main\ninfo  audit: opened main\n');
  t.regex(
    good.out,
    /^ {2}audit {2}brought by \.cell\/out\/audit\.wasm {2}@Audit\.book {2}1 effect$/m,
  );
  t.regex(good.out, /^ {2}did: open main {2}\(notes\.cell\.ts:3:3\)$/m);
  t.regex(good.out, /^ {2}needs log \(Audit: @macro, Audit: @macro\.prepare or @macro\.commit\)$/m);
  t.regex(good.out, /changed: may use log now \(brought by Audit: @macro\.prepare or @macro\.com/);
  t.notRegex(good.out, /\$plan|\$apply/);

  const again = await build('main');
  t.is(again.err, '', 'nobody is asked');
  t.regex(again.out, /^notes {2}unchanged/m);
  t.notRegex(again.out, /did:/);

  const json = await build('other', '--json');
  t.true(JSON.parse(json.out).ok);
  t.regex(json.err, /^info {2}audit: asked for other$/m);

  const crashed = await build('crash');
  t.is(crashed.code, 1);
  t.regex(crashed.err, /^error audit: \$plan: boom\n {2}at .*\(audit\.cell\.ts:7:\d+\)$/m);
  t.regex(crashed.err, /CELL4020[\s\S]*fix: mend its macro; what `audit` logged is above/);

  const refused = await build('');
  t.regex(refused.err, /CELL4044: .*a book has a name.*\n {2}notes\.cell\.ts:3:3\n/);

  const mute = await build('mute');
  t.regex(
    mute.err,
    /CELL4062: the cell `audit` cannot do here what `@Audit\.book` asks of it: its/,
  );
  t.regex(mute.err, /\n {2}fix: write `\$proceed;` in the text of the wrap/);
});

test('one fault, one finding; words that are nearly right', async (t) => {
  const p = new Project(t);
  const codes = async (text: string, ...flags: string[]): Promise<string[]> => {
    p.write('a.cell.ts', text);
    const { out } = await p.cell('check', 'a.cell.ts', '--json', ...flags);
    const [{ findings }] = JSON.parse(out).cells;
    return findings.map((f: { code: string; fix: string }) => `${f.code} ${f.fix}`);
  };
  const macro = (info: string): string =>
    `@service class A { @macro(${info}) private x(spot: Spot): void {} }`;
  t.deepEqual(await codes(macro('{ on: ["metod"] }')), ['CELL4005 did you mean "method"?']);
  const [shape, ...more] = await codes(macro('{ on: ["method"], args: [{ type: "strng" }] }'));
  t.regex(shape, /^CELL4017 one of string/);
  t.deepEqual(more, []);
  const [remote] = await codes(
    '@remote("flgas") class F {}\n@service class A { one(): u32 { return F.x(); } }',
  );
  t.regex(remote, /^CELL4080 did you mean "flags"\? Else build it/);
  const span = '@service class A { @Telemetry.span one(): u32 { return 1; } }';
  t.regex(
    (await codes(span, '--features', 'telemetry=of'))[0],
    /^CELL4027 did you mean telemetry=off\? There is telemetry=off, telemetry=metrics-only/,
  );
});

test('a wrong setting is told where it stands: cell.config.ts, or the case', async (t) => {
  const p = new Project(t);
  const service = '@service class A {\n  @Auth.public\n  one(): u32 { return 1; }\n}\n';
  p.write('a.cell.ts', service);
  p.write('cell.config.ts', 'export default {\n  cells: { auth: { rolse: ["admin"] } },\n};\n');
  const { err } = await p.cell('check', 'a.cell.ts');
  t.regex(
    err,
    /CELL4028: cell\.config\.ts says wrong things to `auth`: `cells\.auth\.rolse`: ther/,
  );
  t.regex(err, /\n {2}cell\.config\.ts:2:20\n[\s\S]*fix: mend cells\.auth\.rolse in cell\.config/);
  p.write('cell.config.ts', 'export default {};\n');
  p.write(path.join('golden', 'input.cell.ts'), service);
  p.write(path.join('golden', 'case.json'), '{ "settings": { "auth": { "rolse": [] } } }');
  await p.cell('test-macro', 'golden', '--update');
  t.regex(p.read('golden/findings.txt'), /CELL4028: case\.json says .*`settings\.auth\.rolse`/);
  t.regex(p.read('golden/findings.txt'), /\n {2}case\.json:1:27\n/);
});
