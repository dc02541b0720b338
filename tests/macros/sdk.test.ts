// What a macro author writes against: typed reading of arguments, what a spot knows of its
// neighbours, and that everything it says arrives in the plan.
import test from 'ava';
import type { Plan } from '../../build/2-discover/protocol.ts';
import { compiled } from '../build/project.ts';
import {
  Code,
  declaration,
  type InProcess,
  inProcess,
  literal,
  request,
  site,
  use,
} from './in-process.ts';

const PROBE = `
/** Reads and says everything. */
@service
class Probe {
  @macro({ on: ["method"] })
  private read(spot: Spot): void {
    const a = spot.args;
    this.told(spot, "count", a.count.toString());
    this.told(spot, "text", a.text("text", "none"));
    this.told(spot, "integer", a.integer("integer", -1).toString());
    this.told(spot, "number", a.number("number", -1).toString());
    this.told(spot, "bool", a.bool("bool").toString());
    this.told(spot, "duration", a.durationMs("duration", -7).toString());
    this.told(spot, "size", a.sizeBytes("size", -7).toString());
    this.told(spot, "texts", a.texts("texts").join("|"));
    this.told(spot, "deep", a.text("or.role", "none"));
    this.told(spot, "item", a.text("texts.1", "none"));
    this.told(spot, "first", a.text("0", "none"));
    this.told(spot, "keys", a.keys("or").join("|"));
    this.told(spot, "items", a.items("texts").length.toString());
    this.told(spot, "has", a.has("text").toString() + a.has("text.deeper").toString());
    this.told(spot, "where", a.where("or.role"));
    this.told(spot, "code", a.code("code"));
  }
  private told(spot: Spot, name: string, text: string): void {
    spot.contribute("told", name, text);
  }

  @macro({ on: ["method"], name: "sayAll" })
  private say(spot: Spot): void {
    spot.demandRole(["a", "b"]);
    spot.demandScopes(["s"]);
    spot.openToAll();
    spot.limitRate(5, 9);
    spot.limitRate(5, 9, false);
    spot.memoize(1000, 10, true, ["t:{id}"]);
    spot.forget(["t:{id}"]);
    spot.recordSpan("x", 0.5);
    spot.countCalls("n", ["k:v"]);
    spot.guard("id > 0", Status.OUT_OF_RANGE, "no {id}");
    spot.wrap("$proceed;", "validate");
    spot.parameter("who", "string", "Session.subject");
    spot.field("seen", "u32", "0");
    spot.method("helper", "private helper(): void {}");
    spot.handler("ping", "ping(): void {}");
    spot.member("insert", "insert(): void {}");
    spot.call("function $name(): void {}");
    spot.initial("1 + 1");
    spot.start("this.get(1);");
    spot.importNames("retry", ["retryAgain"]);
    spot.macro("again", "{}");
    spot.error("bad", "mend", "0");
    spot.warn("odd");
    spot.warn("this one", "", ".age");
    spot.complainAt("here", "so", "0", 7, 3);
    spot.warnAt("there", "", "", 0, 1);
    spot.provide("User", "columns", ["id"]);
    spot.provide("User", "columns", ["id", "name"]);
    spot.before("Auth.require");
    spot.after("Cache.memoize");
    spot.effect("table users", "create table users", "sql");
    spot.effect("table users", "again");
  }

  @macro({ on: ["method"] })
  private know(spot: Spot): void {
    const known = spot.ask("postgres", "User", "columns");
    spot.contribute("told", "known", known ? known.join("|") : "null");
    spot.contribute("told", "path", spot.path + " " + spot.macroName + " " + spot.profile);
    spot.contribute("told", "neighbour", (spot.neighbour("Auth.require") != null).toString()
      + (spot.neighbour("Auth.public") != null).toString()
      + (spot.ownerUse("service") != null).toString());
    const id = spot.parameterNamed("id");
    const other = spot.parameterNamed("nope") != null;
    spot.contribute("told", "parameter", (id ? id.type : "none") + other.toString());
    spot.contribute("told", "setting", spot.settings.texts("roles").join("|"));
  }

  @macro({ on: ["method"] })
  private text(spot: Spot): void {
    spot.contribute("told", "quoted", quote(spot.args.text("0")));
    spot.contribute("told", "all", quoteAll(spot.args.texts("1")));
    spot.contribute("told", "expression", spot.expression(spot.args.text("2")));
  }

  @macro.round
  private settle(planning: Planning): void {
    planning.provide("round", planning.round.toString(), [
      planning.spots.length.toString(), planning.spotsOf("read").length.toString(),
      planning.sites.length.toString(), planning.isLast.toString(),
    ]);
  }
}`;

let probe: InProcess;
test.before(async () => {
  probe = await inProcess(await compiled(PROBE));
});

const told = (plan: Plan): Record<string, string> =>
  Object.fromEntries(plan.contributions.map((c) => [c.name, c.text]));

test('arguments are read as what they are', async (t) => {
  const plan = await probe.planOf('Probe.read', {
    ...{ text: 'x', integer: 7, number: 1.5, bool: true, duration: '5m', size: '64KB' },
    ...{ texts: ['a', 'b', 3], or: { role: 'admin', x: 1 }, code: new Code('1 + x') },
  });
  t.deepEqual(told(plan), {
    ...{ count: '1', text: 'x', integer: '7', number: '1.5', bool: 'true', duration: '300000' },
    ...{ size: '65536', texts: 'a|b', deep: 'admin', item: 'b', first: 'none', keys: 'role|x' },
    ...{ items: '3', has: 'truefalse', where: '0.or.role', code: '1 + x' },
  });
});

test('what is not there, or of another kind, reads as the default', async (t) => {
  const nothing = {
    ...{ text: 'none', integer: '-1', number: '-1.0', bool: 'false', duration: '-7', size: '-7' },
    ...{ texts: '', deep: 'none', item: 'none', keys: '', items: '0', has: 'falsefalse' },
    code: '',
  };
  const wrong = {
    ...{ text: 1, integer: 1.5, number: 'x', bool: 'true', duration: '5 min', size: '1TB' },
    ...{ texts: { a: 1 }, or: ['role'], code: 'text' },
  };
  t.deepEqual(told(await probe.planOf('Probe.read')), {
    ...{ ...nothing, count: '0', first: 'none', where: '' },
  });
  t.deepEqual(told(await probe.planOf('Probe.read', wrong)), {
    ...{ ...nothing, count: '1', first: 'none', where: '0.or.role', has: 'truefalse' },
  });
  const found = told(await probe.planOf('Probe.read', 'name', null, { text: 'x' }));
  t.deepEqual([found.first, found.text, found.count, found.where], ['name', 'x', '3', '2.or.role']);
});

for (const [text, ms] of [
  ...[
    ['250ms', 250],
    ['30s', 30_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ],
  ...[
    ['999999999d', 999_999_999 * 86_400_000],
    ['1000000000s', -7],
    ['', -7],
    ['ms', -7],
  ],
  ...[
    ['1.5s', -7],
    ['-1s', -7],
    ['1S', -7],
    ['1s ', -7],
    [' 1s', -7],
  ],
] as [string, number][]) {
  test(`the duration ${JSON.stringify(text)} is ${ms} ms`, async (t) => {
    t.is(told(await probe.planOf('Probe.read', { duration: text })).duration, String(ms));
  });
}

for (const [written, bytes] of [
  ...[
    ['512B', 512],
    ['1MB', 1 << 20],
    ['2GB', 2 ** 31],
    [65536, 65536],
    [0, 0],
    [-1, -7],
  ],
  ...[
    ['1kb', -7],
    ['KB', -7],
    ['1', -7],
  ],
] as [string | number, number][]) {
  test(`the size ${JSON.stringify(written)} is ${bytes} bytes`, async (t) => {
    t.is(told(await probe.planOf('Probe.read', { size: written })).size, String(bytes));
  });
}

const SAID = [
  ['policy', 'roles', '', ['a', 'b'], []],
  ['policy', 'scopes', '', ['s'], []],
  ['policy', 'public', '', [], []],
  ['policy', 'rate', '', ['subject'], [5, 9]],
  ['policy', 'rate', '', ['method'], [5, 9]],
  ['policy', 'memo', '', ['shared', 't:{id}'], [1000, 10]],
  ['policy', 'forget', '', ['t:{id}'], []],
  ['policy', 'span', 'x', [], [0.5]],
  ['policy', 'counter', 'n', ['k:v'], []],
  ['guard', '', 'id > 0', [], []],
  ['wrap', '', '$proceed;', [], []],
  ['parameter', 'who', 'Session.subject', [], []],
  ['field', 'seen', '0', [], []],
  ['method', 'helper', 'private helper(): void {}', [], []],
  ['handler', 'ping', 'ping(): void {}', [], []],
  ['member', 'insert', 'insert(): void {}', [], []],
  ['call', '', 'function $name(): void {}', [], []],
  ['initial', 'get', '1 + 1', [], []],
  ['start', '', 'this.get(1);', [], []],
  ['import', '', 'retry', ['retryAgain'], []],
  ['macro', 'again', '{}', [], []],
];

test('everything that a spot says is in the plan', async (t) => {
  const plan = await probe.plan(request([site([use('Probe.know'), use('Probe.sayAll')], {}, 4)]));
  t.deepEqual(
    plan.contributions.filter((c) => c.site !== 4),
    [],
  );
  const said = plan.contributions.filter((c) => c.use === 1);
  t.deepEqual(
    said.map(({ kind, name, text, values, numbers }) => [kind, name, text, values, numbers]),
    SAID,
  );
  const guard = said.find((c) => c.kind === 'guard');
  t.deepEqual([guard?.status, guard?.type], [11, 'no {id}']);
  t.is(said.find((c) => c.kind === 'wrap')?.stage, 'validate');
  t.deepEqual(
    said.filter((c) => c.type !== '').map((c) => [c.kind, c.type]),
    [
      ['guard', 'no {id}'],
      ['parameter', 'string'],
      ['field', 'u32'],
      ['macro', 'macro'],
    ],
  );
  const whole = { site: 4, use: 1, path: '', offset: -1, length: 0 };
  t.deepEqual(plan.complaints, [
    { ...whole, message: 'bad', fix: 'mend', warning: false },
    { ...whole, message: 'odd', fix: '', warning: true },
    { ...whole, path: '.age', message: 'this one', fix: '', warning: true },
    { ...whole, message: 'here', fix: 'so', warning: false, offset: 7, length: 3 },
    { ...whole, message: 'there', fix: '', warning: true, offset: 0, length: 1 },
  ]);
  t.deepEqual(plan.facts[0], { about: 'User', key: 'columns', values: ['id', 'name'], cell: '' });
  t.deepEqual(
    plan.orders.map((order) => Object.values(order)),
    [
      [4, 'Probe.sayAll', 'Auth.require'],
      [4, 'Cache.memoize', 'Probe.sayAll'],
    ],
  );
  t.deepEqual(plan.effects, [
    {
      ...{ key: 'table users', preview: 'create table users', data: 'sql', destructive: false },
      ...{ site: 4, use: 1 },
    },
  ]);
});

test('a spot knows its neighbours, its settings and what others answered', async (t) => {
  const at = site([use('Probe.know'), use('Auth.require', { role: 'x' })]);
  const first = await probe.plan(request([at]));
  t.is(told(first).known, 'null');
  t.deepEqual(first.asks, [{ cell: 'postgres', about: 'User', key: 'columns', site: 0, use: 0 }]);
  const facts = [
    { about: 'User', key: 'columns', values: ['wrong'], cell: 'other' },
    { about: 'User', key: 'columns', values: ['id', 'email'], cell: 'postgres' },
  ];
  const settings = literal({ roles: ['admin', 'customer'] });
  const second = await probe.plan(request([at], { round: 2, last: true, facts, settings }));
  t.deepEqual(told(second), {
    ...{ known: 'id|email', path: 'Accounts.get Probe.know on', neighbour: 'truefalsetrue' },
    ...{ parameter: 'u32false', setting: 'admin|customer' },
  });
  t.deepEqual(second.asks, [], 'the last round asks nothing');
  t.deepEqual(second.facts[0].values, ['1', '0', '1', 'true']);
});

test('a class site names itself', async (t) => {
  const uses = [use('Probe.know')];
  const own = declaration({ kind: 'class', name: 'Accounts', uses });
  const plan = await probe.plan(
    request([{ id: 0, file: 'a', declaration: own, owner: own, members: [], body: '' }]),
  );
  t.is(told(plan).path, 'Accounts Probe.know on');
});

test('quoted text is one literal of AssemblyScript, whatever is in it', async (t) => {
  const nasty = 'a"b\\c\n\r\t\0\u2028\u2029é\ud83d\ude00\ud800`${x}';
  const plan = await probe.planOf('Probe.text', nasty, ['x"', 'y']);
  const { quoted, all } = told(plan);
  t.true(/^"[^\n\r\u2028\u2029\0]*"$/.test(quoted));
  t.is(JSON.parse(quoted), nasty.replace('\ud800', '\ufffd'));
  t.is(all, '"x\\"", "y"');
});

for (const [template, expression] of [
  ['', '""'],
  ['plain', '"plain"'],
  ['{id}', 'id.toString()'],
  ['a{id}b{name}{id}', '"a" + id.toString() + "b" + name + id.toString()'],
  ['{note}"', '(note === null ? "null" : note.toString()) + "\\""'],
  ['{nope} {id', '"{nope} {id"'],
  ['{{id}}', '"{" + id.toString() + "}"'],
]) {
  test(`the template ${JSON.stringify(template)} as an expression`, async (t) => {
    const params = [
      { name: 'id', type: 'u32' },
      { name: 'name', type: 'string' },
      { name: 'note', type: 'string | null' },
    ];
    const uses = [use('Probe.text', 'x', [], template)];
    t.is(told(await probe.plan(request([site(uses, { params })]))).expression, expression);
  });
}

test('a use that no macro answers is skipped: the build has refused it', async (t) => {
  const plan = await probe.planOf('Probe.nothing');
  t.deepEqual([plan.contributions, plan.complaints], [[], []]);
});

test('another version of the protocol is refused by describe and by plan', async (t) => {
  const described = probe.raw('$describe', { version: 2 });
  t.is('status' in described && described.status, 9);
  const planned = probe.raw('$plan', request([], { version: 2 }));
  t.is('status' in planned && planned.status, 9);
});
