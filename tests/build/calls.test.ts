// Reading calls that a cell may stand behind: which ones are found, where they stand, what they
// say; and where in the source a part of a string's value was written.
import test from 'ava';
import { readSource } from '../../build/1-read/read.ts';
import type { CallUse } from '../../build/1-read/shapes.ts';
import { placeInText } from '../../build/1-read/text-place.ts';
import { Random } from '../kernel/random.ts';

async function read(text: string) {
  const shape = await readSource(text, 'a.ts');
  const of = ({ start, end }: { start: number; end: number }): string => text.slice(start, end);
  const told = ({ ns, name, field, within, types, args, ...at }: CallUse) => ({
    text: of(at),
    call: `${field === null ? '' : `${field}: `}${ns}.${name}`,
    within: within === null ? null : `${within.owner}.${within.name}`,
    types: types.map((type) => type.text),
    args: args.map((arg) => [arg.kind, of(arg)]),
    name: of(at.nameAt),
  });
  return { shape, calls: shape.calls.map(told), accesses: shape.accesses.map(of) };
}

test('a call has its type arguments, its arguments and its place', async (t) => {
  const { calls } = await read(`class D {
  m(a: string): User[] {
    return Postgres
      .query< Map<string,  User> | null, u32>("a", a + "b", { a: 1 }, [1, -2], -1.5, null)[0];
  }
}`);
  t.deepEqual(calls, [
    {
      text: `Postgres
      .query< Map<string,  User> | null, u32>("a", a + "b", { a: 1 }, [1, -2], -1.5, null)`,
      call: 'Postgres.query',
      within: 'D.m',
      types: ['Map<string, User> | null', 'u32'],
      args: [
        ['string', '"a"'],
        ['code', 'a + "b"'],
        ['object', '{ a: 1 }'],
        ['array', '[1, -2]'],
        ['number', '-1.5'],
        ['null', 'null'],
      ],
      name: 'query',
    },
  ]);
});

test('calls within calls are found, in source order', async (t) => {
  const { calls } = await read(
    'function f(): void { A.one(B.two<u32>("x"), [C.three()]); A.one().chained(D.four()); }',
  );
  t.deepEqual(
    calls.map((c) => [c.call, c.within]),
    ['A.one', 'B.two', 'C.three', 'A.one', 'D.four'].map((name) => [name, '.f']),
  );
});

test('wherever a body is, it is named; initializers are in none', async (t) => {
  const { calls } = await read(`
class D {
  static s: u32 = P.a();
  f: u32 = P.b();
  constructor() { P.c(); }
  get g(): u32 { return P.d(); }
  m(x: u32 = P.e()): void { const inner = (): u32 => P.f(); }
}
function top(y: u32 = P.g()): void { P.h(); }
namespace N { export function inner(): void { P.i(); } const n = P.j(); }
const arrow = (): u32 => P.k();
const value = P.l();
enum E { x = P.m() }
P.n();
`);
  t.deepEqual(
    calls.map((c) => [c.call.slice(2), c.within]),
    [
      ...[
        ['a', null],
        ['b', null],
        ['c', 'D.constructor'],
        ['d', 'D.g'],
        ['e', null],
        ['f', 'D.m'],
        ['g', null],
        ['h', '.top'],
        ['i', '.inner'],
        ['j', null],
        ['k', '.function'],
      ],
      ...[
        ['l', null],
        ['m', null],
        ['n', null],
      ],
    ],
  );
});

test('what asc brings, lower case and local names are no namespaces', async (t) => {
  const { calls } = await read(`
class D<Kind> {
  m(Given: D): void {
    Math.floor(1); String.fromCharCode(2); I32.parseInt("3"); console.log("x"); console.a.b();
    const Local = new D(); Local.m(); Given.m(); Kind.x(); f(); a.B.c(); A.b.c(); new X.Y();
    "Postgres.query()"; /* Postgres.query() */ Postgres["query"](); Postgres.query;
  }
}`);
  t.deepEqual(calls, []);
});

test('a field of a cell is called, and every other mention of it is told', async (t) => {
  const { calls, accesses } = await read(`
class D {
  db: Postgres.Connection;
  private own: Other = new Other();
  m(): void {
    this.db.query<User>("a");
    this.own.query("b"); this.none.query("c"); other.db.query("d"); this.db.a.b();
    this.db = other; take(this.db); this.own = x;
    for (let i = 0; i < 2; i++) this.db.execute("e", this.db);
  }
}
class E { db: u32 = 0; m(): void { this.db.query(); this.db = 1; } }
`);
  t.deepEqual(
    calls.map((c) => [c.call, c.text, c.within]),
    [
      ['db: Postgres.query', 'this.db.query<User>("a")', 'D.m'],
      ['db: Postgres.execute', 'this.db.execute("e", this.db)', 'D.m'],
    ],
  );
  t.deepEqual(accesses, ['this.db', 'this.db', 'this.db', 'this.db']);
});

test('a tagged template is code, a plain one a text', async (t) => {
  const { calls } = await read('function f(): void { A.b(`x\\n${y}`, `x\\n`, tag`x`); }');
  t.deepEqual(
    calls[0].args.map(([kind]) => kind),
    ['code', 'string', 'code'],
  );
});

test('a field says where its initializer stands', async (t) => {
  const text = 'class D { a: u32 = 1 + 2; b: u32; static c: string = "x"; }';
  const { shape } = await read(text);
  const of = shape.classes[0].fields.map(({ initializer: i }) => i && text.slice(i.start, i.end));
  t.deepEqual(of, ['1 + 2', null, '"x"']);
});

/** The part of a literal that units of its value came from. */
function part(literal: string, offset: number, length: number): string {
  const source = `before ${literal} behind`;
  const { start, end } = placeInText(source, { start: 7, end: 7 + literal.length }, offset, length);
  return source.slice(start, end);
}

test('units of a value are found in the source, whatever escapes stand before', (t) => {
  const literal = '"a\\n\\u{1F600}\\x41\\u0042\\"\\\\z😀end"';
  const value = 'a\n\u{1F600}AB"\\z😀end';
  t.is(JSON.parse(JSON.stringify(value)).length, 14);
  const at = (text: string): string => part(literal, value.indexOf(text), text.length);
  t.is(at('a'), 'a');
  t.is(at('\n'), '\\n');
  t.is(at('\u{1F600}'), '\\u{1F600}');
  t.is(at('A'), '\\x41');
  t.is(at('B'), '\\u0042');
  t.is(at('"'), '\\"');
  t.is(at('\\'), '\\\\');
  t.is(at('z'), 'z');
  t.is(at('end'), 'end');
  t.is(at('AB"'), '\\x41\\u0042\\"');
  t.is(part(literal, 3, 1), '\\u{1F600}', 'half of a pair is the whole escape');
});

test('places outside of a value are its nearest character', (t) => {
  t.is(part('"abc"', 3, 0), 'c', 'its end');
  t.is(part('"abc"', 99, 5), 'c');
  t.is(part('"abc"', 1, 99), 'bc');
  t.is(part('"abc"', -4, 2), 'ab');
  t.is(part('""', 0, 1), '"');
  t.is(part("'a\\\nb'", 1, 1), 'b', 'a continued line makes no unit');
  t.is(part('`a\nb`', 2, 1), 'b');
});

const dice = new Random();

test(`any literal has each of its units in its place, seed ${dice.seed}`, async (t) => {
  t.log(`CELL_SEED=${dice.seed}`);
  const pieces = [
    ...['a', 'é', '😀', ' ', '$', '\\0', '\\b', '\\t', '\\n', '\\v', '\\f', '\\r', "\\'", '\\"'],
    ...['\\x7f', '\\u00e9', '\\u{41}', '\\u{1F600}', '\\u{10ffff}', '\\\\', '\\q', '\\`', '\\\n'],
    ...['\\\r\n', '{', '}', '\\$', 'x41', 'u{41}', '\\u{000041}'],
  ];
  for (let round = 0; round < 300; round++) {
    const quote = dice.pick(['"', "'", '`']);
    const chosen = Array.from({ length: dice.below(12) }, () => dice.pick(pieces));
    const written = chosen.join('').replaceAll('${', '$ {');
    const literal = `${quote}${written}${quote}`;
    const text = `function f(): void { A.b(${literal}); }`;
    const { shape } = await read(text);
    t.deepEqual(shape.faults, [], literal);
    const [argument] = shape.calls[0].args;
    if (argument.kind !== 'string') return t.fail(`${literal} is no string`);
    const { value } = argument;
    let end = argument.start + 1;
    for (let unit = 0; unit < value.length; unit++) {
      const place = placeInText(text, argument, unit, 1);
      const own = text.slice(place.start, place.end);
      // Half of a pair stands in the escape that made both.
      const isSecond = place.start < end;
      if (!isSecond) {
        // What lies between makes no unit: continued lines.
        t.regex(text.slice(end, place.start), /^(?:\\\r?\n)*$/, literal);
        t.true(place.start >= end, literal);
        end = place.end;
        const { shape: again } = await read(`function f(): void { A.b(${quote}${own}${quote}); }`);
        const [alone] = again.calls[0].args;
        t.is(alone.kind === 'string' ? alone.value[0] : null, value[unit], literal);
      }
    }
    t.regex(text.slice(end, argument.end - 1), /^(?:\\\r?\n)*$/, literal);
  }
});

test(`broken texts: nothing throws, every span lies in the text, seed ${dice.seed}`, async (t) => {
  const good = `class D {
  db: Postgres.Connection; x: u32 = Postgres.count("a");
  m(a: string): User[] {
    this.db.query<User>("select \\u{1F600} \\x41", a, [1], { b: -1 }); take(this.db);
    return Postgres.query<Map<string, User> | null>(\`x \${a}\`, (): u32 => Docs.one(a))[0];
  }
}`;
  const tokens = [...'<>(){}[].,;:`"\'\\$@=|', 'this', 'class', '\\u{', '=>', 'Db.x(', '😀'];
  let found = 0;
  for (let round = 0; round < 400; round++) {
    let text = good;
    for (let edit = dice.below(4); edit >= 0; edit--) {
      const at = dice.below(text.length);
      const put = dice.chance(2) ? '' : dice.pick(tokens);
      text = text.slice(0, at) + put + text.slice(at + dice.below(8));
    }
    const { shape } = await read(text);
    const spans = shape.calls.flatMap((c) => [
      c,
      c.nameAt,
      ...c.args,
      ...c.types.map((y) => y.shape),
    ]);
    for (const { start, end } of [...spans, ...shape.accesses]) {
      if (start < 0 || end < start || end > text.length) t.fail(`${start} to ${end} in:\n${text}`);
    }
    for (const one of shape.calls.flatMap((c) => c.args)) {
      const { start, end } = placeInText(text, one, dice.below(40), dice.below(40));
      if (start < one.start || start >= end) t.fail(`${start} to ${end} of ${JSON.stringify(one)}`);
    }
    found += shape.calls.length;
  }
  t.true(found > 400, 'most texts still hold calls');
});
