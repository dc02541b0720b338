// Emitting keeps every position of the user's text, and adds only what a file needs.
import test from 'ava';
import { kebab } from '../../build/2-discover/cell-name.ts';
import { emitEntry } from '../../build/4-emit/handlers.ts';
import { relativeImport } from '../../build/4-emit/user-text.ts';
import { link } from './linked.ts';
import { built, described, emitted } from './project.ts';

const TEXT = `@Auth.require({
  role: "ä",\r
})
@service class Example {
  @inline static x: u32 = 0;
  @Auth.public m(): string { return fail<string>(Status.ABORTED, "@Auth.public"); }
}
// the end`;

test('positions stay, decorators become blanks, line ends stay', async (t) => {
  const { texts } = await emitted(TEXT);
  const { text } = texts.get('example.cell.ts')!;
  const kept = text.slice(0, TEXT.length);
  for (let i = 0; i < TEXT.length; i++) {
    if (kept[i] !== TEXT[i]) t.is(kept[i], ' ', `at ${i}`);
    if (/[\r\n]/.test(TEXT[i])) t.is(kept[i], TEXT[i]);
  }
  t.false(/@Auth(?!\.public")|@service/.test(kept));
  t.true(kept.includes('@inline') && kept.includes('"@Auth.public"'));
  t.deepEqual(text.slice(TEXT.length).trim().split('\n'), [
    'import { fail } from "cell/failure";',
    'import { Status } from "cell/status";',
    'export { Example as __cell_Example };',
  ]);
});

test('a name is imported only where it is used and not declared', async (t) => {
  const used = `class Blob {} const x = a.log + blog + Blob; function f(): void { random(); }
    import "./plain"; import "./deep/a";`;
  const deep = 'function f(): void { details(new D()); } class D {} import "../plain";';
  const { texts } = await emitted({
    'example.cell.ts': '@service class Example { m(): void {} } import "./lib/used";',
    'lib/used.ts': used,
    'lib/plain.ts': 'const y = 1;',
    'lib/deep/a.ts': deep,
  });
  const behind = (path: string, own: string) => texts.get(path)!.text.slice(own.length).trim();
  t.is(behind('lib/used.ts', used), 'import { random } from "cell/random";');
  t.is(texts.get('lib/plain.ts')!.text, 'const y = 1;');
  t.true(behind('lib/deep/a.ts', deep).includes('import { details } from "../../__cell";'));
  t.is(relativeImport('a.ts', 'b/c.ts'), './b/c');
  t.is(relativeImport('a/b.ts', 'a/c.ts'), './c');
});

test('the entry has one function a method and none of the private ones', async (t) => {
  const { service } = await described(
    '@service class Example { a(n: u32): u32 { return n; } b(): void {} private c(): void {} }',
  );
  if (service === null) return t.fail();
  const entry = () =>
    emitEntry(service, 'example.cell.ts')
      .map((l) => l.text)
      .join('\n');
  const text = entry();
  t.is([...text.matchAll(/^function serve\d+/gm)].length, 2);
  t.true(text.includes('import { __cell_Example as Example } from "./example.cell";'));
  t.true(text.includes('service.b();') && !text.includes('service.c'));
  t.false(text.includes('export function start'));
  t.is(entry(), text);
});

test('cell names are the class name in kebab-case', (t) => {
  for (const [from, to] of [
    ['Hello', 'hello'],
    ['UserProfiles', 'user-profiles'],
    ['HTTPServer', 'http-server'],
    ['Users2', 'users2'],
    ['V8Engine', 'v8-engine'],
    ['a', 'a'],
    ['Snake_Case', 'snake-case'],
  ]) {
    t.is(kebab(from), to);
  }
});

for (const many of [8, 9]) {
  test(`each of ${many} methods is found by its number, and none beyond`, async (t) => {
    const methods = Array.from(
      { length: many },
      (_, i) => `m${i}(x: u32): u32 { return x + ${i}; }`,
    );
    const { compiled } = await built(`@service class Example { ${methods.join(' ')} }`);
    if (compiled === null) return t.fail();
    const x = await link(compiled);
    for (let i = 0; i < many; i++) t.deepEqual(x.call(`m${i}`, 100), { value: 100 + i });
    for (const beyond of [many, many + 1, 0xffffffff]) {
      t.like(x.raw(beyond, new Uint8Array(0)), { status: 12, message: 'no such method' });
    }
  });
}
