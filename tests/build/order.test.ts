// Which service is built first: what order.ts reads from sources, and what make.ts does with cells
// of one project that need each other.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { Missing, Provider } from '../../build/3-negotiate/contract.ts';
import { make } from '../../build/make.ts';
import { ordered, outlineOf } from '../../build/order.ts';
import {
  contribution,
  description,
  FakeCell,
  FakeDiscovery,
  macro,
  plan,
  shape,
  spots,
} from './fake-cell.ts';
import { folderWith } from './folder.ts';

test('an outline names the cell, the cells that may answer, and those that are called', (t) => {
  const { folder, remove } = folderWith({
    'a.cell.ts': `
      import { helper, Far } from "./lib";
      // @Wrong.inComment and "@Wrong.inText"
      const text = "@Wrong.inText", other = \`@Wrong.inTemplate\`;
      @remote("ledger-two") export class Ledger {}
      @service({ pages: 8, name: "tax" })
      class TaxService {
        @RateLimit.throttle(5) @macro.round
        db: Docs.Connection;
        a(): void { const name: string = "not this"; Own.x(); Query.run<u32>(Far.y, Ledger.z()); }
      }
      class Later {}
      enum Own { x }`,
    'lib/index.ts': '@Search.index class Row {}',
    'plain.cell.ts': '@service class HTTPServer {}',
    'shown.cell.ts': '@service @macro.settings([{ name: "roles" }]) class Shown {}',
    'none.cell.ts': 'class Nothing {}',
  });
  const read = (name: string) => outlineOf(path.join(folder, name));
  const a = read('a.cell.ts');
  t.is(a.cell, 'tax');
  t.deepEqual([...a.macros].sort(), [
    'docs',
    'query',
    'rate-limit',
    'ratelimit',
    'search',
    'service',
  ]);
  t.deepEqual([...a.calls], ['ledger-two']);
  const file = path.join(folder, 'a.cell.ts');
  t.deepEqual(a.remotes, [{ cell: 'ledger-two', name: 'Ledger', file, exported: true }]);
  t.is(read('plain.cell.ts').cell, 'http-server');
  t.is(read('shown.cell.ts').cell, 'shown', 'only the name that @service gives');
  t.is(read('none.cell.ts').cell, '');
  t.is(read('missing.cell.ts').cell, '');
  remove();
});

test('what is needed comes first; cells that need each other are one group', (t) => {
  const outline = (cell: string, macros: string[], calls: string[] = []) => {
    const sets = { macros: new Set(macros), calls: new Set(calls) };
    return { file: `/${cell}`, cell, ...sets, remotes: [] };
  };
  const told = (all: ReturnType<typeof outline>[]) =>
    ordered(all).map((g) => `${g.files.map((f) => f.cell).join('+')}${g.mutual ? '!' : ''}`);
  const [a, b, c] = [outline('a', ['b']), outline('b', ['x'], ['c']), outline('c', ['service'])];
  t.deepEqual(told([a, b, c]), ['c', 'b', 'a']);
  t.deepEqual(told([c, b, a]), ['c', 'b', 'a']);
  t.deepEqual(told([outline('p', ['q']), outline('q', [], ['p']), a, b, c]), [
    'p+q!',
    'c',
    'b',
    'a',
  ]);
  t.deepEqual(told([outline('self', ['self'])]), ['self!']);
  t.deepEqual(told([]), []);
});

test('any graph: every group comes after what it needs (seeded)', (t) => {
  const seed = Date.now() % 1_000_000;
  t.log(`seed ${seed}`);
  let state = seed;
  const next = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  for (let round = 0; round < 200; round++) {
    const size = 1 + next(9);
    const all = Array.from({ length: size }, (_, i) => {
      const needs = Array.from({ length: next(4) }, () => `c${next(size)}`);
      const sets = { macros: new Set(needs), calls: new Set<string>() };
      return { file: `/${i}`, cell: `c${i}`, ...sets, remotes: [] };
    });
    const done = new Set<string>();
    const groups = ordered(all);
    t.is(groups.flatMap((g) => g.files).length, size);
    for (const { files } of groups) {
      for (const { cell } of files) done.add(cell);
      for (const one of files) for (const need of one.macros) t.true(done.has(need));
    }
  }
});

/** A macro cell of this project: it answers once its module stands in `.cell/out`. */
class Own extends FakeDiscovery {
  readonly #cwd: string;

  constructor(cwd: string, cells: string[]) {
    const touch = [macro('touch')];
    super(
      Object.fromEntries(
        cells.map((ns) => {
          const answer = new FakeCell(ns.toLowerCase(), description(ns, touch), (request) =>
            plan({
              contributions: spots(request, ns).map(({ at }) =>
                contribution('policy', at, { name: 'scopes', values: [`${ns}:touched`] }),
              ),
            }),
          );
          return [ns, answer];
        }),
      ),
    );
    this.#cwd = cwd;
  }

  override async find(ns: string): Promise<Provider | Missing> {
    const cell = ns.toLowerCase();
    if (ns === '' || fs.existsSync(path.join(this.#cwd, '.cell/out', `${cell}.wasm`))) {
      return super.find(ns);
    }
    return { missing: true, cell, tried: ['this project: not built'], fix: 'build it' };
  }
}

const USES = (name: string, of: string) =>
  `@service class ${name} { ${of === '' ? '' : `@${of}.touch`} hi(): u32 { return 1; } }`;

function project(files: Record<string, string>, cells: string[]) {
  const { folder: cwd, remove } = folderWith(files);
  const run = (names: string[] = []) =>
    make({ files: names, cwd, discover: () => new Own(cwd, cells) });
  const scopes = (cell: string) =>
    JSON.parse(fs.readFileSync(path.join(cwd, `.cell/out/${cell}.schema.json`), 'utf8')).methods[0]
      .access.scopes;
  return { cwd, remove, run, scopes };
}

test('a cell whose macros are used is built first, also when only its user is named', async (t) => {
  const p = project({ 'app.cell.ts': USES('App', 'Money'), 'money.cell.ts': USES('Money', '') }, [
    'Money',
  ]);
  const made = await p.run(['app.cell.ts']);
  t.deepEqual(
    made.map((m) => [m.file, m.summary?.cell, m.cached]),
    [
      ['app.cell.ts', 'app', false],
      ['money.cell.ts', 'money', false],
    ],
  );
  t.deepEqual(p.scopes('app'), ['Money:touched']);
  t.deepEqual(
    (await p.run()).map((m) => m.cached),
    [true, true],
  );
  p.remove();
});

test('cells that need each other, and others answer for both: they are asked', async (t) => {
  const files = { 'ping.cell.ts': USES('Ping', 'Pong'), 'pong.cell.ts': USES('Pong', 'Ping') };
  const { folder: cwd, remove } = folderWith(files);
  const touch = [macro('touch')];
  const cells = {
    Ping: new FakeCell('ping', description('Ping', touch)),
    Pong: new FakeCell('pong', description('Pong', touch)),
  };
  const made = await make({ files: [], cwd, discover: () => new FakeDiscovery(cells) });
  t.deepEqual(
    made.map((m) => [m.summary?.cell, m.findings.length]),
    [
      ['ping', 0],
      ['pong', 0],
    ],
  );
  remove();
});

test('CELL6004: what a cell needs was not built', async (t) => {
  const p = project(
    { 'app.cell.ts': USES('App', 'Money'), 'money.cell.ts': '@service class Money { x(): y {} }' },
    ['Money'],
  );
  const [app, money] = await p.run();
  t.is(money.summary, null);
  t.is(app.summary, null);
  t.deepEqual(
    app.findings.map((f) => [f.code, f.message]),
    [['CELL6004', 'it needs the cell `money`, and money.cell.ts was not built']],
  );
  p.remove();
});

test('a second file for a cell that was built stops nobody who needs it', async (t) => {
  const money = USES('Money', '');
  const p = project(
    { 'app.cell.ts': USES('App', 'Money'), 'money.cell.ts': money, 'old/money.cell.ts': money },
    ['Money'],
  );
  const made = await p.run();
  t.deepEqual(
    made.map((m) => [m.file, m.findings.map((f) => f.code)]),
    [
      ['app.cell.ts', []],
      ['money.cell.ts', []],
      ['old/money.cell.ts', ['CELL6001']],
    ],
  );
  p.remove();
});

test('CELL6003: cells that need each other, and nothing to begin with', async (t) => {
  const p = project(
    { 'ping.cell.ts': USES('Ping', 'Pong'), 'pong.cell.ts': USES('Pong', 'Ping') },
    ['Ping', 'Pong'],
  );
  const made = await p.run();
  t.deepEqual(
    made.map((m) => m.findings.map((f) => `${f.code} ${f.message}`)),
    [
      ['CELL6003 `ping` waits for `pong`, which waits for it: ping -> pong -> ping'],
      ['CELL6003 `pong` waits for `ping`, which waits for it: ping -> pong -> ping'],
    ],
  );
  t.regex(made[0].findings[0].fix, /take what `pong` brings out of `ping`/);
  p.remove();
});

test('cells that need each other build from clean by their published answers', async (t) => {
  const ping = USES('Ping', 'Pong');
  const p = project({ 'ping.cell.ts': USES('Ping', ''), 'pong.cell.ts': USES('Pong', 'Ping') }, [
    'Ping',
    'Pong',
  ]);
  // As the fix says: without, then with.
  t.true((await p.run()).every((m) => m.summary !== null));
  fs.writeFileSync(path.join(p.cwd, 'ping.cell.ts'), ping);
  t.true((await p.run()).every((m) => m.summary !== null));
  t.deepEqual([p.scopes('ping'), p.scopes('pong')], [['Pong:touched'], ['Ping:touched']]);
  const out = (cell: string) => fs.readFileSync(path.join(p.cwd, `.cell/out/${cell}.wasm`));
  const before = [out('ping'), out('pong')];
  // A fresh clone: only what is committed.
  fs.rmSync(path.join(p.cwd, '.cell/out'), { recursive: true });
  const made = await p.run();
  t.true(made.every((m) => m.summary !== null));
  t.deepEqual(
    made.flatMap((m) => m.changes),
    [],
  );
  t.deepEqual([out('ping'), out('pong')], before);
  p.remove();
});

test('a cell that somebody else answers for is not built for its users', async (t) => {
  const { folder: cwd, remove } = folderWith({
    'app.cell.ts': USES('App', 'RateLimit'),
    'far/ratelimit.cell.ts': '@service({ name: "ratelimit" }) class RateLimit {}',
  });
  const cell = new FakeCell('ratelimit', description('RateLimit', [macro('touch')]));
  const discover = () => new FakeDiscovery({ RateLimit: cell });
  const made = await make({ files: ['app.cell.ts'], cwd, discover });
  t.deepEqual(
    made.map((m) => [m.file, m.findings]),
    [['app.cell.ts', []]],
  );
  remove();
});

/** Cells of this project are called by what they were built to. */
class Neighbours extends FakeDiscovery {
  readonly #cwd: string;

  constructor(cwd: string) {
    super({});
    this.#cwd = cwd;
    const remote = new FakeCell('service', description('', REMOTE), (request) =>
      plan({
        contributions: spots(request, '').map(({ at, use, site }) =>
          use.name === 'remote'
            ? contribution('remote', at, { name: site.declaration.name, text: use.args[0].text })
            : contribution('service', at, { numbers: [0, 0, 0] }),
        ),
      }),
    );
    this.find = async (ns) => (ns === '' ? remote : super.find(ns));
  }

  override async remote(cell: string) {
    const file = path.join(this.#cwd, `.cell/out/${cell}.schema.json`);
    if (!fs.existsSync(file)) return null;
    return { schema: JSON.parse(fs.readFileSync(file, 'utf8')), from: 'this project' };
  }
}

const REMOTE = [
  macro('service', { on: ['service'] }),
  macro('remote', { on: ['class'], args: [shape('string')] }),
];

test('a called cell is built first; cells that call each other build from clean', async (t) => {
  const calls = (name: string, of: string) =>
    `@remote("${of.toLowerCase()}") class ${of} {}
     @service class ${name} { n(): u32 { return ${of}.n(); } }`;
  const { folder: cwd, remove } = folderWith({
    'aa.cell.ts': calls('Aa', 'Bb'),
    'bb.cell.ts': '@service class Bb { n(): u32 { return 1; } }',
  });
  const run = (files: string[] = []) =>
    make({ files, cwd, discover: () => new Neighbours(cwd), locked: false });
  const codes = (made: Awaited<ReturnType<typeof run>>) =>
    made.flatMap((m) => m.findings.map((f) => `${f.code} ${f.message}`));
  const first = await run(['aa.cell.ts']);
  t.deepEqual(codes(first), []);
  t.deepEqual(
    first.map((m) => m.file),
    ['aa.cell.ts', 'bb.cell.ts'],
  );
  fs.writeFileSync(path.join(cwd, 'bb.cell.ts'), calls('Bb', 'Aa'));
  t.deepEqual(codes(await run()), []);
  fs.rmSync(path.join(cwd, '.cell/out'), { recursive: true });
  t.deepEqual(codes(await run()), []);
  t.deepEqual(
    codes(await make({ files: [], cwd, offline: true, locked: true, discover: none })),
    [],
  );
  fs.rmSync(path.join(cwd, '.cell'), { recursive: true });
  t.deepEqual(codes(await run()), [
    'CELL6003 `aa` waits for `bb`, which waits for it: aa -> bb -> aa',
    'CELL6003 `bb` waits for `aa`, which waits for it: aa -> bb -> aa',
  ]);
  remove();
});

const none = () => {
  throw new Error('offline asks nobody');
};
