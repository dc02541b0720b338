// Calls that a cell answers for: `Test.query<User>("...", a)` becomes a call of the function that
// the cell wrote, whatever stands around it; places in the user's text stay what they were.
import test from 'ava';
import { printFinding } from '../../build/diagnostics/findings.ts';
import { traceTrap } from '../../host/cell/trace.ts';
import { statementId } from '../../host/schema/statement-id.ts';
import { link } from './linked.ts';
import { type Answer, type Answers, builtWith, type Gives, madeWith } from './macros.ts';

/** A query: "text|type of $1|type of $2"; the one row says the text and what was passed. */
const query: Answer = {
  on: ['call'],
  gives: (use) => {
    const [text, ...types] = use.args[0].text.split('|');
    const [type] = use.types;
    const params = types.map((one, i) => `p${i}: ${one}`).join(', ');
    const said = types.map((_, i) => ` + "," + p${i}.toString()`).join('');
    const row =
      type === 'string' ? 'return [log];' : `const r = new ${type}(); r.name = log; return [r];`;
    // `log` is the SDK's elsewhere: what a text declares is its own.
    const log = `const log = "${text.replace(/["\n]/g, ' ')}"${said};`;
    return [
      {
        kind: 'call',
        text: `function $name(${params}): ${type}[] {\n  ${log}\n  ${row}\n}`,
      },
      { kind: 'statement', text, values: [...types, 'a:text'], numbers: [types.length, 0] },
      { kind: 'database', name: 'example', text: 'default', values: ['postgres', '0', ''] },
    ];
  },
};
const answers: Answers = { query };

test('calls in methods, functions and each other, over many lines, in any file', async (t) => {
  const files = {
    'example.cell.ts': `import { User, both } from "./lib/user";
      @service class Example {
        one(id: u32): string { return Test.query<User>("by id|u32", id)[0].name; }
        none(): string {
          const found = Test . query < string > ( 'none' /* nothing */ , );
          return found[0];
        }
        nested(a: string): string {
          return Test.query<string>("outer|string",
            // a comment
            Test.query<string>(\`inner
              |string\`, a)[0] + "!", )[0];
        }
        same(a: u32, b: u32): string { return Test.query<string>("by id|u32", b)[0] + this.last(); }
        private last(): string { return both(); }
        again(b: u32): string { return Test.query<string>("by id|u32", b + 1)[0]; }
      }`,
    'lib/user.ts': `export class User { name: string = ""; }
      export function both(): string { return Test.query<User>("by id|u32", 7)[0].name; }`,
  };
  const built = await builtWith(files, answers);
  t.false(built.manifest.actor);
  t.deepEqual(built.manifest.sql?.statements.map((s) => s.text).sort(), [
    'by id',
    'inner\n              ',
    'none',
    'outer',
  ]);
  const cell = await link(built);
  t.deepEqual(cell.call('one', 3), { value: 'by id,3' });
  t.deepEqual(cell.call('none'), { value: 'none' });
  t.deepEqual(cell.call('nested', 'x'), { value: 'outer,inner               ,x!' });
  t.deepEqual(cell.call('same', 1, 2), { value: 'by id,2by id,7' });
  t.deepEqual(cell.call('again', 2), { value: 'by id,3' });
  // One function for equal texts of one file.
  const text = built.emission.texts.get('example.cell.ts')?.text ?? '';
  t.is(text.match(/^function __cell_/gm)?.length, 5);
});

test('bindings: the field is gone, its calls are made, and it keeps no state', async (t) => {
  const text = `@service class Example {
    db: Test.Connection;
    private other: Test.Connection
    one(id: u32): string { return this.db.query<string>("a|u32", id)[0] + this.two(); }
    private two(): string { return this.other.query<string>("b")[0]; }
  }`;
  const built = await builtWith(text, answers);
  t.false(built.manifest.actor);
  t.deepEqual((await link(built)).call('one', 3), { value: 'a,3b' });
  const emitted = built.emission.texts.get('example.cell.ts')?.text ?? '';
  t.notRegex(emitted, /Connection/);
  const lineOf = (from: string): number =>
    from.split('\n').findIndex((line) => line.includes('private two'));
  t.is(lineOf(emitted), lineOf(text));
});

const around = (body: string): string => `class User { name: string = ""; }
@service class Example {
  one(id: u32, name: string): string {
    ${body}
  }
}`;

async function told(body: string, more: Answers = {}) {
  const made = await madeWith(around(body), { ...answers, ...more });
  if (made.compiled !== null) throw new Error('it was built');
  return made.findings;
}

test('CELL4113: a value of another type, told at the value in words', async (t) => {
  const cases: [string, string, RegExp, RegExp][] = [
    [
      '"a|string", id',
      'id',
      /^parameter \$1 of `Test\.query` has the type u32, string .*: it is string in the database/,
      /^pass id\.toString\(\)$/,
    ],
    ['"a|u32|u32", id, name', 'name', /^parameter \$2 .* string, u32 is wanted/, /of type u32$/],
    ['"a|u8", id', 'id', /the type u32, u8 is wanted/, /^pass <u8>id$/],
    [
      '"a|string", maybe(id)',
      'maybe(id)',
      /the type string \| null, string is wanted/,
      /never null/,
    ],
  ];
  for (const [args, at, says, fix] of cases) {
    const body = `return Test.query<string>(${args})[0];`;
    const text = `${around(body)}\nfunction maybe(id: u32): string | null { return null; }`;
    const { findings } = await madeWith(text, answers);
    const shown = `${args}\n${findings.map(printFinding).join('\n')}`;
    t.deepEqual([findings.length, findings[0].code, findings[0].line], [1, 'CELL4113', 4], shown);
    t.is(findings[0].column, 4 + body.lastIndexOf(at) + 1, shown);
    t.regex(findings[0].message, says, shown);
    t.regex(findings[0].fix, fix, shown);
  }
});

test('other errors keep their place: in what is passed, and behind a call', async (t) => {
  const body = 'const n = Test.query<string>("a|u32", nope(id)).length; return nothing;';
  t.deepEqual(
    (await told(body)).map((f) => [f.code, f.line, f.column]),
    [
      ['CELL5002', 4, 5 + body.indexOf('nope')],
      ['CELL5002', 4, 5 + body.indexOf('nothing')],
    ],
  );
  const [finding, ...more] = await told(
    'const n = Test.query<string>(`a\n\n  |u32`, id); return nope;',
  );
  t.deepEqual([more.length, finding.line], [0, 6]);
  t.is(finding.column, '  |u32`, id); return '.length + 1);
});

const REFUSED: [string, string, RegExp][] = [
  ['no function', 'const $name = 1;', /CELL4060.*one function/],
  ['two', 'function $name(): string[] { return []; } function x(): void {}', /CELL4060/],
  ['what closes it', 'function $name(): string[] { return []; } } class X {', /CELL4060/],
  ['another name', 'function other(): string[] { return []; }', /CELL4060/],
  ['an export', 'export function $name(): string[] { return []; }', /CELL4060/],
  ['a decorator', '@inline function $name(): string[] { return []; }', /CELL4060/],
  ['no body', 'declare function $name(): string[];', /CELL4060/],
  ['type parameters', 'function $name<T>(): string[] { return []; }', /CELL4060/],
  ['a default', 'function $name(a: u32 = 1): string[] { return []; }', /CELL4060/],
  ['a value too few', 'function $name(a: u32): string[] { return []; }', /CELL4062.*passes 0 val/],
  ['what does not compile', 'function $name(): string[] { return nope; }', /CELL4061.*nope/],
];

for (const [what, text, says] of REFUSED) {
  test(`refused, and told at the call: ${what}`, async (t) => {
    const odd: Answer = { on: ['call'], gives: [{ kind: 'call', text }] };
    const findings = await told('return Test.odd<string>("x")[0];', { odd });
    const shown = findings.map(printFinding).join('\n');
    t.deepEqual(
      findings.map((f) => [f.line, f.column]),
      [[4, 12]],
      shown,
    );
    t.regex(`${findings[0].code} ${findings[0].message}`, says, shown);
  });
}

test('a call takes no other code, and a declaration is no call', async (t) => {
  const bad: Gives = [
    { kind: 'field', name: 'x', type: 'u32', text: '1' },
    { kind: 'wrap', text: '$proceed;' },
    { kind: 'member', name: 'x', text: 'x(): void {}' },
  ];
  for (const one of bad) {
    const odd: Answer = { on: ['call'], gives: [one] };
    const [finding] = await told('return Test.odd<string>("x")[0];', { odd });
    t.is(finding.code, 'CELL4062');
    t.regex(finding.message, /calls take no code/);
  }
  const [none] = await told('Test.odd<string>("x"); return name;', {
    odd: { on: ['call'], gives: [] },
  });
  t.regex(`${none.code} ${none.message}`, /CELL4062 .*`Test\.odd` .*no function for this call/);
  const it: Answer = { gives: [{ kind: 'call', text: 'function $name(): void {}' }] };
  const { findings } = await madeWith('@service class Example { @Test.it m(): void {} }', { it });
  t.regex(findings[0].message, /a method is no call/);
  const twice: Answer = { on: ['call'], gives: [it.gives as Gives, it.gives as Gives].flat() };
  const [second] = await told('Test.odd<string>("x"); return name;', { odd: twice });
  t.regex(`${second.code} ${second.message}`, /CELL4063 what is called here/);
});

test('the order of calls decides nothing but places', async (t) => {
  const [a, b] = ['Test.query<string>("a|u32", 1)', 'Test.query<string>("b|u32", 2)'];
  const text = (first: string, second: string) =>
    `@service class Example { m(): u32 { return ${first}.length + ${second}.length; } }`;
  const one = await builtWith(text(a, b), answers);
  const two = await builtWith(text(b, a), answers);
  t.deepEqual(one.manifest.sql, two.manifest.sql);
  t.deepEqual(one.schema, two.schema);
  t.deepEqual(
    one.manifest.sql?.statements.map((s) => s.id),
    [statementId('a'), statementId('b')].sort((x, y) => x - y),
  );
});

const TRAPS = `class Row {
  name: string = "";
}

@service
class Lists {
  one(n: u32): u32 { return Test.divide<u32>(\`
/u32\`, n) + 1; }
  two(n: u32): u32 { const all = [Test.divide<u32>("a", 1)]; return all[n]; }
  three(n: u32): u32 {
    return Test.divide<u32>("a", n);
  }
  @Test.around four(n: u32): u32 { const a = Test.divide<u32>("bb", 1); return 7 / (n - a * 0); }
}
`;

test('traps: in the code of a call at the call, behind it at their own column', async (t) => {
  const divide: Answer = {
    on: ['call'],
    gives: ({ args }) => {
      // Equal code of two functions would be one after optimization.
      const top = 7 + args[0].text.length;
      const text = `function $name(n: u32): u32 {\n  // one line\n  return ${top} / n;\n}`;
      return [{ kind: 'call', text }];
    },
  };
  const wrap = { kind: 'wrap', text: 'if (n == 9) unreachable();\n$proceed;' };
  const built = await builtWith(TRAPS, { divide, around: { stage: 'retry', gives: [wrap] } });
  const lines = TRAPS.split('\n');
  const at = (piece: string): string => {
    const line = lines.findIndex((one) => one.includes(piece));
    return `example.cell.ts:${line + 1}:${lines[line].indexOf(piece) + 1}`;
  };
  // `two` and `three` call one function: their own lines are what can be told.
  const cases: [string, number, string, string][] = [
    ['one', 0, at('Test.divide<u32>(`'), 'Lists#one @Test.divide'],
    ['two', 5, at('all[n]'), 'Lists#two'],
    ['three', 0, at('Test.divide<u32>("a", n)'), 'Lists#three'],
    ['four', 0, at('7 / (n - a * 0)'), 'Lists#four'],
    ['four', 9, at('@Test.around'), 'Lists#four @Test.around'],
  ];
  for (const [method, argument, place, name] of cases) {
    const cell = await link(built);
    const error = t.throws(() => cell.call(method, argument), { any: true }) as Error;
    const trap = traceTrap(error, built.map);
    t.is(trap.at, place, `${method}: ${JSON.stringify(trap.frames)}`);
    t.is(trap.frames.find((f) => f.user)?.function, name);
  }
});
