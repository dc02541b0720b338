// What macros add beside layers: fields, methods, handlers, ambient names, names of the SDK. And
// what they get wrong: told at the decorator, with the macro, its cell and the code, never as asc's
// bare complaint.
import test from 'ava';
import { ADDED_BYTES } from '../../build/4-emit/additions.ts';
import { printFinding } from '../../build/diagnostics/findings.ts';
import { link } from './linked.ts';
import { type Answer, type Answers, builtWith, type Gives, madeWith } from './macros.ts';

test('fields, methods, handlers, ambient names and imports', async (t) => {
  const answers: Answers = {
    counted: {
      on: ['class', 'service'],
      gives: [
        { kind: 'field', name: 'hits', type: 'Map<string, u32>', text: 'new Map<string, u32>()' },
        {
          kind: 'method',
          name: 'hit',
          text: `/** Counts. */
            private hit(key: string): u32 {
              const n = this.hits.has(key) ? this.hits.get(key) : 0;
              this.hits.set(key, n + 1); // one more
              return n + 1;
            }`,
        },
        {
          kind: 'handler',
          name: 'hitsOf',
          text: `/** How often. */ hitsOf(key: string, since: Instant): Hit {
              const h = new Hit();
              h.n = this.hits.has(key) ? this.hits.get(key) : 0;
              h.at = since;
              return h;
            }`,
        },
        { kind: 'parameter', name: 'service', type: 'string', text: '"the service"' },
      ],
    },
    count: {
      stage: 'transact',
      gives: [
        { kind: 'wrap', text: 'this.hit("get"); $proceed;' },
        { kind: 'parameter', name: 'who', type: 'string', text: 'Session.subject + id.toString()' },
        { kind: 'parameter', name: 'unused', type: 'u32', text: 'fail<u32>(Status.INTERNAL, "")' },
        { kind: 'import', text: 'random', values: ['randomBits'] },
      ],
    },
  };
  const text = `class Hit { n: u32 = 0; at: Instant = new Instant(); }
    @Test.counted @service class Example {
      @Test.count get(id: u32): string { return who + service; }
      plain(): string { return service; }
      bits(): bool { return randomBits() != randomBits(); }
      through(id: u32): string { return this.get(id); }
    }`;
  const built = await builtWith(text, answers);
  t.true(built.manifest.actor, 'a field makes an actor');
  t.deepEqual(
    built.schema.methods.map((m) => m.name),
    ['get', 'plain', 'bits', 'through', 'hitsOf'],
  );
  t.is(built.schema.methods[4].doc, 'How often.');
  t.is(built.schema.methods[4].canonical, 'example.hitsOf(string,instant)->(n:u32,at:instant)');
  const cell = await link(built);
  cell.caller('ada\0\0');
  t.deepEqual(cell.call('get', 7), { value: 'ada7the service' });
  t.deepEqual(cell.call('through', 8), { value: 'ada8the service' });
  t.deepEqual(cell.call('plain'), { value: 'the service' });
  t.deepEqual(cell.call('hitsOf', 'get', 5n), { value: { n: 2, at: 5n } });
  t.deepEqual(cell.call('bits'), { value: true });
});

test('what stands on the class holds for every handler that does not say it itself', async (t) => {
  const answers: Answers = {
    big: {
      stage: 'validate',
      gives: [{ kind: 'guard', text: 'Session.subject.length > 2', status: 7, type: 'who?' }],
    },
    open: { stage: 'validate', gives: [] },
  };
  const text = `@Test.big @service class Example {
    one(): u32 { return 1; }
    two(): u32 { return this.one() + 1; }
    start(): void {}
  }`;
  const cell = await link(await builtWith(text, answers));
  cell.caller('me\0\0');
  t.like(cell.call('one'), { status: 7, message: 'who?' });
  cell.caller('you\0\0');
  t.deepEqual(cell.call('two'), { value: 2 });
});

test('a macro may add to a class that is no service', async (t) => {
  const answers: Answers = {
    table: {
      on: ['class'],
      gives: [
        { kind: 'field', name: 'version', type: 'u32', text: '3' },
        { kind: 'method', name: 'label', text: 'private label(): string { return this.name; }' },
      ],
    },
  };
  const files = {
    'example.cell.ts': `import { User } from "./lib/user";
      @service class Example { m(): u32 { return new User().shown(); } }`,
    'lib/user.ts': `@Test.table
      export class User {
        name: string = "ada";
        shown(): u32 { return this.version + this.label().length; }
      }`,
  };
  const built = await builtWith(files, answers);
  t.false(built.manifest.actor);
  t.deepEqual((await link(built)).call('m'), { value: 6 });
});

const USE = '@Test.it\n  get(id: u32, name: string): string { return name; }';

/** Findings of `@Test.it` giving these on a method, and their texts. */
async function told(gives: Gives, use = USE, before = '', stage = 'validate') {
  const text = `${before}@service class Example {\n  ${use}\n}`;
  const made = await madeWith(text, { it: { stage, gives } });
  if (made.compiled !== null) throw new Error('it was built');
  return made.findings;
}

test('CELL4060: code that does not parse', async (t) => {
  const bad: [Gives[number], RegExp][] = [
    [{ kind: 'guard', text: 'id >', status: 3 }, /Expression expected/],
    [{ kind: 'guard', text: '// nothing', status: 3 }, /./],
    [{ kind: 'guard', text: 'true) {} if (true', status: 3 }, /./],
    [{ kind: 'guard', text: 'id > 1; evil()', status: 3 }, /./],
    [{ kind: 'guard', text: '/*', status: 3 }, /./],
    [{ kind: 'wrap', text: '$proceed; }' }, /./],
    [{ kind: 'wrap', text: '} function evil(): void {' }, /not a list of statements/],
    [{ kind: 'wrap', text: 'for (;;' }, /./],
    [{ kind: 'parameter', name: 'x', type: 'u32 = 5; let y: u32', text: '1' }, /./],
    [{ kind: 'parameter', name: 'x', type: 'u32', text: '1, ' }, /./],
    [
      { kind: 'method', name: 'x', text: 'private x(): void {} private y(): void {}' },
      /one method/,
    ],
    [{ kind: 'method', name: 'x', text: 'private y(): void {}' }, /called `y`, not `x`/],
    [{ kind: 'method', name: 'x', text: 'private x(): void {} } class Y {' }, /one method/],
    [{ kind: 'method', name: 'x', text: '@Auth.public private x(): void {}' }, /decorators/],
    [{ kind: 'handler', name: 'x', text: 'x: u32 = 1;' }, /one method/],
    [{ kind: 'field', name: 'x', type: 'u32', text: '1; evil: u32 = 2' }, /./],
  ];
  for (const [gives, reason] of bad) {
    const [finding, ...more] = await told([gives]);
    const shown = JSON.stringify(gives);
    t.is(finding?.code, 'CELL4060', shown);
    t.is(more.length, 0, shown);
    t.regex(finding.message, reason, shown);
    t.true(finding.message.startsWith('the cell `test` answers `@Test.it` with code'), shown);
    t.deepEqual([finding.file, finding.line, finding.column], ['example.cell.ts', 2, 3], shown);
  }
});

test('what a terminal would obey is not in an error', async (t) => {
  const [finding] = await told([{ kind: 'guard', text: 'id > "\u001b[2J\u0007"', status: 3 }]);
  t.is(finding.code, 'CELL4061');
  t.notRegex(finding.message, /\p{Cc}/u);
});

test('CELL4061: code that does not compile', async (t) => {
  const bad: [Gives[number], RegExp, string?][] = [
    [{ kind: 'guard', text: 'idd > 1', status: 3 }, /`if \(!\(idd > 1\)\).*Cannot find name 'idd'/],
    [{ kind: 'guard', text: 'name > id', status: 3 }, /name > id/],
    [{ kind: 'guard', text: 'this.nothing()', status: 3 }, /nothing/],
    [{ kind: 'wrap', text: '$proceed; result = 5;' }, /result = 5;`/],
    [{ kind: 'wrap', text: '$proceed;\nnowhere();' }, /`nowhere\(\);`.*Cannot find name/, 'retry'],
    [{ kind: 'wrap', text: 'if ($attempt) { gone; }' }, /`if \(.*gone/, 'retry'],
    [{ kind: 'wrap', text: 'const id = 1; $proceed; id = 2;' }, /constant|assign/],
    [{ kind: 'field', name: 'x', type: 'u32', text: '"text"' }, /`x: u32 = "text";`/],
    [{ kind: 'field', name: 'x', type: 'Nowhere', text: 'new Nowhere()' }, /Nowhere/],
    [{ kind: 'handler', name: 'x', text: 'x(): u32 { return y; }' }, /Cannot find name 'y'/],
  ];
  for (const [gives, reason, stage] of bad) {
    const findings = await told([gives], USE, '', stage);
    const shown = JSON.stringify(gives);
    t.deepEqual([...new Set(findings.map((f) => f.code))], ['CELL4061'], shown);
    t.regex(findings[0].message, reason, shown);
    t.deepEqual([findings[0].line, findings[0].column], [2, 3], shown);
    t.notRegex(findings.map(printFinding).join(), /__cell\.ts|AS\d+|TS\d+/, shown);
  }
});

test('an import that no host gives is told at the decorator that brought it', async (t) => {
  const [finding, ...more] = await told([{ kind: 'wrap', text: 'console.log(name); $proceed;' }]);
  t.is(more.length, 0);
  t.is(finding.code, 'CELL5004');
  t.deepEqual([finding.line, finding.column], [2, 3]);
});

test("an error in the user's own text keeps its place behind what macros put in", async (t) => {
  const gives = [
    { kind: 'parameter', name: 'tenant', type: 'string', text: '"a"' },
    { kind: 'wrap', text: '$proceed;', stage: 'retry' },
  ];
  const use = '@Test.it\n  get(id: u32): string { return tenant; } two(): u32 { return nope; }';
  const findings = await told(gives, use);
  t.deepEqual(
    findings.map((f) => [f.code, f.line, f.column]),
    [['CELL5002', 3, use.split('\n')[1].indexOf('nope') + 1]],
  );
});

test('CELL4062: what has no place', async (t) => {
  const wrap = { kind: 'wrap', text: '$proceed;' };
  const guard = { kind: 'guard', text: 'true', status: 3 };
  const bad: [Gives[number], RegExp, string?][] = [
    [{ kind: 'guard', text: 'true', status: 3, type: 'no {nobody}' }, /\{nobody\}/],
    [{ kind: 'wrap', text: '$fail;' }, /never caught/],
    [{ kind: 'wrap', text: 'log.info("$proceed"); // $proceed' }, /neither calls what it stands/],
    [{ kind: 'wrap', text: 'log.info("x");' }, /neither calls what it stands/],
    [{ kind: 'method', name: 'x', text: 'x(): void {}' }, /not private/],
    [{ kind: 'handler', name: 'x', text: 'private x(): void {}' }, /not public/],
    [{ kind: 'handler', name: 'x', text: 'x(n: u32 = 1): void {}' }, /`n` has a default/],
    [wrap, /no plain method/, '@Test.it constructor() {} m(): void {}'],
    [wrap, /no plain method/, '@Test.it private get x(): u32 { return 1; } m(): void {}'],
    [wrap, /has type parameters/, '@Test.it private x<T>(): u32 { return 1; } m(): void {}'],
    [guard, /has no body/, '@Test.it private x: u32 = 1; m(): void {}'],
    [wrap, /has no body/, 'm(): void {} } class Other { @Test.it x: u32 = 1;'],
  ];
  for (const [gives, reason, use] of bad) {
    const findings = await told([gives], use);
    const shown = JSON.stringify(gives);
    t.deepEqual(
      findings.map((f) => f.code),
      ['CELL4062'],
      shown,
    );
    t.regex(findings[0].message, reason, shown);
    t.is(findings[0].line, 2, shown);
  }
});

test('CELL4063: a name has one owner', async (t) => {
  const ambient = { kind: 'parameter', name: 'id', type: 'u32', text: '1' };
  const [finding, ...more] = await told([ambient]);
  t.is(more.length, 0);
  t.is(finding.code, 'CELL4063');
  t.is(finding.message, '`id` is brought by `@Test.it` and by the method `get`');
});

test('CELL4064: one megabyte of code, and not one byte more', async (t) => {
  const half = ADDED_BYTES / 2;
  const guard = (bytes: number): Answer => ({
    stage: 'validate',
    gives: [{ kind: 'guard', text: `true${' '.repeat(bytes - 4)}`, status: 3 }],
  });
  const text = `@service class Example {\n  @Other.it ${USE}\n}`;
  const codes = async (bytes: number) => {
    const answers = { it: guard(half), 'Other.it': guard(bytes) };
    return (await madeWith(text, answers, { compile: false })).findings;
  };
  t.deepEqual(await codes(half), []);
  const [finding, ...more] = await codes(half + 1);
  t.is(more.length, 0);
  t.is(finding.code, 'CELL4064');
  t.true(finding.message.includes(`${ADDED_BYTES + 1} bytes`) && finding.fix.includes('@Other.it'));
});
