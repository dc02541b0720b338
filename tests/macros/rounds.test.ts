// The conversation with cells: who is asked how often, what facts reach whom, how it ends with cells
// that wait for each other, never settle, lie, crash or hang.
import test from 'ava';
import type { Ask, Fact, Plan, PlanRequest } from '../../build/2-discover/protocol.ts';
import { ProviderError, within } from '../../build/2-discover/provider-error.ts';
import {
  contribution,
  description,
  FakeCell,
  FakeDiscovery,
  macro,
  plan,
  service as serviceCell,
  spots,
} from '../build/fake-cell.ts';
import { service, talk } from './negotiate.ts';

const fact = (about: string, key: string, ...values: string[]): Fact => {
  return { about, key, values, cell: '' };
};

/** A cell `<ns in lower case>` whose macro `it` is answered by `answer`. */
function cell(ns: string, answer: (request: PlanRequest) => Plan, name = 'it'): FakeCell {
  return new FakeCell(ns.toLowerCase(), description(ns, [macro(name)]), answer);
}

/** A question of the first spot of `ns` in a request. */
function asking(request: PlanRequest, ns: string, to: string, about: string, key: string): Ask {
  return { cell: to, about, key, ...spots(request, ns)[0].at };
}

const known = (request: PlanRequest, key: string): string[] | undefined =>
  request.facts.find((one) => one.key === key)?.values;

test('one request for 100 sites, and none to cells that nobody names', async (t) => {
  const a = cell('A', () => plan());
  const b = cell('B', () => plan());
  const methods = Array.from({ length: 100 }, (_, i) => `@A.it m${i}(): void {}`);
  const text = `@service class Example { ${methods.join('\n')} }`;
  const { negotiated, told } = await talk(text, new FakeDiscovery({ A: a, B: b }));
  t.deepEqual(told, []);
  t.is(a.requests.length, 1);
  t.is(a.requests[0].sites.length, 100);
  t.is(b.requests.length, 0);
  t.deepEqual(
    negotiated.answers.map(({ cell, requests, rounds }) => [cell, requests, rounds]),
    [
      ['service', 1, 1],
      ['a', 1, 1],
    ],
  );
});

test('a fact reaches who asked for it, in the next round, with who knows it', async (t) => {
  const a = cell('A', () => plan({ facts: [fact('User', 'columns', 'id', 'email')] }));
  const b = cell('B', (request) => {
    const columns = known(request, 'columns');
    return columns
      ? plan({
          contributions: columns.map((name) =>
            contribution('field', spots(request, 'B')[0].at, { name, type: 'u32' }),
          ),
        })
      : plan({ asks: [asking(request, 'B', 'a', 'User', 'columns')] });
  });
  const { negotiated, told } = await talk(
    service('@A.it @B.it'),
    new FakeDiscovery({ A: a, B: b }),
  );
  t.deepEqual(told, []);
  t.deepEqual([a.requests.length, b.requests.length], [1, 2]);
  t.deepEqual(b.requests[1].facts, [{ ...fact('User', 'columns', 'id', 'email'), cell: 'a' }]);
  const fields = negotiated.contributions.filter((one) => one.kind === 'field');
  t.deepEqual(
    fields.map((one) => one.name),
    ['id', 'email'],
  );
  t.is(fields[0].macro, 'B.it');
});

test('two cells that ask each other different things agree', async (t) => {
  const both = (ns: string, other: string, own: string, wanted: string) =>
    cell(ns, (request) => {
      const at = spots(request, ns)[0].at;
      const seen = known(request, wanted);
      const text = seen?.join() ?? '';
      return plan({
        facts: [fact('x', own, `${own} of ${ns}`)],
        asks: [asking(request, ns, other, 'x', wanted)],
        contributions: [contribution('guard', at, { text: `"${text}" != ""`, status: 9 })],
      });
    });
  const a = both('A', 'b', 'p', 'q');
  const b = both('B', 'a', 'q', 'p');
  const { negotiated, told } = await talk(
    service('@A.it @B.it'),
    new FakeDiscovery({ A: a, B: b }),
  );
  t.deepEqual(told, []);
  t.deepEqual([a.requests.length, b.requests.length], [2, 2]);
  const texts = negotiated.contributions.filter((one) => one.kind === 'guard');
  t.deepEqual(
    texts.map((one) => one.text),
    ['"q of B" != ""', '"p of A" != ""'],
  );
});

/** Answers `own` only once it knows `wanted`; in the last round without. */
function stubborn(ns: string, other: string, own: string, wanted: string): FakeCell {
  return cell(ns, (request) => {
    const at = spots(request, ns)[0].at;
    const seen = known(request, wanted);
    const value = seen?.[0] ?? 'alone';
    if (seen === undefined && !request.last) {
      return plan({ asks: [asking(request, ns, other, 'x', wanted)] });
    }
    return plan({
      facts: [fact('x', own, own)],
      contributions: [contribution('guard', at, { text: `${ns} ${value}`, status: 9 })],
    });
  });
}

test('questions that wait for each other are named, and both cells plan alone', async (t) => {
  const a = stubborn('A', 'b', 'p', 'q');
  const b = stubborn('B', 'a', 'q', 'p');
  const { negotiated, told, findings } = await talk(
    service('@A.it @B.it'),
    new FakeDiscovery({ A: a, B: b }),
  );
  t.deepEqual(told, [
    'CELL4014 4:3 questions wait for each other: a asks b for x.q, b asks a for x.p',
  ]);
  t.true(findings[0].warning);
  t.true(a.requests.at(-1)?.last);
  t.deepEqual([a.requests.length, b.requests.length], [2, 2]);
  const texts = negotiated.contributions.filter((one) => one.kind === 'guard');
  t.deepEqual(
    texts.map((one) => one.text),
    ['A alone', 'B alone'],
  );
});

test('a cycle of three is one warning; whoever only hangs on it is not in its path', async (t) => {
  const cells = {
    A: stubborn('A', 'b', 'p', 'q'),
    B: stubborn('B', 'c', 'q', 'r'),
    C: stubborn('C', 'a', 'r', 'p'),
    D: stubborn('D', 'a', 's', 'p'),
  };
  const { told } = await talk(service('@A.it @B.it @C.it @D.it'), new FakeDiscovery(cells));
  const path = 'a asks b for x.q, b asks c for x.r, c asks a for x.p';
  t.deepEqual(told, [`CELL4014 4:3 questions wait for each other: ${path}`]);
});

test('a question that nobody can answer is given up in the last round, silently', async (t) => {
  const a = stubborn('A', 'nobody', 'p', 'q');
  const { negotiated, told } = await talk(service('@A.it'), new FakeDiscovery({ A: a }));
  t.deepEqual(told, []);
  t.deepEqual(
    a.requests.map((one) => one.last),
    [false, true],
  );
  t.is(negotiated.contributions.at(-1)?.text, 'A alone');
});

test('eight rounds and no more; whoever never settles is named', async (t) => {
  const a = cell('A', (request) =>
    plan({
      facts: [fact('x', 'p', String(request.round))],
      asks: [asking(request, 'A', 'b', 'x', 'q')],
    }),
  );
  const b = cell('B', (request) =>
    plan({
      facts: [fact('x', 'q', String(request.round))],
      asks: [asking(request, 'B', 'a', 'x', 'p')],
    }),
  );
  const { told } = await talk(service('@A.it @B.it'), new FakeDiscovery({ A: a, B: b }));
  t.deepEqual(told, ['CELL4016 4:3 `a` and `b` found no agreement in 8 rounds']);
  t.deepEqual([a.requests.length, b.requests.length], [8, 8]);
  t.deepEqual(
    a.requests.map((one) => one.last),
    [...Array(7).fill(false), true],
  );
});

test('a chain of seven questions is answered within the rounds', async (t) => {
  const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G'];
  const cells = Object.fromEntries(
    names.map((ns, i) => {
      const next = names[i + 1];
      return [
        ns,
        next === undefined
          ? cell(ns, () => plan({ facts: [fact('x', ns, 'end')] }))
          : stubborn(ns, next.toLowerCase(), ns, next),
      ];
    }),
  );
  const { told, negotiated } = await talk(
    service(names.map((ns) => `@${ns}.it`).join(' ')),
    new FakeDiscovery(cells),
  );
  t.deepEqual(told, []);
  t.is(negotiated.contributions.filter((one) => one.text.includes('alone')).length, 0);
});

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
      plan({ complaints: [{ site: 1, use: 9, path: '', message: 'x', fix: '', warning: true }] }),
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
  return { key, preview: '', data: '', destructive: false };
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
    [{ macros: Array.from({ length: 1025 }, (_, i) => macro(`m${i}`)) }, /more than 1024/],
  ];
  for (const [more, what] of cases) {
    const a = new FakeCell('a', { ...good, ...more });
    const { told } = await talk(service('@A.it'), new FakeDiscovery({ A: a }));
    t.is(told.length, 1);
    t.regex(told[0], what);
  }
});

test('names that nobody has: the cell, the macro, the bare decorator; strays', async (t) => {
  const a = new FakeDiscovery({
    A: new FakeCell('a', description('A', [macro('require'), macro('public')])),
  });
  const of = async (text: string) => {
    const { findings } = await talk(text, a);
    return findings.map((f) => [f.code, f.column, f.fix]);
  };
  const method = (uses: string) => `@service class Example { ${uses} one(): void {} }`;
  t.deepEqual(await of(method('@Ghost.it')), [['CELL4001', 26, 'none']]);
  t.deepEqual(await of(method('@A.requir')), [['CELL4002', 27, 'did you mean @A.require?']]);
  t.deepEqual(await of(method('@A.zzz')), [['CELL4002', 27, 'one of @A.require, @A.public']]);
  t.deepEqual(await of(method('@servce')), [['CELL4003', 27, 'did you mean @service?']]);
  t.deepEqual(await of(method('@inline')), []);
  const stray = `@A.public\nfunction f(): void {}\n${method('')}`;
  t.deepEqual(
    (await of(stray)).map(([code]) => code),
    ['CELL4008'],
  );
  const field = '@service class Example { @A.public x: u32 = 0; one(): void {} }';
  t.deepEqual(
    (await of(field)).map(([code]) => code),
    ['CELL4008'],
  );
  const inner = '@service class Example { @A.public private x(): void {} one(): void {} }';
  t.deepEqual(
    (await of(inner)).map(([code]) => code),
    ['CELL4008'],
  );
});

test('what a cell sees: its sites with their neighbours, types as written, nothing else', async (t) => {
  const info = [
    macro('it', { on: ['method', 'service', 'field'] }),
    macro('deep', { needs: ['body'] }),
  ];
  const a = new FakeCell('a', description('A', info));
  const b = new FakeCell('b', description('B', [macro('it')]));
  const text = `/** The service. */
@service @A.it
class Example {
  @A.it kept: Map<string,  u32> | null = null;
  /** One. */
  @B.it({ a: env("SECRET") }) @A.it
  one(id: u32, list: Account[]): string | null { return hidden(); }
  @B.it two(): void {}
  @A.deep three(): void { open(); }
}
class Account { id: u32 = 0; }
`;
  await talk(
    text,
    new FakeDiscovery({
      A: a,
      B: new FakeCell('b', description('B', [macro('it', { args: [] })])),
    }),
  );
  const [{ sites, settings, profile }] = a.requests;
  t.deepEqual([settings.kind, profile], [0, 'on']);
  t.deepEqual(
    sites.map(({ id, declaration }) => [id, declaration.kind, declaration.name]),
    [
      [0, 'class', 'Example'],
      [1, 'field', 'kept'],
      [2, 'method', 'one'],
      [4, 'method', 'three'],
    ],
  );
  t.is(sites[0].declaration.doc, 'The service.');
  t.deepEqual(
    sites[0].members.map((one) => one.name),
    ['kept', 'one', 'two', 'three'],
  );
  t.is(sites[1].declaration.type, 'Map<string, u32> | null');
  const one = sites[2].declaration;
  t.deepEqual(
    [one.type, one.params],
    [
      'string | null',
      [
        { name: 'id', type: 'u32' },
        { name: 'list', type: 'Account[]' },
      ],
    ],
  );
  t.deepEqual(
    one.uses.map((use) => `${use.ns}.${use.name}`),
    ['A.it', 'B.it'],
  );
  t.is(sites[2].body, '');
  t.deepEqual(sites[2].members, []);
  t.true(sites[3].body.includes('open();'));
  t.false(JSON.stringify(sites[2]).includes('hidden'));
  t.is(b.requests.length, 0);
});

test('moving code and reordering decorators change no request', async (t) => {
  const request = async (text: string) => {
    const a = new FakeCell('a', description('A', [macro('it'), macro('also')]));
    await talk(text, new FakeDiscovery({ A: a, '': serviceCell() }));
    return a.requests[0];
  };
  const first = await request('@service class Example { @A.it @A.also one(): void {} }');
  const moved =
    '\n\n// moved\n@service\nclass Example {\n  @A.also\n  @A.it\n  one(): void {\n  }\n}';
  t.deepEqual(await request(moved), first);
});

test('off: nothing is asked, uses are answered and still checked; profiles are passed on', async (t) => {
  const described = { ...description('A', [macro('it')]), profiles: [{ name: 'quiet', doc: '' }] };
  const run = async (profile: string, uses = '@A.it') => {
    const a = new FakeCell('a', described, at({ kind: 'policy', name: 'public' }));
    const { negotiated, told } = await talk(service(uses), new FakeDiscovery({ A: a }), {
      features: { a: profile },
    });
    return {
      asked: a.requests.map((one) => one.profile),
      told,
      access: negotiated.access.size,
      answered: negotiated.answered.size,
    };
  };
  t.deepEqual(await run('off'), { asked: [], told: [], access: 0, answered: 2 });
  t.deepEqual(await run('quiet'), { asked: ['quiet'], told: [], access: 1, answered: 2 });
  t.regex((await run('quite')).told[0], /CELL4027 4:3 .*`quite`/);
  t.regex((await run('off', '@A.it("x")')).told[0], /CELL4006/);
});

test('what a cell says of a use that the build has refused is not heard', async (t) => {
  const info = [macro('it'), macro('more', { on: ['field'] })];
  const a = new FakeCell('a', description('A', info), (request) =>
    plan({
      contributions: spots(request, 'A').map((spot) =>
        contribution('policy', spot.at, { name: 'scopes', values: [spot.use.name] }),
      ),
      complaints: spots(request, 'A').map((spot) => ({
        ...{ ...spot.at, path: '', message: spot.use.name, fix: '', warning: true },
      })),
    }),
  );
  const { told, negotiated } = await talk(
    service('@A.it @A.it @A.more'),
    new FakeDiscovery({ A: a }),
  );
  t.deepEqual(
    told.map((line) => line.slice(0, 8)),
    ['CELL4018', 'CELL4010', 'CELL4008'],
  );
  t.deepEqual(negotiated.access.get('one')?.scopes, ['it']);
});
