// Reading: shapes hold what was written, spans lie in the user's own text, and no text makes it
// throw.
import test from 'ava';
import { maskReserved } from '../../build/1-read/mask.ts';
import { readSource } from '../../build/1-read/read.ts';
import type { SourceShape } from '../../build/1-read/shapes.ts';

const TEXT = `/** Not this one. */
import { A as B, C } from "./lib";
import * as all from "./all";
export { C as D };
export { E } from "./e";

/**
 * Says hello.
 *
 *   indented
 */
@Auth.protected({ role: "a", list: [1, -2.5, true, null, name], more: { within: \`t\` } })
@service
export class Hello {
  /** How many. */
  @Cache.default private readonly count: Map<string, u32[]> | null = null;
  static last: i32 = 0;
  /** Doc of greet. */
  @Auth.public
  greet(name: string, list: all.Item[], f: (x: i32) => void, ...rest: u32[]): string | null {
    return fail<string>(1, "x", details(new Reason()));
  }
  // no doc
  protected hidden<T>(x?: T, y: i32 = 3): void { details<Why>(y); details(x); }
  get size(): u32 { return 1; }
  set size(n: u32) {}
  constructor() {}
}
enum Color { Red, Green = 0x10, Blue, Shift = 1 << 4, Odd = Red + 1, After }
let counter = 0, other: u32 = 1;
const fixed = 2;
type Name = string;
interface Shape {}
function helper(): void { let local = 1; }
namespace N { let inner = 1; }
`;

test('shapes hold what was written', async (t) => {
  const s = await readSource(TEXT, 'a.ts');
  t.deepEqual(s.faults, []);
  const [c] = s.classes;
  t.like(c, { name: 'Hello', doc: 'Says hello.\n\n  indented', extends: null, isAbstract: false });
  t.deepEqual(
    c.decorators.map((d) => [d.ns, d.name, d.args?.length]),
    [
      ['Auth', 'protected', 1],
      ['', 'service', undefined],
    ],
  );
  t.deepEqual(
    c.fields.map((f) => [f.name, f.visibility, f.isStatic, f.isReadonly, f.doc]),
    [
      ['count', 'private', false, true, 'How many.'],
      ['last', 'public', true, false, undefined],
    ],
  );
  t.like(c.fields[0].decorators[0], { ns: 'Cache', name: 'default', args: null });
  t.deepEqual(
    c.methods.map((m) => [m.name, m.form, m.visibility, m.doc]),
    [
      ['greet', 'method', 'public', 'Doc of greet.'],
      ['hidden', 'method', 'protected', undefined],
      ['size', 'get', 'public', undefined],
      ['size', 'set', 'public', undefined],
      ['constructor', 'constructor', 'public', undefined],
    ],
  );
  t.deepEqual(
    c.methods[0].params.map((p) => [p.name, p.type.kind, p.form]),
    [
      ['name', 'name', 'plain'],
      ['list', 'name', 'plain'],
      ['f', 'function', 'plain'],
      ['rest', 'name', 'rest'],
    ],
  );
  t.deepEqual(
    c.methods[1].params.map((p) => p.form),
    ['optional', 'default'],
  );
  t.like(c.methods[0].result, { kind: 'name', name: 'string', nullable: true });
});

test('names, imports, exports, enums and variables are seen', async (t) => {
  const s = await readSource(TEXT, 'a.ts');
  t.deepEqual(
    s.imports.map((i) => [i.path, i.names, i.namespace]),
    [
      [
        './lib',
        [
          { foreign: 'A', local: 'B' },
          { foreign: 'C', local: 'C' },
        ],
        null,
      ],
      ['./all', [], 'all'],
    ],
  );
  t.deepEqual(s.exports, [
    { exported: 'D', local: 'C', from: null },
    { exported: 'E', local: 'E', from: './e' },
  ]);
  t.deepEqual(s.exported, ['Hello']);
  t.deepEqual(
    s.enums[0].members.map((m) => m.value),
    [0, 16, 17, 16, null, null],
  );
  t.deepEqual(
    s.variables.map((v) => [v.name, v.mutable]),
    [
      ['counter', true],
      ['other', true],
      ['fixed', false],
      ['inner', true],
    ],
  );
  t.deepEqual(s.detailClasses.map((d) => d.name).sort(), ['Reason', 'Why']);
  t.is(s.unnamedDetails.length, 1);
});

test('literals of decorators keep value and place', async (t) => {
  const s = await readSource(TEXT, 'a.ts');
  const [object] = s.classes[0].decorators[0].args ?? [];
  if (object.kind !== 'object') return t.fail();
  t.deepEqual(
    object.entries.map((e) => [e.key, e.value.kind]),
    [
      ['role', 'string'],
      ['list', 'array'],
      ['more', 'object'],
    ],
  );
  const [, list] = object.entries;
  t.is(TEXT.slice(list.value.start, list.value.end), '[1, -2.5, true, null, name]');
  if (list.value.kind !== 'array') return t.fail();
  t.deepEqual(
    list.value.items.map((i) => ('value' in i ? i.value : i.kind)),
    [1, -2.5, true, 'null', 'code'],
  );
});

test('reserved words behind the dot are masked, and nothing else', (t) => {
  t.is(maskReserved('@A.default x'), '@A._______ x');
  t.is(maskReserved('@A.protected({})'), '@A._________({})');
  t.is(maskReserved('@A.require a.default'), '@A.require a.default');
  t.is(maskReserved('@A.defaults @default'), '@A.defaults @default');
});

/** Every span of a shape, found anywhere in it. */
function spansOf(value: unknown): { start: number; end: number }[] {
  if (value === null || typeof value !== 'object') return [];
  const own = value as { start?: number; end?: number };
  const here = typeof own.start === 'number' ? [own as { start: number; end: number }] : [];
  return [...here, ...Object.values(value).flatMap(spansOf)];
}

test('no text makes reading throw, and all spans lie in it', async (t) => {
  const seed = Date.now() % 1_000_000;
  t.log(`seed ${seed}`);
  let state = seed;
  const random = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state % n;
  };
  const pieces = TEXT.split(/\b/);
  for (let round = 0; round < 400; round++) {
    let text = TEXT;
    for (let edits = 1 + random(4); edits > 0; edits--) {
      const at = random(text.length);
      const piece =
        random(3) === 0 ? String.fromCharCode(random(0x3000)) : pieces[random(pieces.length)];
      text = text.slice(0, at) + piece + text.slice(at + random(12));
    }
    let shape: SourceShape;
    try {
      shape = await readSource(text, 'a.ts');
    } catch (error) {
      t.fail(`${(error as Error).stack}\n${JSON.stringify(text)}`);
      return;
    }
    for (const { start, end } of spansOf({ ...shape, text: null })) {
      t.true(start >= 0 && end >= start && end <= text.length, JSON.stringify(text));
    }
  }
});

test('a source nested thousands deep is a fault, not a crash', async (t) => {
  const deep = `const x = ${'('.repeat(50_000)}1${')'.repeat(50_000)};`;
  t.is((await readSource(deep, 'a.ts')).faults[0].message, 'nested too deep');
});
