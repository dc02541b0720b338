// The cell `auth`: what its macros contribute, what they refuse and where they point, and whom the
// built module lets in.
import test from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import { settingsOf } from '../../build/3-negotiate/settings.ts';
import { service, talk } from '../macros/negotiate.ts';
import { answering, standard } from './standard.ts';

let discovery: Discovery;
test.before(async () => {
  discovery = await answering({ Auth: 'auth' });
});

const ROLES = { auth: { roles: ['admin', 'customer'], scopes: ['write:a', 'read:a'] } };
const settings = Object.fromEntries(settingsOf(ROLES));
const NOBODY = { public: false, anyRole: [], scopes: [] };

/** Access of method `one` under these decorators, and everything that was found. */
async function access(method: string, ofClass = '', settled = {}) {
  const talked = await talk(service(method, ofClass), discovery, { settings: settled });
  const { negotiated, told, marked, findings } = talked;
  return { access: negotiated.access.get('one'), told, marked, findings };
}

test('it answers for five macros, with their documentation', async (t) => {
  const { ns, doc, macros, settings: said } = await (await standard('auth')).describe();
  t.is(ns, 'Auth');
  t.regex(doc, /^Who may call\./);
  t.deepEqual(
    macros.map((m) => m.name),
    ['owner', 'policy', 'protected', 'public', 'require'],
  );
  for (const macro of macros) {
    t.true(macro.doc.length > 40 && macro.example.startsWith('@Auth.'), macro.name);
  }
  t.deepEqual(
    said.of.map((key) => key.name),
    ['roles', 'scopes'],
  );
});

test('demands become access; those of a method replace those of its class', async (t) => {
  const cases: [string, string, object][] = [
    ["@Auth.require({ role: 'a' })", '', { ...NOBODY, anyRole: ['a'] }],
    ["@Auth.require({ anyRole: ['b', 'a', 'b'] })", '', { ...NOBODY, anyRole: ['a', 'b'] }],
    ["@Auth.require({ scope: 's' })", '', { ...NOBODY, scopes: ['s'] }],
    [
      "@Auth.require({ role: 'a', scope: 's' })",
      '',
      { public: false, anyRole: ['a'], scopes: ['s'] },
    ],
    ["@Auth.protected({ scope: 's' })", '', { ...NOBODY, scopes: ['s'] }],
    ["@Auth.protected({ role: 'a' })", '', { ...NOBODY, anyRole: ['a'] }],
    [
      "@Auth.require({ scope: 't' }) @Auth.protected({ scope: 's' })",
      '',
      { ...NOBODY, scopes: ['s', 't'] },
    ],
    [
      "@Auth.require({ scope: 't' }) @Auth.require({ role: 'a' })",
      '',
      { public: false, anyRole: ['a'], scopes: ['t'] },
    ],
    ['@Auth.public', '', { ...NOBODY, public: true }],
    ['@Auth.public()', '', { ...NOBODY, public: true }],
    ['', "@Auth.require({ role: 'c' })", { ...NOBODY, anyRole: ['c'] }],
    ["@Auth.require({ scope: 's' })", "@Auth.require({ role: 'c' })", { ...NOBODY, scopes: ['s'] }],
    ['@Auth.public', "@Auth.require({ role: 'c' })", { ...NOBODY, public: true }],
    ["@Auth.require({ role: 'a' })", '@Auth.public', { ...NOBODY, anyRole: ['a'] }],
    ["@Auth.owner('name')", "@Auth.require({ role: 'c' })", { ...NOBODY, anyRole: ['c'] }],
  ];
  for (const [method, ofClass, expected] of cases) {
    const found = await access(method, ofClass);
    t.deepEqual(found.told, [], method);
    t.deepEqual(found.access, expected as never, `${method} | ${ofClass}`);
  }
  const silent = await access('');
  t.deepEqual(silent.access ?? NOBODY, NOBODY, 'an authenticated session');
});

test('owner becomes a guard over the parameter', async (t) => {
  const guard = async (macro: string, type = 'string') => {
    const text = service(macro).replace('name: string', `name: ${type}`);
    const { negotiated, told } = await talk(text, discovery);
    t.deepEqual(told, [], macro);
    const made = negotiated.contributions.find((c) => c.kind === 'guard');
    t.is(made?.status, 7);
    t.is(made?.macro, 'Auth.owner');
    return made?.text;
  };
  t.is(await guard("@Auth.owner('name')"), 'Session.subject == name');
  t.is(await guard("@Auth.owner('id')"), 'Session.subject == id.toString()');
  t.is(await guard("@Auth.owner('name')", 'Uuid'), 'Session.subject == name.toString()');
  t.is(
    await guard("@Auth.owner('name')", 'string | null'),
    '(name !== null && Session.subject == name!)',
  );
  const or = (demand: string) => guard(`@Auth.owner('name', { or: ${demand} })`);
  const own = 'Session.subject == name || ';
  t.is(await or("{ role: 'a\"b' }"), `${own}Session.hasRole("a\\"b")`);
  t.is(await or("{ anyRole: ['b', 'a'] }"), `${own}Session.hasRole("a") || Session.hasRole("b")`);
  t.is(await or("{ scope: 's' }"), `${own}Session.hasScope("s")`);
  t.is(
    await or("{ anyRole: ['a', 'b'], scope: 's' }"),
    `${own}(Session.hasRole("a") || Session.hasRole("b")) && Session.hasScope("s")`,
  );
});

test('arguments of every wrong kind are errors that point at them', async (t) => {
  const usage = /^CELL4006 .*role.*anyRole.*scope/;
  const cases: [string, RegExp, string][] = [
    ['@Auth.require', usage, '@Auth.require'],
    ['@Auth.require()', usage, '@Auth.require()'],
    ...["'admin'", '7', 'true', 'null', "['a']", 'role', "env('ROLE')"].map(
      (arg): [string, RegExp, string] => [`@Auth.require(${arg})`, usage, arg],
    ),
    ["@Auth.require({ role: 'a' }, 1)", /CELL4006/, '1'],
    ['@Auth.require({})', /it demands nothing/, '{}'],
    ["@Auth.require({ rol: 'a' })", /CELL4004 .*takes no `rol`/, 'rol'],
    ...['7', 'true', 'null', "['a']", '{}', 'role'].map((arg): [string, RegExp, string] => [
      `@Auth.require({ role: ${arg} })`,
      /CELL4005 .*`role` wants a text/,
      arg,
    ]),
    ['@Auth.require({ anyRole: [] })', /CELL4005 .*from 1 to 64 items/, '[]'],
    ["@Auth.require({ anyRole: 'a' })", /CELL4005 .*a list of texts/, "'a'"],
    ["@Auth.require({ anyRole: ['a', 7] })", /CELL4005/, '7'],
    ["@Auth.require({ role: 'a', anyRole: ['b'] })", /two demands for a role/, "['b']"],
    ["@Auth.require({ role: 'two words' })", /no name of a role/, "'two words'"],
    ["@Auth.require({ scope: 'a\\tb' })", /no name of a scope/, "'a\\tb'"],
    ["@Auth.require({ role: '' })", /no name of a role/, "''"],
    ["@Auth.protected({ anyRole: ['a'] })", /CELL4004 .*takes no `anyRole`/, 'anyRole'],
    ['@Auth.public(true)', /CELL4006 .*no argument/, 'true'],
    ['@Auth.owner', /CELL4006/, '@Auth.owner'],
    ["@Auth.owner('nobody')", /the name of a parameter \(id, name\)/, "'nobody'"],
    ['@Auth.owner(7)', /the name of a parameter/, '7'],
    ["@Auth.owner('name', { or: {} })", /it demands nothing/, '{}'],
    ["@Auth.owner('name', {})", /CELL4011 .*needs `or`/, '{}'],
    ["@Auth.owner('name', { or: { role: ' ' } })", /no name of a role/, "' '"],
    ["@Auth.requires({ role: 'a' })", /CELL4002 .*no macro `requires`/, 'Auth.requires'],
    ["@Auth.policy({ roles: ['a'] })", /CELL4008/, "@Auth.policy({ roles: ['a'] })"],
  ];
  for (const [macro, message, at] of cases) {
    const { told, marked } = await access(macro);
    t.is(told.length, 1, `${macro}\n${told.join('\n')}`);
    t.regex(told[0], message, macro);
    t.is(marked[0], at, macro);
  }
});

test('what contradicts itself names both', async (t) => {
  const cases: [string, string, RegExp][] = [
    ["@Auth.public @Auth.require({ role: 'a' })", '', /Auth\.public and @Auth\.require contradict/],
    ["@Auth.public @Auth.protected({ scope: 's' })", '', /Auth\.public and @Auth\.protected/],
    [
      "@Auth.require({ role: 'a' }) @Auth.protected({ role: 'b' })",
      '',
      /@Auth\.protected and @Auth\.require both demand roles/,
    ],
    [
      "@Auth.require({ role: 'a' }) @Auth.require({ role: 'b' })",
      '',
      /two that demand roles, `@Auth\.require` and `@Auth\.require`, contradict/,
    ],
    ["@Auth.owner('name') @Auth.public", '', /Auth\.public and @Auth\.owner contradict/],
    ["@Auth.owner('name')", '@Auth.public', /Auth\.public and @Auth\.owner contradict/],
    ['', "@Auth.public @Auth.require({ role: 'a' })", /Auth\.public and @Auth\.require/],
  ];
  for (const [method, ofClass, message] of cases) {
    const { told } = await access(method, ofClass);
    t.true(told.length > 0, method);
    t.regex(told.join('\n'), message, `${method} | ${ofClass}`);
  }
  const own = "@Auth.owner('name') @Auth.require({ role: 'a' })";
  t.deepEqual((await access(own, '@Auth.public')).told, []);
});

test('a f64, a list and a class name no subject', async (t) => {
  for (const type of ['f64', 'bool', 'u32[]', 'Uint8Array', 'u32 | null', 'Map<string, u32>']) {
    const text = service("@Auth.owner('name')").replace('name: string', `name: ${type}`);
    const { told, marked } = await talk(text, discovery);
    t.is(told.length, 1, type);
    t.true(told[0].includes(`a ${type} names no subject`), told[0]);
    t.is(marked[0], "'name'");
  }
});

test('a misspelt role or scope, where the project says which there are', async (t) => {
  const cases: [string, string, RegExp, string][] = [
    ["@Auth.require({ role: 'custmer' })", '', /did you mean "customer"\?/, "'custmer'"],
    ["@Auth.require({ anyRole: ['admin', 'nobody'] })", '', /"admin", "customer"/, "'nobody'"],
    ["@Auth.protected({ scope: 'write:A' })", '', /did you mean "write:a"\?/, "'write:A'"],
    ["@Auth.owner('name', { or: { role: 'admn' } })", '', /did you mean "admin"\?/, "'admn'"],
    ['', "@Auth.require({ role: 'admim' })", /did you mean "admin"\?/, "'admim'"],
    ['', "@Auth.policy({ roles: ['customers'] })", /did you mean "customer"\?/, "'customers'"],
  ];
  for (const [method, ofClass, message, at] of cases) {
    const { told, marked, findings } = await access(method, ofClass, settings);
    t.is(told.length, 1, told.join('\n'));
    t.regex(`${told[0]}\n${findings[0].fix}`, message);
    t.is(marked[0], at);
  }
  const right = "@Auth.require({ role: 'admin', scope: 'read:a' })";
  t.deepEqual((await access(right, '', settings)).told, []);
});

test('a misspelt role, where the service says which there are', async (t) => {
  const policy = "@Auth.policy({ roles: ['customer', 'admin'] })";
  const fixes = async (method: string, ofClass: string, settled = {}) => {
    const text = service(method, ofClass);
    return (await talk(text, discovery, { settings: settled })).findings.map((f) => f.fix);
  };
  t.deepEqual(await fixes("@Auth.require({ role: 'custmer' })", policy), [
    'did you mean "customer"?',
  ]);
  t.deepEqual(await fixes("@Auth.require({ role: 'zebra' })", policy), [
    'one of "customer", "admin"',
  ]);
  t.deepEqual(await fixes("@Auth.require({ scope: 'any:thing' })", policy), []);
  t.deepEqual(await fixes("@Auth.require({ role: 'admin' })", '@Auth.policy({ roles: [] })'), [
    'none is declared',
  ]);
  const narrower = "@Auth.policy({ roles: ['customer'] })";
  t.deepEqual(await fixes("@Auth.require({ role: 'admin' })", narrower, settings), [
    'one of "customer"',
  ]);
  t.deepEqual(await fixes('', '@Auth.policy({})'), [
    'write { roles: ["..."] } or { scopes: ["..."] }',
  ]);
});

test('issuers of a policy are demanded of every method that is not public', async (t) => {
  const policy = "@Auth.policy({ issuers: ['https://b.example', 'https://a.example'] })";
  const from = 'cell:issuer=https://a.example,https://b.example';
  const cases: [string, string, object][] = [
    ['', policy, { ...NOBODY, scopes: [from] }],
    ["@Auth.require({ role: 'a' })", policy, { ...NOBODY, anyRole: ['a'], scopes: [from] }],
    ["@Auth.protected({ scope: 's' })", policy, { ...NOBODY, scopes: [from, 's'] }],
    ['', `${policy} @Auth.require({ role: 'c' })`, { ...NOBODY, anyRole: ['c'], scopes: [from] }],
    ["@Auth.owner('name')", policy, { ...NOBODY, scopes: [from] }],
    ['@Auth.public', policy, { ...NOBODY, public: true }],
    ['', `${policy} @Auth.public`, { ...NOBODY, public: true }],
    [
      "@Auth.require({ role: 'a' })",
      `${policy} @Auth.public`,
      { ...NOBODY, anyRole: ['a'], scopes: [from] },
    ],
  ];
  for (const [method, ofClass, expected] of cases) {
    const found = await access(method, ofClass);
    t.deepEqual(found.told, [], `${method} | ${ofClass}`);
    t.deepEqual(found.access, expected as never, `${method} | ${ofClass}`);
  }
  const wrong: [string, RegExp][] = [
    ['[]', /from 1 to 8 items/],
    ["'https://a.example'", /`issuers` wants a list/],
    ["['https://a.example', 7]", /`issuers` wants a text/],
    ["['two words']", /"two words" is no issuer/],
    ["['a,b']", /"a,b" is no issuer/],
    [`['${'x'.repeat(117)}']`, /too long together/],
  ];
  for (const [issuers, message] of wrong) {
    const { told } = await access('', `@Auth.policy({ issuers: ${issuers} })`);
    t.is(told.length, 1, told.join('\n'));
    t.regex(told[0], message);
  }
  t.deepEqual((await access('', `@Auth.policy({ issuers: ['${'x'.repeat(116)}'] })`)).told, []);
});

test('names of roles: 128 characters, none of them a space', async (t) => {
  const long = 'r'.repeat(128);
  t.deepEqual((await access(`@Auth.require({ role: '${long}' })`)).told, []);
  t.is((await access(`@Auth.require({ role: '${long}r' })`)).told.length, 1);
  for (const space of ['\u00a0', '\u2003', '\u3000', '\ufeff', '\u007f', '\u0000']) {
    const escaped = `\\u${space.charCodeAt(0).toString(16).padStart(4, '0')}`;
    const { told } = await access(`@Auth.require({ role: 'a${escaped}b' })`);
    t.is(told.length, 1, escaped);
  }
  for (const name of ['größe', '管理者', 'write:accounts', 'https://x.example/admin']) {
    t.deepEqual((await access(`@Auth.require({ role: '${name}' })`)).told, [], name);
  }
});

test('other cells are told who may call what', async (t) => {
  const text = `@service
@Auth.policy({ roles: ['admin', 'dev'] })
@Auth.require({ role: 'dev' })
class Example {
  list(): u32 { return 1; }
  @Auth.require({ role: 'admin', scope: 's' })
  remove(id: u32): u32 { return id; }
  @Auth.public
  version(): u32 { return 1; }
  @Auth.owner('id')
  mine(id: string): u32 { return 1; }
  private helper(): void {}
}
`;
  const { negotiated, told } = await talk(text, discovery);
  t.deepEqual(told, []);
  const plan = negotiated.answers.find((answer) => answer.cell === 'auth')?.plan;
  const facts = plan?.facts.map(({ about, key, values }) => `${about} ${key} ${values.join(',')}`);
  t.deepEqual(facts?.sort(), [
    'Example roles.known admin,dev',
    'Example.list roles dev',
    'Example.mine owner id',
    'Example.mine roles dev',
    'Example.remove roles admin',
    'Example.remove scopes s',
    'Example.version public true',
  ]);
});

test('switched off it contributes nothing', async (t) => {
  const text = service("@Auth.require({ role: 'a' })", '@Auth.public');
  const { negotiated, told } = await talk(text, discovery, { features: { auth: 'off' } });
  t.deepEqual(told, []);
  t.deepEqual(
    negotiated.contributions.filter((c) => c.cell === 'auth'),
    [],
  );
  t.deepEqual(negotiated.access.get('one') ?? NOBODY, NOBODY);
});
