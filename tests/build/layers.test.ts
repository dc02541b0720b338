// What macros put around a method holds for every type of result, for actors and stateless cells,
// at the boundary and around the method itself, and for methods that fail.
import test from 'ava';
import { link } from './linked.ts';
import { type Answers, builtWith } from './macros.ts';

/** Type of the result -> a value of it, in AssemblyScript and as a client sees it. */
const RESULTS: Record<string, [string, unknown]> = {
  bool: ['true', true],
  u32: ['7', 7],
  i64: ['-9', -9n],
  f64: ['1.5', 1.5],
  string: ['"text"', 'text'],
  'string | null': ['null', null],
  Row: ['row()', { id: 4, name: 'row' }],
  'Row[]': ['[row()]', [{ id: 4, name: 'row' }]],
  'Map<string, u32>': ['counts()', new Map([['a', 1]])],
  Color: ['Color.Green', 1],
  Instant: ['new Instant(12)', 12n],
  Uuid: ['new Uuid(0, 1)', '00000000-0000-0000-0000-000000000001'],
  void: ['', undefined],
};

const HEAD = `
class Row { id: u32 = 0; name: string = ""; }
enum Color { Red, Green }
function row(): Row { const r = new Row(); r.id = 4; r.name = "row"; return r; }
function counts(): Map<string, u32> { const m = new Map<string, u32>(); m.set("a", 1); return m; }
`;

/** A method of each type: it fails unless \`tries\` has come to \`n\`. */
function methods(decorators: string, count: string): string {
  return Object.entries(RESULTS)
    .map(([type, [value]], i) => {
      const refuse = type === 'void' ? 'fail<void>' : `return fail<${type}>`;
      const give = type === 'void' ? '' : `return ${value};`;
      return `${decorators} m${i}(n: u32, why: string): ${type} {
        if (${count} < n) { ${refuse}(Status.UNAVAILABLE, why); } ${give} }`;
    })
    .join('\n');
}

const RETRY = `for (let tries = 1; ; tries++) {
  if ($attempt == 0) break;
  if (tries == 3) { $fail; }
}`;

const AGAIN: Answers = {
  retry: { stage: 'retry', gives: [{ kind: 'wrap', text: RETRY }] },
  boundary: { stage: 'cache', gives: [{ kind: 'wrap', text: RETRY }] },
  both: {
    stage: 'transact',
    gives: [
      { kind: 'wrap', text: 'if (n > 90) { $proceed; } else { $attempt == 0; $proceed; }' },
      { kind: 'wrap', stage: 'limit', text: '$proceed;' },
      { kind: 'guard', stage: 'validate', text: 'n < 80', status: 3, type: '{n} is too much' },
    ],
  },
};

const ACTOR = `${HEAD}
@service class Example { private made: u32 = 0;
  ${methods('@Test.retry', '++this.made')}
  reset(): void { this.made = 0; }
}`;

test.serial('a wrap that catches: every type of result, an actor', async (t) => {
  const cell = await link(await builtWith(ACTOR, AGAIN));
  for (const [i, [type, [, value]]] of Object.entries(RESULTS).entries()) {
    cell.call('reset');
    t.deepEqual(cell.call(`m${i}`, 3, 'not yet'), { value }, `${type} after three tries`);
    cell.call('reset');
    const failed = cell.call(`m${i}`, 4, `why ${type}`);
    t.deepEqual(failed, { status: 14, message: `why ${type}`, type: null, details: null }, type);
  }
});

test.serial('the same at the boundary, where nothing else sees it', async (t) => {
  const text = ACTOR.replaceAll('@Test.retry', '@Test.boundary');
  const cell = await link(await builtWith(text, AGAIN));
  for (const [i, [type, [, value]]] of Object.entries(RESULTS).entries()) {
    cell.call('reset');
    t.deepEqual(cell.call(`m${i}`, 3, 'not yet'), { value }, type);
    cell.call('reset');
    t.like(cell.call(`m${i}`, 4, 'why'), { status: 14, message: 'why' }, type);
  }
});

test.serial('wraps and guards in several stages, a stateless cell', async (t) => {
  const text = `${HEAD} @service class Example { ${methods('@Test.both', '<u32>50')} }`;
  const built = await builtWith(text, AGAIN);
  t.false(built.manifest.actor);
  const cell = await link(built);
  for (const [i, [type, [, value]]] of Object.entries(RESULTS).entries()) {
    t.deepEqual(cell.call(`m${i}`, 1, ''), { value }, type);
    t.like(cell.call(`m${i}`, 60, 'why'), { status: 14, message: 'why' }, type);
    t.like(cell.call(`m${i}`, 80, ''), { status: 3, message: '80 is too much' }, type);
  }
});

test.serial('a failure passes with its details; a trap is caught by nobody', async (t) => {
  const text = `class Left { left: u32 = 0; }
    @service class Example {
      @Test.retry take(n: u32): u32 {
        if (n == 9) throw new Error("nine");
        const left = new Left(); left.left = n;
        return fail<u32>(Status.RESOURCE_EXHAUSTED, "none", details<Left>(left));
      }
    }`;
  const cell = await link(await builtWith(text, AGAIN));
  const failed = cell.call('take', 5);
  t.like(failed, { status: 8, message: 'none', type: 'Left' });
  t.true('details' in failed && failed.details !== null);
  t.throws(() => cell.call('take', 9), { any: true });
});

test.serial(
  'methods call each other as written: around the method, not at the boundary',
  async (t) => {
    const text = `@service class Example { private n: u32 = 0;
    @Test.twice @Test.outer count(): u32 { return ++this.n; }
    through(): u32 { return this.count(); }
    @Test.twice private hidden(): u32 { return ++this.n; }
    private(): u32 { return this.hidden(); }
    @Test.twice static fixed(n: u32): u32 { return n + 1; }
    statically(): u32 { return Example.fixed(4); }
  }`;
    const answers: Answers = {
      twice: { stage: 'transact', gives: [{ kind: 'wrap', text: '$proceed; $proceed;' }] },
      outer: { stage: 'cache', gives: [{ kind: 'wrap', text: '$proceed; result += 100;' }] },
    };
    const cell = await link(await builtWith(text.replace('private():', 'secret():'), answers));
    t.deepEqual(cell.call('count'), { value: 102 });
    t.deepEqual(cell.call('through'), { value: 4 });
    t.deepEqual(cell.call('secret'), { value: 6 });
    t.deepEqual(cell.call('statically'), { value: 5 });
  },
);

test.serial('no name clashes: parameters, locals of several wraps, names of the SDK', async (t) => {
  const answers: Answers = {
    a: {
      stage: 'retry',
      gives: [
        { kind: 'wrap', text: 'let tries = 1; const id = 5; $proceed; result += tries + id;' },
      ],
    },
    b: {
      stage: 'transact',
      gives: [
        {
          kind: 'wrap',
          text: `let tries = 10; const attempt = $attempt; if (attempt != 0) { $fail; }
            result += tries;`,
        },
      ],
    },
    c: {
      stage: 'cache',
      gives: [
        {
          kind: 'wrap',
          text: 'const fail = 1000; const service = 0; $proceed; result += fail + service;',
        },
        {
          kind: 'guard',
          text: 'Session.subject.length >= 0 && self > 0',
          status: 7,
          type: '{self}',
        },
      ],
    },
  };
  const text = `class Session { fake: u32 = 3; }
    @service class Example {
      @Test.a @Test.b @Test.c
      sum(id: u32, tries: u32, result: u32, task: u32, self: u32, fail: u32): u32 {
        return id + tries + result + task + self + fail + new Session().fake;
      }
    }`;
  const cell = await link(await builtWith(text, answers));
  t.deepEqual(cell.call('sum', 1, 2, 3, 4, 5, 6), { value: 21 + 3 + 10 + 6 + 1000 });
  t.like(cell.call('sum', 1, 2, 3, 4, 0, 6), { status: 7, message: '0' });
});

test.serial('a wrap may return early, and must leave a result', async (t) => {
  const answers: Answers = {
    early: {
      stage: 'cache',
      gives: [{ kind: 'wrap', text: 'if (n == 1) return "one"; $proceed;' }],
    },
    none: { stage: 'cache', gives: [{ kind: 'wrap', text: 'if (n == 1) { $proceed; }' }] },
    quiet: { stage: 'cache', gives: [{ kind: 'wrap', text: 'if (n == 1) return; $proceed;' }] },
  };
  const text = `@service class Example { private n: u32 = 0;
    @Test.early early(n: u32): string { return "body"; }
    @Test.none none(n: u32): string { return "body"; }
    @Test.none number(n: u32): u32 { return 8; }
    @Test.quiet quiet(n: u32): void { this.n += 1; }
    count(): u32 { return this.n; }
  }`;
  const cell = await link(await builtWith(text, answers));
  t.deepEqual(cell.call('early', 1), { value: 'one' });
  t.deepEqual(cell.call('early', 2), { value: 'body' });
  t.deepEqual(cell.call('none', 1), { value: 'body' });
  t.deepEqual([cell.call('number', 1), cell.call('number', 2)], [{ value: 8 }, { value: 0 }]);
  cell.call('quiet', 1);
  cell.call('quiet', 2);
  t.deepEqual(cell.call('count'), { value: 1 });
  t.throws(() => cell.call('none', 2), { any: true });
});

test.serial("builtins and generated names may be the user's words", async (t) => {
  const text = `// __cell __cell2
    function load(id: u32): u32 { return id + 1; }
    function store(id: u32): u32 { return id + 2; }
    function changetype2(): u32 { return 1; }
    class Kept { n: u32 = 0; }
    @service class Example { private tries: u32 = 0;
      @Test.retry put(store: u32, load: u32, task: string, attempt: u32): u32 {
        return store + load;
      }
      @Test.retry get(id: u32, n: u32 = 5): u32 { return load(id) + store(n); }
      @Test.retry private optional(id: u32, n: u32 = 5, k: Kept | null = null): u32 {
        return id + n;
      }
      calls(): u32 { return this.optional(1) + this.optional(1, 2); }
      @Test.retry private loaded(fn: (n: u32) => u32): u32 { return fn(4); }
      functions(): u32 { return this.loaded((n: u32): u32 => n * 2); }
    }`.replace('n: u32 = 5): u32 { return load', 'n: u32): u32 { return load');
  const cell = await link(await builtWith(text, AGAIN));
  t.deepEqual(cell.call('put', 1, 2, '', 3), { value: 3 });
  t.deepEqual(cell.call('get', 1, 2), { value: 6 });
  t.deepEqual(cell.call('calls'), { value: 9 });
  t.deepEqual(cell.call('functions'), { value: 8 });
});

test.serial('parameters of every kind go through tasks and guards as they are', async (t) => {
  const answers: Answers = {
    inner: {
      stage: 'retry',
      gives: [
        { kind: 'wrap', text: 'if ($attempt != 0) { $fail; }' },
        {
          kind: 'guard',
          stage: 'transact',
          text: 'c == 1 && i.micros == 9 && l.length == 1 && m.size == 1 && y.length == 2',
          status: 3,
          type: 'not {u}, not {d}',
        },
      ],
    },
    outer: { stage: 'cache', gives: [{ kind: 'wrap', text: 'if ($attempt != 0) { $fail; }' }] },
  };
  const params = `c: Color, u: Uuid, b: Box, i: Instant, l: Box[], m: Map<string, Box>,
    n: string | null, y: Uint8Array, d: Decimal, f: f32, s: i64`;
  const sum = `c.toString() + u.toString() + b.n.toString() + l[0].n.toString() +
    m.get("k").n.toString() + (n === null ? "none" : "some") + y[1].toString() + d.toString() +
    f.toString() + s.toString()`;
  const text = `enum Color { Red, Green } class Box { n: u32 = 0; }
    @service class Example {
      @Test.inner @Test.outer all(${params}): string { return ${sum}; }
    }`;
  const cell = await link(await builtWith(text, answers));
  const uuid = '00000000-0000-0000-0000-000000000007';
  const rest = [{ n: 4 }, 9n, [{ n: 5 }], new Map([['k', { n: 6 }]]), null, Uint8Array.of(1, 2)];
  const args = [...rest, '3.25', 0.5, -8n];
  t.deepEqual(cell.call('all', 1, uuid, ...args), { value: `1${uuid}456none23.250.5-8` });
  t.like(cell.call('all', 0, uuid, ...args), { status: 3, message: `not ${uuid}, not 3.25` });
});
