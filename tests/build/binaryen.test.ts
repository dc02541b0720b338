// The quicker way to load asc gives the same module as the usual one, and leaves nothing behind.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import test from 'ava';
import { loadAsc } from '../../build/1-read/assemblyscript.ts';
import { splitBinaryen } from '../../build/1-read/binaryen.ts';

const HEAD = 'var a=f$1(`';
const text = (literal: string, rest = ')+1;'): Buffer =>
  Buffer.from(`${HEAD}\\0asm${literal}\`${rest}`);

test('the module is taken out of the text, byte by byte', (t) => {
  const literal = '\\x00\\xfF\\b\\t\\n\\v\\f\\r\\`\\\\\\$ $x {é\u0080ÿ\u0100';
  const split = splitBinaryen(text(literal), 'handed');
  const own = [0, 255, 8, 9, 10, 11, 12, 13, 0x60, 0x5c, 0x24, 0x20, 0x24, 0x78, 0x20, 0x7b];
  const bytes = [0, 0x61, 0x73, 0x6d, ...own, 0xe9, 0x80, 0xff, 0];
  t.deepEqual([...(split?.wasm ?? [])], bytes);
  t.is(split?.source, 'var a=(globalThis.handed)+1;');
});

const shapes: Record<string, Buffer> = {
  'no module': Buffer.from('var a = 1;'),
  'two modules': Buffer.concat([text(''), text('')]),
  'no end': Buffer.from(`${HEAD}\\0asm`),
  'an end in an escape': Buffer.from(`${HEAD}\\0asm\\`),
  'more arguments': text('', ', 2)'),
  'an unknown escape': text('\\u0041'),
  'a wrong digit': text('\\x4g'),
  'both digits wrong': text('\\xg4'),
  'a substitution': text('${1}'),
  'a bare carriage return': text('\r'),
  'three bytes of UTF-8': text('\u0800'),
};

for (const [name, bytes] of Object.entries(shapes)) {
  test(`left to Node: ${name}`, (t) => t.is(splitBinaryen(bytes), null));
}

test('the installed binaryen has the expected shape', (t) => {
  const asc = createRequire(createRequire(import.meta.url).resolve('assemblyscript/package.json'));
  const split = splitBinaryen(fs.readFileSync(asc.resolve('binaryen')));
  t.truthy(split);
  t.true(WebAssembly.validate((split as { wasm: Uint8Array<ArrayBuffer> }).wasm));
  t.true((split?.source.length ?? 0) < 1_000_000);
});

test('loading leaves the globals as they were', async (t) => {
  const before = [
    Object.getOwnPropertyDescriptor(globalThis, 'fetch'),
    WebAssembly.instantiateStreaming,
  ];
  const loading = loadAsc();
  t.is(loadAsc(), loading);
  t.is(typeof (await loading).newProgram, 'function');
  t.deepEqual(
    [Object.getOwnPropertyDescriptor(globalThis, 'fetch'), WebAssembly.instantiateStreaming],
    before,
  );
  t.false('__cellBinaryen' in globalThis);
});
