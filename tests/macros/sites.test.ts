// What cells get to see of a project, which decorators reach them, and what becomes of those that
// nobody has.
import test from 'ava';
import type { Plan, PlanRequest } from '../../build/2-discover/protocol.ts';
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

function at(more: object) {
  return (request: PlanRequest): Plan =>
    plan({ contributions: [contribution('', spots(request, 'A')[0].at, more)] });
}

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
  t.deepEqual(await of(method('@A')), [['CELL4003', 27, 'one of @A.require, @A.public']]);
  t.deepEqual(await of(method('@a.requier')), [['CELL4003', 27, 'did you mean @A.require?']]);
  t.deepEqual(await of(method('@publik')), [['CELL4003', 27, 'did you mean @A.public?']]);
  t.regex((await of(method('@zzz')))[0][2] as string, /^one of @service, .*@A\.\*; if none of/);
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

test('a namespace that nobody has: the one that was meant, of all that are here', async (t) => {
  const names = [macro('require'), macro('public')];
  const town = new FakeDiscovery({
    Auth: new FakeCell('auth', description('Auth', names)),
    Cache: new FakeCell('cache', description('Cache', [macro('cached'), macro('memoize')])),
    Retry: new FakeCell('retry', description('Retry', [macro('onFailure')])),
    Broken: new FakeCell('broken', description('Other', [macro('x')])),
  });
  const cases: [string, string, string][] = [
    ['@Auht.require', 'CELL4001', 'did you mean @Auth.require?'],
    ['@Auht.requires', 'CELL4001', 'did you mean @Auth.require?'],
    ['@Authorize.zzzzz', 'CELL4001', 'one of @Auth.require, @Auth.public'],
    ['@Retri.all', 'CELL4001', 'did you mean @Retry.onFailure?'],
    ['@Brocken.x', 'CELL4001', 'did you mean @Broken?'],
    ['@Postgres.query', 'CELL4001', 'none'],
    ['@auth.require', 'CELL4003', 'did you mean @Auth.require?'],
    ['@auht.publik', 'CELL4003', 'did you mean @Auth.public?'],
    ['@Auth', 'CELL4003', 'one of @Auth.require, @Auth.public'],
    ['@auth', 'CELL4003', 'one of @Auth.require, @Auth.public'],
    ['@cached', 'CELL4003', 'did you mean @Cache.cached?'],
    ['@Retry', 'CELL4003', 'did you mean @Retry.onFailure?'],
    ['@authenticated', 'CELL4003', 'one of @Auth.require, @Auth.public'],
    ['@unsaef', 'CELL4003', 'did you mean @unsafe?'],
  ];
  for (const [use, code, fix] of cases) {
    const { findings } = await talk(service(use), town);
    t.deepEqual(
      findings.map((f) => [f.code, f.fix]),
      [[code, fix]],
      use,
    );
  }
});

test('what a cell sees: its sites, their neighbours, types as written, nothing else', async (t) => {
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

test('off: nothing is asked, uses are still checked; profiles are passed on', async (t) => {
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
        ...{ offset: -1, length: 0 },
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
