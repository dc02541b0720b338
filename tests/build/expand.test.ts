// `cell expand`: the user's own text, every line that a macro put in marked with it, policies in
// words where the decorators stood. What is shown parses, and is the same whoever asks.
import path from 'node:path';
import test from 'ava';
import { readSource } from '../../build/1-read/read.ts';
import { Findings, printFinding } from '../../build/diagnostics/findings.ts';
import { emitFile } from '../../build/driver.ts';
import { contributedList, expandedText } from '../../build/expand.ts';
import { Project } from '../cli/program.ts';
import { ENTRY, folderWith } from './folder.ts';
import { type Answers, discoveryOf } from './macros.ts';
import { STANDARD } from './project.ts';

const TEXT = `class Account { id: u32 = 0; }
@service
class Accounts {
  private rows: Map<u32, Account> = new Map();

  /** One. */
  @Telemetry.span @Auth.require({ role: "admin" }) @RateLimit.throttle({ perSecond: 9, burst: 2 })
  @Cache.memoize({
    ttl: "5m",
    tags: ["account:{id}"],
  })
  @Retry.onFailure({ max: 3 })
  get(id: u32): Account { return this.rows.get(id); }

  @Auth.owner("who") @Cache.invalidate({ tags: ["account:{id}"] })
  put(id: u32, who: string): void { this.rows.set(id, new Account()); }
}
`;

async function expanded(text: string, macros = STANDARD) {
  const { folder, remove } = folderWith({ [ENTRY]: text });
  try {
    const findings = new Findings();
    const made = await emitFile(path.join(folder, ENTRY), folder, macros, findings);
    if (!made?.emission) throw new Error(findings.sorted().map(printFinding).join('\n'));
    const { project, negotiated, emission } = made;
    return {
      text: expandedText(project, negotiated, emission),
      list: contributedList(negotiated),
    };
  } finally {
    remove();
  }
}

const MARK = /(\/\/|\/\*) @[A-Z]\w*\.\w+/;

/** Lines of `shown` that are neither the user's nor comments nor marked. */
function unmarked(shown: string, text: string): string[] {
  const own = new Set(text.split('\n').map((line) => line.trim()));
  const isOwn = (line: string) => own.has(line.trim()) || line.trim().startsWith('//');
  const named = (line: string) => line.replace('__cell_get(', 'get(');
  return shown.split('\n').filter((line) => !isOwn(named(line)) && !MARK.test(line));
}

test('policies in words, inserted lines marked, and it parses', async (t) => {
  const { text } = await expanded(TEXT);
  t.deepEqual(unmarked(text, TEXT), []);
  for (const line of [
    '// @Auth.require({ role: "admin" })',
    '//     callers with the role admin',
    '//     9 calls a second of all callers together, 2 at once',
    '// @Cache.memoize({ ttl: "5m", tags: ["account:{id}"], })',
    '//     replies kept 5m, for each caller; tags account:{id}',
    '//     forgets kept replies; tags account:{id}',
  ]) {
    t.true(text.includes(line), `${line}\n${text}`);
  }
  t.regex(text, /get\(id: u32\): Account \{ \/\/ @Retry\.onFailure\n/);
  t.false(/^\s*@/m.test(text), 'no decorator is left');
  const { faults } = await readSource(text, 'expanded.ts');
  t.deepEqual(faults, []);
  t.is((await expanded(TEXT)).text, text);
});

test('every kind of code, with its marks', async (t) => {
  const answers: Answers = {
    all: {
      stage: 'transact',
      gives: [
        { kind: 'parameter', name: 'tenant', type: 'string', text: '"a"' },
        { kind: 'wrap', text: 'log.info(`a\n  b`);\n$proceed;' },
        { kind: 'guard', stage: 'validate', text: 'id > 0', status: 3, type: 'no {id}' },
        { kind: 'wrap', stage: 'cache', text: '$proceed;' },
        { kind: 'field', name: 'count', type: 'u32', text: '0' },
        { kind: 'method', name: 'tick', text: 'private tick(): void { this.count++; }' },
        { kind: 'handler', name: 'counted', text: 'counted(): u32 { return this.count; }' },
      ],
    },
  };
  const own = `@service class Example {
  @Test.all get(id: u32): string { return tenant; } // the user's
}
`;
  const macros = { discovery: discoveryOf(answers), features: new Map(), settings: new Map() };
  const { text, list } = await expanded(own, macros);
  t.true(text.includes('const tenant = __cell_get_Test_all(); /* @Test.all */ return tenant; }'));
  t.regex(text, /count: u32 = 0; \/\/ @Test\.all/);
  t.regex(text, /private tick\(\): void \{ this\.count\+\+; \} \/\/ @Test\.all/);
  t.true(text.includes('// ---- at the boundary of the cell'));
  t.regex(text, /\/\/ get\(id\):\n\/\/ {3}__cell_get_Test_all_\d\(id\); {2}\/\/ @Test\.all/);
  t.deepEqual((await readSource(text, 'expanded.ts')).faults, []);
  t.deepEqual(
    list.filter((c) => c.kind !== 'service').map((c) => `${c.on} ${c.macro} ${c.kind} ${c.what}`),
    [
      'Example.get @Test.all guard ',
      'Example.get @Test.all wrap ',
      'Example.get @Test.all parameter tenant',
      'Example.get @Test.all wrap ',
      'Example.get @Test.all field count',
      'Example.get @Test.all method tick',
      'Example.get @Test.all handler counted',
    ],
  );
});

test('calls, members, statements and what is stored', async (t) => {
  const sql = "select name from users where note = '*/' and id = $1";
  const answers: Answers = {
    table: {
      on: ['class'],
      gives: [
        { kind: 'member', name: 'find', text: 'static find(id: u32): User { return new User(); }' },
        {
          ...{ kind: 'database', name: 'example', text: 'default' },
          values: ['postgres', '2', 'ab', 'public.orders'],
        },
      ],
    },
    query: {
      on: ['call'],
      gives: [
        { kind: 'call', text: 'function $name(id: u32): User[] {\n  return [];\n}' },
        { kind: 'statement', text: sql, values: ['int8', 'name:text'], numbers: [1, 0] },
      ],
    },
    persist: {
      on: ['field'],
      gives: [
        { kind: 'codec', name: 'visits', type: 'Map<string, u64>', values: ['map'] },
        { kind: 'initial', name: 'visits', text: 'new Map<string, u64>()' },
        { kind: 'start', text: 'log.info("loaded");' },
      ],
    },
  };
  const own = `@Test.table class User { name: string = ""; }
@service class Example {
  @Test.persist visits: Map<string, u64> = new Map();
  db: Test.Connection; // the user's
  get(id: u32): User { return this.db.query<User>("${sql}", id)[0]; }
}
`;
  const macros = { discovery: discoveryOf(answers), features: new Map(), settings: new Map() };
  const { text, list } = await expanded(own, macros);
  t.deepEqual((await readSource(text, 'expanded.ts')).faults, [], text);
  for (const line of [
    'static find(id: u32): User { return new User(); } // @Test.table',
    '/* db: Test.Connection */',
    "// the user's",
    'return __cell_get_Test_query(/* @Test.query, for: this.db.query<User>("select name from users',
    'id)[0]; }',
    'function __cell_get_Test_query(id: u32): User[] { // @Test.query',
    '__celllog.info("loaded"); // @Test.persist',
    'new Map<string, u64>() /* @Test.persist, for: new Map() */',
    '// ---- statements: postgres, default, schema example, migration 2, reads public.orders',
    `reads  ${sql}  (int8) -> name text`,
    '// ---- stored\n//   visits  {string:u64}, by key',
  ]) {
    t.true(text.includes(line), `${line}\n${text}`);
  }
  t.deepEqual(
    list.filter((c) => c.kind !== 'service').map((c) => `${c.on} ${c.macro} ${c.kind} ${c.what}`),
    [
      'User @Test.table member find',
      'User @Test.table database postgres, default, schema example',
      'Example.visits @Test.persist codec visits: Map<string, u64>',
      'Example.visits @Test.persist initial visits',
      'Example.visits @Test.persist start ',
      'Example.get @Test.query call ',
      `Example.get @Test.query statement ${sql}`,
    ],
  );
});

test('the verb: text, JSON, features, and what cannot be shown', async (t) => {
  const project = new Project(t);
  project.write('accounts.cell.ts', TEXT);
  const shown = await project.cell('expand', 'accounts.cell.ts');
  t.is(shown.code, 0, shown.err);
  t.true(shown.out.includes('// @Retry.onFailure'));
  const off = await project.cell(
    ...['expand', 'accounts.cell.ts', '--json', '--features', 'retry=off,auth=off'],
  );
  const { ok, text, contributions } = JSON.parse(off.out);
  t.true(ok);
  t.false(text.includes('__cell_get'));
  t.false(contributions.some((c: { cell: string }) => c.cell === 'retry' || c.cell === 'auth'));
  project.write('wrong.cell.ts', TEXT.replace('role: "admin"', 'rol: "admin"'));
  const wrong = await project.cell('expand', 'wrong.cell.ts');
  t.is(wrong.code, 1);
  t.is(wrong.out, '');
  t.regex(wrong.err, /error CELL\d+: .*rol/);
  t.is((await project.cell('expand', 'nowhere.cell.ts')).code, 1);
  t.is((await project.cell('expand')).code, 2);
});
