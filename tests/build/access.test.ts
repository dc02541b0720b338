// Who may call: what @Auth.require and @Auth.public mean, alone, together, on the class and on
// methods.

import test from 'ava';
import { built, described } from './project.ts';

/** Access of `m` under these decorators, and the findings. */
async function access(onMethod: string, onClass = '') {
  const { service, findings } = await described(
    `${onClass} @service class Example { ${onMethod} m(): void {} }`,
  );
  return {
    access: service?.schema.methods[0].access,
    codes: findings.map((f) => f.code),
    texts: findings.map((f) => f.fix),
  };
}

const demand = (anyRole: string[], scopes: string[] = [], open = false) => ({
  public: open,
  anyRole,
  scopes,
});

const GOOD: [string, string, ReturnType<typeof demand>][] = [
  ['', '', demand([])],
  ['@Auth.public', '', demand([], [], true)],
  ['@Auth.public()', '', demand([], [], true)],
  ['@Auth.require({ role: "a" })', '', demand(['a'])],
  ['@Auth.require({ anyRole: ["b", "a", "b"] })', '', demand(['a', 'b'])],
  ['@Auth.require({ scope: "s" })', '', demand([], ['s'])],
  ['@Auth.require({ role: "a", scope: "s" })', '', demand(['a'], ['s'])],
  ['@Auth.require({ role: "a" }) @Auth.require({ scope: "s" })', '', demand(['a'], ['s'])],
  ['@Auth.require({ scope: "t" }) @Auth.require({ scope: "s" })', '', demand([], ['s', 't'])],
  ['', '@Auth.require({ role: "a" })', demand(['a'])],
  ['', '@Auth.public', demand([], [], true)],
  ['@Auth.public', '@Auth.require({ role: "a" })', demand([], [], true)],
  ['@Auth.require({ scope: "s" })', '@Auth.require({ role: "a" })', demand([], ['s'])],
  ['@Auth.require({ role: `a` })', '', demand(['a'])],
  [`@Auth.require({ role: "${'x'.repeat(128)}" })`, '', demand(['x'.repeat(128)])],
];

for (const [onMethod, onClass, expected] of GOOD) {
  test(`method ${onMethod.slice(0, 60) || 'bare'}, class ${onClass || 'bare'}`, async (t) => {
    const found = await access(onMethod, onClass);
    t.deepEqual(found.codes, []);
    t.deepEqual(found.access, expected);
  });
}

const BAD: [string, string, string | null][] = [
  ['@Auth.public @Auth.require({ role: "a" })', 'CELL4009', null],
  ['@Auth.require({ role: "a" }) @Auth.require({ role: "b" })', 'CELL4009', null],
  ['@Auth.require({ role: "a", anyRole: ["b"] })', 'CELL4017', null],
  ['@Auth.require({ role: "a", role: "b" })', 'CELL4010', null],
  ['@Auth.requires({ role: "a" })', 'CELL4002', 'did you mean @Auth.require?'],
  ['@Auth.protectd', 'CELL4002', 'did you mean @Auth.protected?'],
  ['@Auth.require({ roles: "a" })', 'CELL4004', 'did you mean role?'],
  ['@Auth.require({ zebra: "a" })', 'CELL4004', 'one of role, anyRole, scope'],
  ['@Auth.require({ role: "" })', 'CELL4017', null],
  ['@Auth.require({ role: "a b" })', 'CELL4017', null],
  ['@Auth.require({ role: "a\\0" })', 'CELL4017', null],
  [`@Auth.require({ role: "${'x'.repeat(129)}" })`, 'CELL4017', null],
  ['@Auth.require({ role: name })', 'CELL4005', null],
  ['@Auth.require({ role: ["a"] })', 'CELL4005', null],
  ['@Auth.require({ anyRole: "a" })', 'CELL4005', null],
  ['@Auth.require({ anyRole: [] })', 'CELL4005', null],
  ['@Auth.require({ anyRole: ["a", 5] })', 'CELL4005', null],
  ['@Auth.require({ scope: null })', 'CELL4005', null],
  ['@Auth.require', 'CELL4006', null],
  ['@Auth.require()', 'CELL4006', null],
  ['@Auth.require({})', 'CELL4017', null],
  ['@Auth.require("a")', 'CELL4006', null],
  ['@Auth.require({ role: "a" }, { role: "b" })', 'CELL4006', null],
  ['@Auth.public(true)', 'CELL4006', null],
  ['@Nowhere.default', 'CELL4001', null],
  ['@Auth2.require({ role: "a" })', 'CELL4001', null],
  [
    '@deprecated',
    'CELL4003',
    'one of @macro, @remote, @service; if none of them was meant, remove it',
  ],
  ['@inlined', 'CELL4003', 'did you mean @inline?'],
];

for (const [onMethod, code, fix] of BAD) {
  test(`${onMethod.slice(0, 60)}: ${code}`, async (t) => {
    const found = await access(onMethod);
    t.deepEqual(found.codes, [code]);
    if (fix !== null) t.is(found.texts[0], fix);
  });
}

test('a macro is refused wherever it cannot mean anything', async (t) => {
  const { findings } = await built(`
@Auth.public function f(): void {}
@Auth.public class Value { @Auth.public id: u32 = 0; }
@Auth.public enum E { A }
@service class Example {
  @Auth.public field: u32 = 0;
  @Auth.public constructor() {}
  @Auth.public static s(): void {}
  @Auth.public start(): void {}
  @Auth.public get g(): u32 { return 1; }
  @Auth.public @service m(): void {}
}`);
  const places = findings.filter((f) => f.code === 'CELL4008').map((f) => f.line);
  t.deepEqual(places, [2, 3, 3, 4, 6, 7, 8, 9, 10, 11]);
});

test("asc's own decorators are let through", async (t) => {
  const found = await access('@inline @unsafe @final @lazy @operator("+") @operator.binary("-")');
  t.deepEqual(found.codes, []);
});
