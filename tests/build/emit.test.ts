// Emitting keeps every position of the user's text, and adds only what a file needs.
import test from 'ava';
import { readSource } from '../../build/1-read/read.ts';
import { emitEntry } from '../../build/4-emit/handlers.ts';
import { kebab } from '../../build/4-emit/service.ts';
import { emitUserText, relativeImport } from '../../build/4-emit/user-text.ts';
import { link } from './linked.ts';
import { built, described } from './project.ts';

const TEXT = `@Auth.require({
  role: "ä",\r
})
@service class Example {
  @Auth.public @inline static x: u32 = 0;
  m(): string { return fail<string>(Status.ABORTED, "@Auth.public"); }
}
// the end`;

test('positions stay, decorators become blanks, line ends stay', async (t) => {
  const source = await readSource(TEXT, 'a.cell.ts');
  const { text } = emitUserText(source, 'a.cell.ts', ['Example'], new Set(['Example']));
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
  const text = 'class Blob {} const x = a.log + blog + Blob; function f(): void { random(); }';
  const source = await readSource(text, 'lib/a.ts');
  const emitted = emitUserText(source, 'lib/a.ts', [], new Set(['Blob', 'x', 'f']));
  t.deepEqual(emitted.text.slice(text.length).trim().split('\n'), [
    'import { random } from "cell/random";',
  ]);
  const plain = await readSource('const y = 1;', 'b.ts');
  t.is(emitUserText(plain, 'b.ts', [], new Set(['y'])).text, 'const y = 1;');
});

test('a file below the root reaches the entry for details', async (t) => {
  const source = await readSource('function f(): void { details(1); }', 'lib/deep/a.ts');
  const { text } = emitUserText(source, 'lib/deep/a.ts', [], new Set(['f']));
  t.true(text.includes('import { details } from "../../__cell";'));
  t.is(relativeImport('a.ts', 'b/c.ts'), './b/c');
  t.is(relativeImport('a/b.ts', 'a/c.ts'), './c');
});

test('the entry has one function a method and none of the private ones', async (t) => {
  const { service } = await described(
    '@service class Example { a(n: u32): u32 { return n; } b(): void {} private c(): void {} }',
  );
  if (service === null) return t.fail();
  const text = emitEntry(service, 'example.cell.ts');
  t.is([...text.matchAll(/^function serve\d+/gm)].length, 2);
  t.true(text.includes('import { __cell_Example as Example } from "./example.cell";'));
  t.true(text.includes('service.b();') && !text.includes('service.c'));
  t.false(text.includes('export function start'));
  t.is(emitEntry(service, 'example.cell.ts'), text);
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
