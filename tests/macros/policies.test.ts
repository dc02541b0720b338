// How policies meet, who owns what, and in which order contributions stand.
import test from 'ava';
import type { Contribution, Order, Plan } from '../../build/2-discover/protocol.ts';
import {
  contribution,
  description,
  FakeCell,
  FakeDiscovery,
  macro,
  plan,
  spots,
} from '../build/fake-cell.ts';
import { talk } from './negotiate.ts';

/** What the macro of a name gives, wherever it stands. */
type Gives = Record<string, Partial<Contribution>[]>;

/** A cell whose macros give what `gives` says; stages by `stages`. */
function giving(
  ns: string,
  gives: Gives,
  stages: Record<string, string> = {},
  orders: Order[] = [],
) {
  const macros = Object.keys(gives).map((name) =>
    macro(name, { on: ['service', 'member', 'field'], stage: stages[name] ?? '' }),
  );
  return new FakeCell(ns.toLowerCase(), description(ns, macros), (request): Plan => {
    const contributions = spots(request, ns).flatMap(({ use, at }) =>
      gives[use.name].map((more) => contribution(more.kind ?? 'policy', at, more)),
    );
    return plan({ contributions, orders });
  });
}

const roles = (...values: string[]) => [{ name: 'roles', values }];
const rate = (perSecond: number) => [
  { name: 'rate', numbers: [perSecond, 1], values: ['subject'] },
];

const AUTH = {
  admin: roles('admin'),
  users: roles('user', 'admin'),
  read: [{ name: 'scopes', values: ['read'] }],
  write: [{ name: 'scopes', values: ['write'] }],
  public: [{ name: 'public' }],
  slow: rate(1),
};

async function merged(text: string, more: Record<string, FakeCell> = {}) {
  const cells = { Auth: giving('Auth', AUTH), Other: giving('Other', AUTH), ...more };
  const { negotiated, told, marked } = await talk(text, new FakeDiscovery(cells));
  const { access, policies } = negotiated;
  return {
    access: Object.fromEntries(access),
    policies: Object.fromEntries(policies),
    told,
    marked,
  };
}

const twoMethods = (onClass: string, onOne: string, onTwo = '') =>
  [
    `@service ${onClass}`,
    'class Example {',
    `  ${onOne}`,
    '  one(id: u32): void {}',
    `  ${onTwo}`,
    '  two(): void {}',
    '}\n',
  ].join('\n');

test('a policy on the class holds for every handler; the method says it anew', async (t) => {
  const { access, told } = await merged(twoMethods('@Auth.admin', '@Auth.read'));
  t.deepEqual(told, []);
  t.deepEqual(access, {
    one: { public: false, anyRole: [], scopes: ['read'] },
    two: { public: false, anyRole: ['admin'], scopes: [] },
  });
});

test('public on one method of a closed class, and closed on one of a public', async (t) => {
  const open = await merged(twoMethods('@Auth.admin', '@Auth.public'));
  t.deepEqual([open.told, open.access.one.public, open.access.two.public], [[], true, false]);
  const closed = await merged(twoMethods('@Auth.public', '@Auth.admin'));
  t.deepEqual([closed.told, closed.access.one.public, closed.access.two.public], [[], false, true]);
});

test('scopes add up; roles and scopes stand together; no mention is no entry', async (t) => {
  const { access, told } = await merged(twoMethods('', '@Auth.write @Auth.users @Auth.read'));
  t.deepEqual(told, []);
  t.deepEqual(access, {
    one: { public: false, anyRole: ['admin', 'user'], scopes: ['read', 'write'] },
  });
});

test('what another cell says on the class is not replaced', async (t) => {
  const { access, told } = await merged(twoMethods('@Auth.admin', '@Other.read'));
  t.deepEqual(told, []);
  t.deepEqual(access.one, { public: false, anyRole: ['admin'], scopes: ['read'] });
});

test('contradictions are told at the second, with both names', async (t) => {
  const of = async (uses: string) => (await merged(twoMethods('', uses))).told;
  t.regex((await of('@Auth.public @Auth.admin'))[0], /^CELL4009 3:16 @Auth.public and @Auth.admin/);
  t.regex((await of('@Auth.public @Other.read'))[0], /^CELL4009 3:16 @Auth.public and @Other.read/);
  t.regex(
    (await of('@Auth.admin @Auth.users'))[0],
    /^CELL4012 3:15 @Auth.admin and @Auth.users both demand roles/,
  );
  t.regex(
    (await of('@Auth.admin @Other.users'))[0],
    /^CELL4012 3:15 @Auth.admin and @Other.users both demand roles/,
  );
  t.regex((await of('@Auth.slow @Other.slow'))[0], /^CELL4012 3:14 .* both set a limit/);
  t.deepEqual(await of('@Auth.public @Other.public'), []);
});

test('every kind of policy arrives as the kernel wants it', async (t) => {
  const kernel = giving('K', {
    rate: [{ name: 'rate', numbers: [0.5], values: ['method'] }],
    memo: [{ name: 'memo', numbers: [1000, 50], values: ['', 'a:{id}', 'all'] }],
    forget: [{ name: 'forget', values: ['b:{id}:{name}', 'a'] }],
    span: [{ name: 'span', text: 'one' }],
    counter: [{ name: 'counter', text: 'calls_total', values: ['plan', 'kind:a:b'] }],
  });
  const text = `@service class Example {
  @K.rate @K.memo @K.forget @K.span @K.counter
  one(name: string, id: u32): void {}
}`;
  const { policies, told } = await merged(text, { K: kernel });
  t.deepEqual(told, []);
  t.deepEqual(policies.one, {
    rate: { perSecond: 0.5, burst: 1, per: 'method' },
    memo: { ttlMs: 1000, swrMs: 50, shared: false, tags: [['a:', 1, ''], ['all']] },
    forget: [['a'], ['b:', 1, ':', 0, '']],
    span: { name: 'one', ratio: 1 },
    counters: [
      {
        name: 'calls_total',
        labels: [
          { key: 'kind', value: 'a:b' },
          { key: 'plan', value: null },
        ],
      },
    ],
  });
});

test('counters and forgotten tags of class and method stand together, once each', async (t) => {
  const k = giving('K', {
    a: [
      { name: 'counter', text: 'a' },
      { name: 'forget', values: ['x'] },
    ],
    b: [
      { name: 'counter', text: 'b' },
      { name: 'forget', values: ['y'] },
    ],
  });
  const { policies } = await merged(twoMethods('@K.a', '@K.a @K.b'), { K: k });
  t.deepEqual(
    policies.one.counters?.map((one) => one.name),
    ['a', 'b'],
  );
  t.deepEqual(policies.one.forget, [['x'], ['y']]);
  t.deepEqual(
    policies.two.counters?.map((one) => one.name),
    ['a'],
  );
});

test('a policy where no client calls is refused', async (t) => {
  const text = '@service class Example { @Auth.admin private x(): void {} one(): void {} }';
  t.regex((await merged(text)).told[0], /^CELL4008 1:26 `@Auth.admin`/);
  const elsewhere = `${twoMethods('', '')}class Account { @Auth.admin close(): void {} }`;
  t.regex((await merged(elsewhere)).told[0], /^CELL4008 8:17/);
});

test('one reply for all callers and a look at the caller do not go together', async (t) => {
  const k = giving(
    'K',
    {
      shared: [{ name: 'memo', numbers: [1000, 0], values: ['shared'] }],
      own: [{ name: 'memo', numbers: [1000, 0], values: [''] }],
      guard: [{ kind: 'guard', text: 'id > 0', status: 7, stage: 'authorize' }],
      valid: [{ kind: 'guard', text: 'id > 0', status: 3, stage: 'validate' }],
      subject: [{ kind: 'parameter', name: 'who', type: 'string', text: 'Session.subject' }],
      state: [{ kind: 'guard', text: 'this.open', status: 9, stage: 'validate' }],
      flag: [{ kind: 'wrap', text: 'if (Flags.on("x")) $proceed;', stage: 'authorize' }],
      late: [{ kind: 'wrap', text: 'if (now() > 0) $proceed;', stage: 'retry' }],
    },
    {},
  );
  const codes = async (uses: string, body = '') => {
    const text = `@service class Example { ${uses}\n one(id: u32): string { ${body} return ""; } }`;
    return (await merged(text, { K: k })).told.map((line) => line.slice(0, 8));
  };
  t.deepEqual(await codes('@K.shared @K.valid'), []);
  t.deepEqual(await codes('@K.own @K.guard @K.subject', 'Session.subject;'), []);
  t.deepEqual(await codes('@K.shared @K.guard'), ['CELL4019']);
  t.deepEqual(await codes('@K.shared @K.subject'), ['CELL4019']);
  t.deepEqual(await codes('@K.shared', 'Session.subject;'), ['CELL4019']);
  t.deepEqual(await codes('@K.shared', 'mySession.x;'), []);
  t.deepEqual(await codes('@K.own @K.state'), ['CELL4029'], 'a kept reply steps over it');
  t.deepEqual(await codes('@K.own @K.flag'), ['CELL4029']);
  t.deepEqual(await codes('@K.own @K.late'), []);
  t.deepEqual(await codes('@K.state @K.flag @K.late'), []);
});

test('a name has one owner; a cell may bring the same thing from two sites', async (t) => {
  const field = (text: string) => [{ kind: 'field', name: 'kept', type: 'u32', text }];
  const a = giving('A', {
    same: field('0'),
    other: field('1'),
    taken: [{ kind: 'method', name: 'one', text: 'one(): void {}' }],
  });
  const b = giving('B', { same: field('0') });
  const of = async (one: string, two: string) => {
    const { negotiated, told } = await talk(
      twoMethods('', one, two),
      new FakeDiscovery({ A: a, B: b }),
    );
    return { told, fields: negotiated.contributions.filter((c) => c.kind === 'field').length };
  };
  t.deepEqual(await of('@A.same', '@A.same'), { told: [], fields: 1 });
  const others = await of('@A.same', '@B.same');
  t.regex(others.told[0], /^CELL4012 5:3 @A.same and @B.same both bring `kept`/);
  t.regex((await of('@A.same', '@A.other')).told[0], /@A.same and @A.other both bring `kept`/);
  t.regex((await of('', '@A.taken')).told[0], /class Example and @A.taken both bring `one`/);
});

const STAGED = ['trace', 'authorize', 'limit', 'validate', 'cache', 'retry', 'transact', 'body'];

test('stages order contributions, whatever the order of decorators', async (t) => {
  const wrap = { kind: 'wrap', text: '$proceed;' };
  const stages = Object.fromEntries(STAGED.map((stage) => [`m_${stage}`, stage]));
  const a = giving(
    'A',
    Object.fromEntries(Object.keys(stages).map((name) => [name, [wrap]])),
    stages,
  );
  const uses = Object.keys(stages).map((name) => `@A.${name}`);
  for (const order of [uses, [...uses].reverse(), [...uses].sort()]) {
    const { negotiated } = await talk(twoMethods('', order.join(' ')), new FakeDiscovery({ A: a }));
    const wraps = negotiated.contributions.filter((one) => one.kind === 'wrap');
    t.deepEqual(
      wraps.map((one) => one.stage),
      STAGED,
    );
  }
});

test('within a stage: constraints, then names; a circle is told with who wants what', async (t) => {
  const wrap = [{ kind: 'wrap', text: '$proceed;', stage: 'retry' }];
  const order = (first: string, then: string): Order => ({ site: 1, first, then });
  const of = async (...orders: Order[]) => {
    const a = giving('A', { x: wrap, y: wrap, z: wrap }, {}, orders);
    const { negotiated, told } = await talk(
      twoMethods('', '@A.y @A.z @A.x'),
      new FakeDiscovery({ A: a }),
    );
    const names = negotiated.contributions
      .filter((one) => one.kind === 'wrap')
      .map((one) => one.macro);
    return { names: names.join(' '), told };
  };
  t.deepEqual(await of(), { names: 'A.x A.y A.z', told: [] });
  t.deepEqual(await of(order('A.z', 'A.x')), { names: 'A.y A.z A.x', told: [] });
  t.deepEqual(await of(order('A.z', 'Gone.x')), { names: 'A.x A.y A.z', told: [] });
  const circle = await of(order('A.z', 'A.x'), order('A.x', 'A.y'), order('A.y', 'A.z'));
  t.is(circle.told.length, 1);
  t.regex(circle.told[0], /^CELL4013 3:\d+ .*`a` wants @A.[xyz] before @A.[xyz], `a` wants/);
});
