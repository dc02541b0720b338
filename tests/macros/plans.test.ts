// What is believed of an answer: plans and descriptions that lie, that are too large, that never
// come.
import test from 'ava';
import type { Contribution, Fact, Plan, PlanRequest } from '../../build/2-discover/protocol.ts';
import { ProviderError, within } from '../../build/2-discover/provider-error.ts';
import {
  contribution,
  description,
  FakeCell,
  FakeDiscovery,
  macro,
  plan,
  spots,
} from '../build/fake-cell.ts';
import { Random, seedOf } from '../values/random.ts';
import { service, talk } from './negotiate.ts';

const fact = (about: string, key: string, ...values: string[]): Fact => {
  return { about, key, values, cell: '' };
};

/** A cell `<ns in lower case>` whose macro `it` is answered by `answer`. */
function cell(ns: string, answer: (request: PlanRequest) => Plan, name = 'it'): FakeCell {
  return new FakeCell(ns.toLowerCase(), description(ns, [macro(name)]), answer);
}

const LIES: [string, (request: PlanRequest) => Plan, RegExp][] = [
  [
    'a site of others',
    () =>
      plan({
        contributions: [contribution('guard', { site: 5, use: 0 }, { text: 'x', status: 3 })],
      }),
    /site 5, use 0/,
  ],
  [
    'a use of others',
    () =>
      plan({
        complaints: [
          {
            ...{ site: 1, use: 9, path: '', message: 'x', fix: '', warning: true },
            ...{ offset: -1, length: 0 },
          },
        ],
      }),
    /a complaint names site 1, use 9/,
  ],
  ['no such kind', at({ kind: 'spell' }), /contributes a "spell"/],
  ['no such stage', at({ kind: 'guard', stage: 'soon', text: 'x', status: 3 }), /stage "soon"/],
  ['status 0', at({ kind: 'guard', text: 'x', status: 0 }), /status 0/],
  ['status 17', at({ kind: 'guard', text: 'x', status: 17 }), /status 17/],
  ['an empty guard', at({ kind: 'guard', text: ' ', status: 3 }), /a guard has no text/],
  ['a name that is none', at({ kind: 'method', name: 'a b', text: 'x' }), /name "a b"/],
  [
    'an import from elsewhere',
    at({ kind: 'import', text: '../../etc', values: ['a'] }),
    /"..\/..\/etc"/,
  ],
  ['a number that is none', at({ kind: 'wrap', text: 'x', numbers: [NaN] }), /number that is none/],
  ['an unknown policy', at({ kind: 'policy', name: 'god' }), /`god` does not exist/],
  ['a limit of nothing', at({ kind: 'policy', name: 'rate', numbers: [0] }), /0.001 to 1000000/],
  ['a role with a space', at({ kind: 'policy', name: 'roles', values: ['a b'] }), /names "a b"/],
  ['a broken tag', at({ kind: 'policy', name: 'forget', values: ['a{'] }), /the tag "a\{"/],
  [
    'nine tags',
    at({ kind: 'policy', name: 'memo', numbers: [9], values: ['', ...'abcdefghi'] }),
    /more than 8 tags/,
  ],
  ['an empty call', at({ kind: 'call', text: '\n' }), /a call has no text/],
  ['a statement of nothing', at({ kind: 'statement' }), /a statement has no text/],
  ['a member without a name', at({ kind: 'member', text: 'x' }), /a member has the name ""/],
  ['a codec of no name', at({ kind: 'codec', name: 'a-b' }), /a codec has the name "a-b"/],
  [
    'an effect of others',
    () => plan({ effects: [{ ...effect('a'), site: 5 }] }),
    /an effect names/,
  ],
  ['a document elsewhere', () => plan({ documents: [{ name: '../a', text: '' }] }), /"\.\.\/a"/],
  ['a hidden document', () => plan({ documents: [{ name: '.a', text: '' }] }), /name "\.a"/],
  ['a document in capitals', () => plan({ documents: [{ name: 'A.sql', text: '' }] }), /"A\.sql"/],
  [
    'a document of 129',
    () => plan({ documents: [{ name: 'a'.repeat(129), text: '' }] }),
    /a{128}"/,
  ],
  [
    'two documents of one name',
    () =>
      plan({
        documents: [
          { name: 'a.sql', text: 'x' },
          { name: 'a.sql', text: 'x' },
        ],
      }),
    /two documents of one name/,
  ],
  [
    'a million characters to keep',
    () => plan({ lock: 'x'.repeat((1 << 20) + 1) }),
    /1048577 characters of text/,
  ],
  ['a fact twice', () => plan({ facts: [fact('a', 'b'), fact('a', 'b')] }), /a fact twice/],
  ['effects of one key', () => plan({ effects: [effect('a'), effect('a')] }), /keys of their own/],
  [
    '10,001 facts',
    () => plan({ facts: Array.from({ length: 10_001 }, (_, i) => fact('a', String(i))) }),
    /10001 facts/,
  ],
  ['a million characters', at({ kind: 'wrap', text: 'x'.repeat(1 << 20) }), /characters of text/],
];

function at(more: object) {
  return (request: PlanRequest): Plan =>
    plan({ contributions: [contribution('', spots(request, 'A')[0].at, more)] });
}

function effect(key: string) {
  return { key, preview: '', data: '', destructive: false, site: 1, use: 0 };
}

for (const [name, answer, what] of LIES) {
  test(`a plan with ${name} is refused as a whole`, async (t) => {
    const { findings, negotiated } = await talk(
      service('@A.it'),
      new FakeDiscovery({ A: cell('A', answer) }),
    );
    t.deepEqual(
      findings.map((f) => [f.line, f.column]),
      [[4, 3]],
    );
    t.regex(findings[0].code, /CELL402[23]/);
    t.regex(findings[0].message, what);
    t.is(negotiated.contributions.filter((one) => one.cell === 'a').length, 0);
  });
}

test('what is kept comes back as it is committed, documents by name', async (t) => {
  const documents = [
    { name: 'b'.repeat(128), text: '2' },
    { name: '0001_a-b.sql', text: '1' },
  ];
  const a = cell('A', () => plan({ lock: 'x\ny', documents, effects: [effect('e')] }));
  const asked: string[] = [];
  const { negotiated, told } = await talk(service('@A.it'), new FakeDiscovery({ A: a }), {
    destructive: true,
    committed: (name, of) => {
      asked.push(`${name} of ${of}`);
      return { lock: `of ${name}`, documents: name === 'a' ? [documents[1]] : [] };
    },
  });
  t.deepEqual(told, []);
  t.deepEqual(asked, ['service of example', 'a of example']);
  t.like(a.requests[0], {
    ...{ service: 'example', lock: 'of a', documents: [documents[1]], destructive: true },
  });
  const kept = negotiated.answers.find((one) => one.cell === 'a')?.plan;
  t.is(kept?.lock, 'x\ny');
  t.deepEqual(kept?.documents, [documents[1], documents[0]]);
});

test('the service is named as the cell is', async (t) => {
  const named = async (text: string): Promise<string> => {
    const a = cell('A', () => plan());
    await talk(text, new FakeDiscovery({ A: a }));
    return a.requests[0].service;
  };
  t.is(await named('@service class HTTPServer { @A.it one(): void {} }'), 'http-server');
  t.is(await named('@service({ name: "shop" }) class X { @A.it one(): void {} }'), 'shop');
  t.is(await named('@service({ pages: 4 }) class X { @A.it one(): void {} }'), 'x');
});

test('N and N + 1 at the bounds of a plan', async (t) => {
  const codes = async (answer: (request: PlanRequest) => Plan) => {
    const { findings } = await talk(service('@A.it'), new FakeDiscovery({ A: cell('A', answer) }));
    return findings.map((f) => f.code);
  };
  const many = (n: number) =>
    plan({ facts: Array.from({ length: n }, (_, i) => fact('', String(i))) });
  t.deepEqual(await codes(() => many(10_000)), []);
  t.deepEqual(await codes(() => many(10_001)), ['CELL4022']);
  const long = (n: number) => at({ kind: 'wrap', text: 'x'.repeat(n) });
  t.deepEqual(await codes(long((1 << 20) - 4)), []);
  t.deepEqual(await codes(long((1 << 20) - 3)), ['CELL4022']);
});

const FAILURES: [ProviderError['failure'], string][] = [
  ['crashed', 'CELL4020'],
  ['silent', 'CELL4021'],
  ['large', 'CELL4022'],
  ['wrong', 'CELL4023'],
  ['unreachable', 'CELL4024'],
  ['version', 'CELL4025'],
  ['unrecorded', 'CELL4026'],
];

for (const [failure, code] of FAILURES) {
  test(`a provider that fails (${failure}) is named, the others are heard`, async (t) => {
    const fails = cell('A', () => {
      throw new ProviderError(failure, 'so it is');
    });
    const b = cell('B', at({ kind: 'policy', name: 'public' }), 'it');
    const { told, negotiated } = await talk(
      service('@A.it @B.it'),
      new FakeDiscovery({ A: fails, B: new FakeCell('b', description('B', [macro('it')])) }),
    );
    t.is(told.length, 1);
    t.regex(told[0], new RegExp(`^${code} 4:3 .*\`a\`.*so it is`));
    t.deepEqual(
      negotiated.answers.map((one) => one.cell),
      ['service', 'a', 'b'],
    );
    t.is(b.requests.length, 0);
  });
}

test('whoever never answers is given up', async (t) => {
  const error = await t.throwsAsync(within(20, new Promise(() => {})));
  t.is((error as ProviderError).failure, 'silent');
  t.is(await within(60_000, Promise.resolve(7)), 7);
  await t.throwsAsync(within(60_000, Promise.reject(new Error('x'))), { message: 'x' });
});

test('a description that is none is refused with its reason', async (t) => {
  const good = description('A', [macro('it')]);
  const cases: [object, RegExp][] = [
    [{ ns: 'B' }, /answers for @B, and was asked about @A/],
    [{ macros: [] }, /describes no macro/],
    [{ macros: [macro('it'), macro('it')] }, /`it` twice/],
    [{ macros: [macro('a b')] }, /named "a b"/],
    [{ macros: [macro('it', { on: ['moon'] })] }, /stands on "moon"/],
    [{ macros: [macro('it', { on: [] })] }, /stands on "nothing"/],
    [{ macros: [macro('it', { stage: 'late' })] }, /the stage "late"/],
    [{ profiles: [{ name: 'off', doc: '' }] }, /profile "off"/],
    [{ macros: [macro('it', { rest: true })] }, /`it` repeats no argument/],
    [{ macros: [macro('it', { result: 'T;' })] }, /the result "T;"/],
    [{ macros: [macro('it', { result: 'x'.repeat(129) })] }, /the result "x{128}"/],
    [{ bindings: ['connection'] }, /the type "connection"/],
    [{ bindings: ['A.B'] }, /the type "A\.B"/],
    [{ bindings: Array.from({ length: 1025 }, (_, i) => `B${i}`) }, /more than 1024/],
    [{ macros: Array.from({ length: 1025 }, (_, i) => macro(`m${i}`)) }, /more than 1024/],
  ];
  for (const [more, what] of cases) {
    const a = new FakeCell('a', { ...good, ...more });
    const { told } = await talk(service('@A.it'), new FakeDiscovery({ A: a }));
    t.is(told.length, 1);
    t.regex(told[0], what);
  }
});

const KINDS = [
  'policy guard wrap parameter field method handler import macro service remote x',
  'member call statement database initial start codec',
].join(' ');
const NAMES =
  'roles scopes public rate memo forget span counter one kept __proto__ constructor a b';
const STAGES = 'trace authorize limit validate cache retry transact body soon';

/** A contribution that nobody thought about. */
function anyContribution(random: Random): Contribution {
  const word = (list: string): string => random.pick([...list.split(' '), '']);
  const number = (): number => random.pick([0, 1, -1, 0.5, 17, 1e9, NaN, Infinity, 2 ** 53]);
  const text = (): string => random.pick(['', 'id', 'a:{id}', '{', 'x: y', 'shared', '\0', '😀']);
  const some = <T>(make: () => T): T[] => Array.from({ length: random.below(4) }, make);
  return {
    ...{ site: random.below(3), use: random.below(3), kind: word(KINDS), stage: word(STAGES) },
    ...{ name: word(NAMES), text: text(), type: text(), status: random.below(18) },
    ...{ values: some(text), numbers: some(number) },
  };
}

test('600 random plans: refused or placed, never an error', async (t) => {
  const random = new Random(seedOf((line) => t.log(line)));
  let placed = 0;
  for (let i = 0; i < 600; i++) {
    const one = (): Contribution => anyContribution(random);
    const contributions = Array.from({ length: 1 + random.below(2) }, one);
    const macros = (): string => random.pick(['A.it', 'B.it', 'A.gone', '']);
    // biome-ignore lint/suspicious/noThenProperty: a name, of the protocol
    const orders = [{ site: random.below(3), first: macros(), then: macros() }];
    const a = cell('A', () => plan({ contributions, orders }));
    const b = cell('B', () => plan({ contributions: [anyContribution(random)] }));
    const { negotiated, findings } = await talk(
      service('@A.it @B.it'),
      new FakeDiscovery({ A: a, B: b }),
    );
    placed += negotiated.contributions.filter((c) => c.cell !== 'service').length;
    for (const f of findings) t.true(f.code.startsWith('CELL40'), JSON.stringify(contributions));
  }
  t.true(placed > 5, 'many of them are right');
});
