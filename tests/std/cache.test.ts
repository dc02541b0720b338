// The cells `ratelimit` and `cache`: the policies that their macros become, what they refuse, and
// what they say of tags that do not meet.
import test from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import { service, talk } from '../macros/negotiate.ts';
import { answering, builtWith, standard } from './standard.ts';

let discovery: Discovery;
test.before(async () => {
  discovery = await answering({ RateLimit: 'ratelimit', Cache: 'cache' });
});

/** Policies of method `one`, and everything that was found. */
async function policies(method: string, ofClass = '') {
  const { negotiated, told, marked, findings } = await talk(service(method, ofClass), discovery);
  return { policies: negotiated.policies.get('one'), told, marked, findings };
}

/** Two methods with decorators, and the parameters of each. */
const pair = (first: string, second: string, params = 'id: u32', others = 'id: u32') => `@service
class Example {
  ${first}
  one(${params}): u32 { return 1; }
  ${second}
  two(${others}): u32 { return 1; }
}
`;

test('both publish what editors show', async (t) => {
  const names: Record<string, string[]> = {
    RateLimit: ['perUser', 'throttle'],
    Cache: ['cached', 'invalidate', 'memoize'],
  };
  for (const [ns, macros] of Object.entries(names)) {
    const said = await (await standard(ns.toLowerCase())).describe();
    t.is(said.ns, ns);
    t.deepEqual(
      said.macros.map((m) => m.name),
      macros,
    );
    for (const { doc, example } of said.macros) {
      t.true(doc.length > 40 && example.startsWith(`@${ns}.`));
    }
  }
});

test('rates: of all callers, or of each subject', async (t) => {
  const cases: [string, object][] = [
    ['throttle(100)', { perSecond: 100, burst: 100, per: 'method' }],
    ['throttle(0.5)', { perSecond: 0.5, burst: 1, per: 'method' }],
    ['throttle(2.5)', { perSecond: 2.5, burst: 3, per: 'method' }],
    ['throttle({ perSecond: 100, burst: 20 })', { perSecond: 100, burst: 20, per: 'method' }],
    ['throttle({ perSecond: 7 })', { perSecond: 7, burst: 7, per: 'method' }],
    ['throttle(1000000)', { perSecond: 1e6, burst: 1e6, per: 'method' }],
    ['throttle(0.001)', { perSecond: 0.001, burst: 1, per: 'method' }],
    ['perUser(10)', { perSecond: 10, burst: 10, per: 'subject' }],
    ['perUser({ perSecond: 10, burst: 1 })', { perSecond: 10, burst: 1, per: 'subject' }],
  ];
  for (const [macro, rate] of cases) {
    const own = await policies(`@RateLimit.${macro}`);
    t.deepEqual(own.told, [], macro);
    t.deepEqual(own.policies?.rate, rate as never, macro);
    const inherited = await policies('', `@RateLimit.${macro}`);
    t.deepEqual(inherited.policies?.rate, rate as never, `on the class: ${macro}`);
  }
  const replaced = await policies('@RateLimit.perUser(1)', '@RateLimit.throttle(9)');
  t.deepEqual(replaced.told, []);
  t.deepEqual(replaced.policies?.rate, { perSecond: 1, burst: 1, per: 'subject' });
});

test('rates of every wrong kind', async (t) => {
  const usage = /CELL4006 .*a number from 0\.001 to 1000000/;
  const cases: [string, RegExp][] = [
    ['throttle', /CELL4006/],
    ['throttle()', /CELL4006/],
    ...["'5'", 'true', 'null', '[5]', '0', '-1', '1000001', '0.0009', 'rate', 'NaN'].map(
      (arg): [string, RegExp] => [`throttle(${arg})`, usage],
    ),
    ['throttle({})', /CELL4011 .*needs `perSecond`/],
    ['throttle({ perSec: 5 })', /CELL4004 .*takes no `perSec`/],
    ["throttle({ perSecond: '5' })", /CELL4005 .*`perSecond` wants a number/],
    ['throttle({ perSecond: 0 })', /CELL4005/],
    ['throttle({ perSecond: 5, burst: 0 })', /CELL4005 .*`burst` wants a whole number/],
    ['throttle({ perSecond: 5, burst: 1.5 })', /CELL4005/],
    ['throttle({ perSecond: 5, burst: 1000001 })', /CELL4005/],
    ['perUser', /CELL4006/],
    ["perUser('many')", usage],
    ['throttel(5)', /CELL4002 .*no macro `throttel`/],
  ];
  for (const [macro, message] of cases) {
    const { told } = await policies(`@RateLimit.${macro}`);
    t.is(told.length, 1, `${macro}\n${told.join('\n')}`);
    t.regex(told[0], message, macro);
  }
  const two = await policies('@RateLimit.throttle(5) @RateLimit.perUser(5)');
  t.regex(two.told.join(), /@RateLimit\.perUser and @RateLimit\.throttle both/);
});

test('memoize and cached become policies of the kernel', async (t) => {
  const kept = { ttlMs: 300_000, swrMs: 0, shared: false, tags: [] };
  const cases: [string, object][] = [
    ["memoize({ ttl: '5m' })", kept],
    ["memoize({ ttl: '250ms', swr: '1s' })", { ...kept, ttlMs: 250, swrMs: 1000 }],
    ["memoize({ ttl: '5m', shared: true })", { ...kept, shared: true }],
    ["memoize({ ttl: '5m', shared: false, tags: [] })", kept],
    [
      "memoize({ ttl: '5m', tags: ['all', 'account:{id}', '{name}/{id}'] })",
      { ...kept, tags: [['all'], ['account:', 0, ''], ['', 1, '/', 0, '']] },
    ],
    ['cached', { ...kept, ttlMs: 60_000 }],
    ['cached()', { ...kept, ttlMs: 60_000 }],
    ["cached('10s')", { ...kept, ttlMs: 10_000 }],
    ["memoize({ ttl: '12d' })", { ...kept, ttlMs: 12 * 86_400_000 }],
  ];
  for (const [macro, memo] of cases) {
    const own = await policies(`@Cache.${macro}`);
    t.deepEqual(own.told, [], macro);
    t.deepEqual(own.policies?.memo, memo as never, macro);
  }
  const forgets = await talk(
    pair(
      "@Cache.memoize({ ttl: '5m', tags: ['a:{id}'] })",
      "@Cache.invalidate({ tags: ['a:{id}'] })",
    ),
    discovery,
  );
  t.deepEqual(forgets.told, []);
  t.deepEqual(forgets.negotiated.policies.get('two')?.forget, [['a:', 0, '']]);
});

test('what cannot be kept is refused where it stands', async (t) => {
  const ttl = /CELL4005 .*`ttl` wants a duration such as/;
  const cases: [string, RegExp, string][] = [
    ['@Cache.memoize', /CELL4006/, '@Cache.memoize'],
    ['@Cache.memoize({})', /CELL4011 .*needs `ttl`/, '{}'],
    ...['5', 'true', 'null', "['5m']", "'5 minutes'", "''", "'0s'", "'13d'", "'-1s'", "'1.5s'"].map(
      (arg): [string, RegExp, string] => [`@Cache.memoize({ ttl: ${arg} })`, ttl, arg],
    ),
    ["@Cache.memoize({ ttl: '5m', swr: 5 })", /`swr` wants a duration/, '5'],
    ["@Cache.memoize({ ttl: '12d', swr: '12d' })", /would be kept for too long/, "'12d'"],
    ["@Cache.memoize({ ttl: '5m', shared: 1 })", /`shared` wants true or false/, '1'],
    ["@Cache.memoize({ ttl: '5m', tag: 'a' })", /CELL4004 .*takes no `tag`/, 'tag'],
    ["@Cache.memoize({ ttl: '5m', tags: 'a' })", /`tags` wants a list/, "'a'"],
    ["@Cache.memoize({ ttl: '5m', tags: [7] })", /CELL4005/, '7'],
    ["@Cache.memoize({ ttl: '5m', tags: ['a:{ident}'] })", /\(id, name\)/, "'a:{ident}'"],
    ["@Cache.memoize({ ttl: '5m', tags: ['a:{id'] })", /CELL4005/, "'a:{id'"],
    ['@Cache.cached(7)', /CELL4006 .*a duration/, '7'],
    ['@Cache.invalidate', /CELL4006/, '@Cache.invalidate'],
    ['@Cache.invalidate({ tags: [] })', /CELL4005 .*from 1 to 16 items/, '[]'],
    ["@Cache.memoise({ ttl: '5m' })", /CELL4002 .*no macro `memoise`/, 'Cache.memoise'],
  ];
  for (const [macro, message, at] of cases) {
    const { told, marked } = await policies(macro);
    t.is(told.length, 1, `${macro}\n${told.join('\n')}`);
    t.regex(told[0], message, macro);
    t.is(marked[0], at, macro);
  }
  const tags = (count: number) => JSON.stringify(Array.from({ length: count }, (_, i) => `t${i}`));
  t.deepEqual((await policies(`@Cache.memoize({ ttl: '1s', tags: ${tags(8)} })`)).told, []);
  t.is((await policies(`@Cache.memoize({ ttl: '1s', tags: ${tags(9)} })`)).told.length, 1);
});

test('void, and a method that forgets what it keeps', async (t) => {
  const nothing = service("@Cache.memoize({ ttl: '5m' })").replace('): u32', '): void');
  t.regex((await talk(nothing.replace('return 1;', ''), discovery)).told.join(), /returns nothing/);
  const both = await talk(
    pair(
      "@Cache.cached @Cache.invalidate({ tags: ['a'] })",
      "@Cache.memoize({ ttl: '1s', tags: ['a'] })",
    ),
    discovery,
  );
  t.is(both.told.length, 1);
  t.regex(both.told[0], /`one` would keep replies and forget them/);
  const twice = await policies("@Cache.cached @Cache.memoize({ ttl: '5m' })");
  t.regex(twice.told.join(), /@Cache\.cached and @Cache\.memoize both keep replies/);
});

test('on a class it holds for all of its methods, or is an error that names the one', async (t) => {
  const memo = "@Cache.memoize({ ttl: '5m', tags: ['a:{id}'] })";
  const whole = pair('', '@Cache.cached').replace('class', `${memo}\nclass`);
  const { told, negotiated } = await talk(whole, discovery);
  t.deepEqual(told, []);
  t.is(negotiated.policies.get('one')?.memo?.ttlMs, 300_000);
  t.is(negotiated.policies.get('two')?.memo?.ttlMs, 60_000);
  const other = pair('', '', 'id: u32', 'name: string').replace('class', `${memo}\nclass`);
  t.regex((await talk(other, discovery)).told.join(), /`two` has no such parameter/);
  const silent = whole
    .replace('@Cache.cached', '')
    .replace('two(id: u32): u32', 'two(id: u32): void');
  t.regex(
    (await talk(silent.replace(/return 1; \}\n\}/, '}\n}'), discovery)).told.join(),
    /`two` returns nothing, so none of it can be kept/,
  );
  const changing = whole.replace('@Cache.cached', "@Cache.invalidate({ tags: ['a:{id}'] })");
  t.regex((await talk(changing, discovery)).told.join(), /`two` forgets replies/);
});

test('a tag that nobody keeps is a warning, one of other types an error', async (t) => {
  const keep = (tag: string) => `@Cache.memoize({ ttl: '5m', tags: ['${tag}'] })`;
  const forget = (tag: string) => `@Cache.invalidate({ tags: ['x', '${tag}'] })`;
  const meets = async (kept: string, forgot: string, params = 'id: u32', others = 'id: u32') => {
    const text = pair(keep(kept), forget(forgot), params, others).replace("'x', ", '');
    const { findings } = await talk(text, discovery);
    return findings.map((f) => `${f.warning ? 'warning ' : ''}${f.message}`).join();
  };
  t.is(await meets('account:{id}', 'account:{id}'), '');
  t.is(await meets('account:{id}', 'account:{key}', 'id: u32', 'key: u32'), '', 'names differ');
  t.is(await meets('account:{id}', 'account:{id}', 'id: u32', 'id: u64'), '', 'widths differ');
  t.is(await meets('account:{id}', 'account:{id}', 'id: string', 'id: string | null'), '');
  t.regex(
    await meets('account:{id}', 'acount:{id}'),
    /^warning .*no method of this cell keeps replies under "acount:\{id\}"/,
  );
  t.regex(await meets('account:{id}', 'account:'), /^warning /);
  t.regex(
    await meets('account:{id}', 'account:{id}', 'id: u32', 'id: string'),
    /^`@Cache\.invalidate`: Example\.one keeps .* with number, Example\.two has string/,
  );
});

test('on the class invalidate names the methods that forget', async (t) => {
  const text = (macro: string) => `@service
@Cache.invalidate(${macro})
class Example {
  @Cache.memoize({ ttl: '5m', tags: ['a:{id}', 'all'] })
  get(id: u32): u32 { return 1; }
  put(id: u32): void {}
  drop(name: string): void {}
  private tidy(id: u32): void {}
}
`;
  const good = await talk(text("{ tags: ['a:{id}', 'all'], on: ['put'] }"), discovery);
  t.deepEqual(good.told, []);
  t.deepEqual(good.negotiated.policies.get('put')?.forget, [['a:', 0, ''], ['all']]);
  t.is(good.negotiated.policies.get('get')?.forget, undefined);
  t.is(good.negotiated.policies.get('drop'), undefined);
  const both = await talk(text("{ tags: ['all'], on: ['put', 'drop'] }"), discovery);
  t.deepEqual(both.told, []);
  t.deepEqual(both.negotiated.policies.get('drop')?.forget, [['all']]);
  const cases: [string, RegExp][] = [
    ["{ tags: ['all'] }", /on the class it says which methods forget/],
    ["{ tags: ['all'], on: [] }", /`on` wants/],
    ["{ tags: ['all'], on: 'put' }", /`on` wants/],
    ["{ tags: ['all'], on: ['nobody'] }", /CELL4005/],
    ["{ tags: ['all'], on: ['tidy'] }", /`tidy`, which clients cannot call/],
    ["{ tags: ['all'], on: ['get'] }", /`get` would keep replies and forget them/],
    ["{ tags: ['a:{id}'], on: ['drop'] }", /`drop` has no such parameter|\{id\} is no parameter/],
  ];
  for (const [macro, message] of cases) {
    const { told } = await talk(text(macro), discovery);
    t.true(told.length > 0, macro);
    t.regex(told.join(), message, macro);
  }
  const own = await policies("@Cache.invalidate({ tags: ['x'], on: ['one'] })");
  t.regex(own.told.join(), /`on` is for the class/);
});

test('values without one spelling cannot stand in a tag', async (t) => {
  for (const type of ['f64', 'f32', 'Uint8Array', 'u32[]', 'Map<string, u32>']) {
    const text = service("@Cache.memoize({ ttl: '5m', tags: ['a:{id}'] })");
    const { told } = await talk(text.replace('id: u32', `id: ${type}`), discovery);
    t.is(told.length, 1, `${type}\n${told.join('\n')}`);
    t.true(told[0].includes(`a ${type} cannot stand in a tag`), told[0]);
  }
  for (const type of ['bool', 'i8', 'u64', 'string', 'Uuid', 'Decimal', 'Instant', 'Duration']) {
    const text = service("@Cache.memoize({ ttl: '5m', tags: ['a:{id}'] })");
    const { told } = await talk(text.replace('id: u32', `id: ${type}`), discovery);
    t.deepEqual(told, [], type);
  }
});

test('CELL4090: a class cannot stand in a tag; an enum can', async (t) => {
  const text = (type: string, macro: string) => `class Key { id: u32 = 0; }
enum Kind { A, B }
@service
class Example {
  @Cache.${macro}
  one(key: ${type}): u32 { return 1; }
  two(key: Key, kind: Kind): u32 { return key.id; }
}
`;
  const found = async (type: string, macro: string) => {
    const { findings } = await builtWith(discovery, text(type, macro));
    return findings.filter((f) => !f.warning).map((f) => `${f.code} ${f.line} ${f.message}`);
  };
  const memo = "memoize({ ttl: '5m', tags: ['account:{key}'] })";
  const forget = "invalidate({ tags: ['account:{key}'] })";
  for (const type of ['Key', 'Key | null']) {
    t.deepEqual(await found(type, memo), [
      'CELL4090 5 `@Cache.memoize`: `key` of `one` cannot stand in a tag',
    ]);
    t.deepEqual(await found(type, forget), [
      'CELL4090 5 `@Cache.invalidate`: `key` of `one` cannot stand in a tag',
    ]);
  }
  for (const type of ['Kind', 'u64']) t.deepEqual(await found(type, memo), [], type);
});

test('other cells are told what is kept and forgotten; off contributes nothing', async (t) => {
  const text = pair(
    "@Cache.memoize({ ttl: '5m', tags: ['a:{id}'] }) @RateLimit.throttle(5)",
    "@Cache.invalidate({ tags: ['a:{id}'] })",
  );
  const on = await talk(text, discovery);
  const facts = on.negotiated.answers.flatMap(({ plan }) => plan.facts);
  t.deepEqual(facts.map(({ about, key, values }) => `${about} ${key} ${values}`).sort(), [
    'Example.one kept a:{id}',
    'Example.one rate 5,5',
    'Example.two forgets a:{id}',
  ]);
  const features = { cache: 'off', ratelimit: 'off' };
  const off = await talk(text, discovery, { features });
  t.deepEqual(off.told, []);
  t.deepEqual(
    [...off.negotiated.policies.values()].filter((p) => p.memo || p.rate || p.forget),
    [],
  );
});
