// Every code is documented, used and yields from its own example; findings read as promised.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { Literal } from '../../build/1-read/shapes.ts';
import { catalogue, parseCatalogue } from '../../build/diagnostics/catalogue.ts';
import { Findings, placeOf, printFinding } from '../../build/diagnostics/findings.ts';
import { nearest } from '../../host/schema/nearest.ts';
import { exampleDiscovery } from './example-cell.ts';
import { built, described, ENTRY } from './project.ts';

/**
 * Codes whose cause is not in one folder of sources; each has a test of its own, here or elsewhere.
 */
const ELSEWHERE: Record<string, string> = {
  CELL1002: 'diagnostics.test.ts',
  CELL2013: 'diagnostics.test.ts',
  CELL2015: 'diagnostics.test.ts',
  CELL4044: '../macros/effects.test.ts',
  CELL4045: '../macros/effects-build.test.ts',
  CELL4060: 'added-code.test.ts',
  CELL4061: 'added-code.test.ts',
  CELL4062: 'added-code.test.ts',
  CELL4063: 'added-code.test.ts',
  CELL4064: 'added-code.test.ts',
  CELL4083: 'remote.test.ts',
  CELL4084: 'remote.test.ts',
  CELL4085: 'remote.test.ts',
  CELL4090: '../std/cache.test.ts',
  CELL4110: 'data-refused.test.ts',
  CELL4111: 'data-refused.test.ts',
  CELL4112: 'data-refused.test.ts',
  CELL4113: 'answered-calls.test.ts',
  CELL4120: 'kept.test.ts',
  CELL4121: 'kept.test.ts',
  CELL4122: 'kept.test.ts',
  CELL4123: 'kept.test.ts',
  CELL4124: 'kept.test.ts',
  CELL4125: 'kept.test.ts',
  CELL4126: 'kept.test.ts',
  CELL4127: 'kept.test.ts',
  CELL4128: 'together.test.ts',
  CELL5006: 'diagnostics.test.ts',
  CELL6001: 'make.test.ts',
  CELL6002: 'make.test.ts',
  CELL6003: 'order.test.ts',
  CELL6004: 'order.test.ts',
};

test('the codes that the build uses are those of the catalogue', (t) => {
  const folder = new URL('../../build/', import.meta.url);
  const used = new Set<string>();
  for (const entry of fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts') || entry.startsWith('diagnostics')) continue;
    const text = fs.readFileSync(new URL(entry, folder), 'utf8');
    for (const [code] of text.matchAll(/CELL\d{4}/g)) used.add(code);
  }
  t.deepEqual([...used].sort(), [...catalogue().keys()]);
});

/** What the examples of negotiation.md are built with, beside the cells of example-cell.ts. */
const CHOSEN: Record<string, { features?: [string, string][]; settings?: [string, Literal][] }> = {
  CELL4027: { features: [['example', 'quiet']] },
  CELL4104: { features: [['example', 'off']] },
  CELL4028: { settings: [['example', { kind: 'string', value: 'x', start: 0, end: 0 }]] },
};

/** Codes whose examples are about the cells of example-cell.ts. */
const isNegotiated = (code: string): boolean =>
  (code >= 'CELL4010' && code <= 'CELL4039') || (code >= 'CELL4100' && code <= 'CELL4109');

for (const entry of catalogue().values()) {
  if (!isNegotiated(entry.code)) continue;
  test(`${entry.code} comes from its example, and nothing else does`, async (t) => {
    const { features = [], settings = [] } = CHOSEN[entry.code] ?? {};
    const { compiled, findings } = await built(entry.example, {
      discovery: exampleDiscovery(),
      features: new Map(features),
      settings: new Map(settings),
    });
    t.deepEqual([...new Set(findings.map((f) => f.code))], [entry.code]);
    t.is(compiled === null, findings[0].warning !== true);
    for (const f of findings) t.notRegex(f.message + f.fix, /\{(?!id\b)\w+\}|undefined/);
  });
}

for (const entry of catalogue().values()) {
  if (isNegotiated(entry.code)) continue;
  const elsewhere = ELSEWHERE[entry.code];
  if (elsewhere !== undefined) {
    test(`${entry.code} is tested in ${elsewhere}`, (t) => {
      const text = fs.readFileSync(new URL(elsewhere, import.meta.url), 'utf8');
      t.true(text.split(entry.code).length > (elsewhere.startsWith('diag') ? 2 : 1));
    });
    continue;
  }
  test(`${entry.code} comes from its example, and nothing else does`, async (t) => {
    const { compiled, findings } = await built(entry.example);
    t.is(compiled, null);
    t.deepEqual([...new Set(findings.map((f) => f.code))], [entry.code]);
    for (const f of findings) t.false(/\{\w+\}|undefined/.test(f.message), f.message);
  });
}

test('CELL1002: a file that is not there', async (t) => {
  const { findings } = await built({ 'other.ts': '' });
  t.deepEqual(
    findings.map((f) => [f.code, f.file, f.line]),
    [['CELL1002', ENTRY, 0]],
  );
});

test('CELL2013: one method more than a connection can name', async (t) => {
  const methods = (n: number) => Array.from({ length: n }, (_, i) => `m${i}(x: q): void {}`);
  const service = (n: number) => `@service class Example { ${methods(n).join('\n')} }`;
  const codes = async (n: number) =>
    new Set((await described(service(n))).findings.map((f) => f.code));
  t.false((await codes(1024)).has('CELL2013'));
  t.true((await codes(1025)).has('CELL2013'));
});

test('CELL2015: a signature that is too large', async (t) => {
  const fields = (n: number) => Array.from({ length: n }, (_, i) => `field${i}: string = "";`);
  const { findings } = await built(
    `class Big { ${fields(1200).join(' ')} }
     @service class Example { get(): Big { return new Big(); } }`,
  );
  t.deepEqual(
    findings.map((f) => f.code),
    ['CELL2015'],
  );
});

test('CELL2016: names that a client cannot have', async (t) => {
  const codes = async (text: string) =>
    (await described(`class V { __proto__: u32 = 0; } @service class Example { ${text} }`))
      .findings;
  for (const text of ['then(): void {}', 'a(arguments: u32): void {}', 'a(v: V): void {}']) {
    t.deepEqual(
      (await codes(text)).map((f) => f.code),
      ['CELL2016'],
      text,
    );
  }
  t.deepEqual(await codes('thenable(argument: u32): void {}'), []);
});

test('CELL2005: overloads by name; a body that is only missing is no overload', async (t) => {
  const told = async (text: string) => {
    const { findings } = await built(`@service class Example { ${text} }`);
    return findings.map((f) => `${f.code} ${f.message}`);
  };
  const twice = 'f(x: i32): i32;\n  private f(x: string): i32 { return 1; }';
  t.deepEqual(await told(twice), ['CELL2005 `f` is declared twice']);
  for (const text of ['f(x: i32): i32;', 'f(): i32; g(): i32 { return 1; }']) {
    const [first] = await told(text);
    t.regex(first, /^CELL1001 syntax: Function implementation is missing/, text);
  }
});

test('CELL1008: TypeScript that cells do not have is told by name', async (t) => {
  const cases: [string, string][] = [
    ['const c = a?.c;', '`?.`'],
    ['const c = a ?? new B();', '`??`'],
    ['const { c } = a!;', 'destructuring'],
    ['const [p, q] = xs;', 'destructuring'],
    ['for (const k in xs) {}', '`for ... in`'],
    ['for (const [k, v] of new Map<string, i32>()) {}', '`for ... of`'],
    ['for (const x of xs) {}', '`for ... of`'],
    ['const ys = [...xs, 1];', 'spread'],
    ['const o = { ...a };', 'spread'],
    ['const big = 10n;', 'bigint literals'],
    ['/a+/.test("x");', 'regular expressions'],
    ['new Map<string, i32>().forEach((v, k) => {});', '`forEach` of a Map or Set'],
    ['JSON.stringify(a);', '`JSON`'],
    ['const x: any = 1;', '`any`'],
    ['let u: undefined;', '`undefined`'],
    ['setTimeout(() => {}, 1);', 'promises and timers'],
    ['new Date();', 'clock of its own'],
    ['const q = String(3);', '`Number()`, `String()` and `Boolean()`'],
    ['const n = (3.1).toFixed(2);', '`toFixed`'],
  ];
  for (const [written, what] of cases) {
    const { findings } = await built(
      `class B { c: string = ""; }
       @service class Example { f(a: B | null, xs: i32[]): void { ${written} } }`,
    );
    const told = findings.map((f) => [f.code, f.message, f.line]);
    t.deepEqual(told, [['CELL1008', `a cell has no ${what}`, 2]], written);
  }
});

test('CELL5004: what the library would import has a place and a better word', async (t) => {
  const { findings } = await built(
    `@service class Example {
      a(): i64 { return Date.now(); }
      b(): void { trace("b"); }
      c(): void { foreign(); }
      d(): void { process.exit(1); }
    }
    @external("other", "thing") declare function foreign(): void;`,
  );
  t.deepEqual(
    findings.map((f) => [f.code, f.line, f.fix]),
    [
      ['CELL5004', 2, 'write now()'],
      ['CELL5004', 3, 'write log.debug("...")'],
      ['CELL5004', 5, 'write a method, or fail(status, message)'],
      ['CELL5004', 7, 'write what the SDK offers'],
    ],
  );
});

test('CELL5006: what asc cannot take is a finding, and the process lives', async (t) => {
  const sum = 'n + '.repeat(10_000);
  const { findings } = await built(
    `@service class Example { a(n: i32): i32 { return ${sum} 1; } }`,
  );
  t.true(['CELL5006', 'CELL1001'].includes(findings[0].code));
  t.is(findings.length, 1);
});

test('several faults are found in one run, in order of place', async (t) => {
  const { findings } = await built(
    [
      '@service class Example {',
      '  @Auth.requires() a(n: number): void {}',
      '  @Nowhere.x b(when: Date): any { return 1; }',
      '}',
    ].join('\n'),
  );
  t.deepEqual(
    findings.map((f) => `${f.code} ${f.line}:${f.column}`),
    ['CELL4002 2:4', 'CELL3001 2:25', 'CELL4001 3:3', 'CELL3001 3:22', 'CELL3001 3:29'],
  );
  t.is(findings[0].fix, 'did you mean @Auth.require?');
  t.is(findings[2].message, 'no cell answers for `@Nowhere`');
  t.is(findings[3].fix, 'write Instant');
});

test('a finding is printed with its line and a mark under it', (t) => {
  const findings = new Findings();
  const text = 'one\n\tgreet(n: number): void {}\r\n';
  const start = text.indexOf('number');
  findings.report(
    'CELL3001',
    { path: 'a.ts', text },
    { start, end: start + 6 },
    {
      type: 'number',
      instead: 'f64',
    },
  );
  t.is(
    printFinding(findings.sorted()[0]),
    [
      'error CELL3001: `number` does not travel',
      '  a.ts:2:11',
      '  2 | \tgreet(n: number): void {}',
      '    | \t         ^~~~~~',
      '  fix: write f64',
    ].join('\n'),
  );
});

test('places at the ends of a text', (t) => {
  t.like(placeOf('', 0, 0), { line: 1, column: 1, length: 1, excerpt: '' });
  t.like(placeOf('ab\n', 3, 9), { line: 2, column: 1, length: 1, excerpt: '' });
  t.like(placeOf('ab', 99, 100), { line: 1, column: 3, length: 1 });
  t.like(placeOf('ab\ncd', 1, 5), { line: 1, column: 2, length: 1 });
});

test('the catalogue refuses an entry that is not whole', (t) => {
  const whole = '## CELL9999 x\ncause\n\nFix: y\n\n```ts\nz\n```\n';
  t.is(parseCatalogue(whole).length, 1);
  for (const part of ['cause\n', 'Fix: y\n', '```ts\nz\n```\n', 'CELL9999 ']) {
    t.throws(() => parseCatalogue(whole.replace(part, '')), { message: /not whole/ });
  }
});

test('nearest names what was meant, or nothing', (t) => {
  t.is(nearest('requires', ['require', 'public']), 'require');
  t.is(nearest('Public', ['require', 'public']), 'public');
  t.is(nearest('x', ['require', 'public']), null);
  t.is(nearest('elephant', ['require', 'public']), null);
});

test('every entry says what to do in its first fix', (t) => {
  for (const { code, fix, cause } of catalogue().values()) {
    t.true(fix.length > 0 && cause.length > 0, code);
    t.false(path.isAbsolute(fix));
  }
});
