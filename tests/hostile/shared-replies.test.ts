// A reply that is kept for all callers, by code that tells them apart a function away: the build
// refuses it, or the first caller's answer would be everybody's.
import test from 'ava';
import { discoveryOf } from '../build/macros.ts';
import { built } from '../build/project.ts';
import { village } from '../build/village.ts';

const MEMO = { kind: 'policy', name: 'memo', numbers: [1000, 0], values: ['shared'] };
const FAR = { kind: 'remote', name: 'Ledger', text: 'ledger' };

const LEDGER = `@service class Ledger {
  @Auth.public open(id: u32): u32 { return id; }
  @Auth.require({ role: "admin" }) closed(id: u32): u32 { return id; }
}`;

/** Findings of a handler `ask` with these statements, whose replies are kept for all. */
async function told(body: string, more = ''): Promise<string[]> {
  const text = `@service class Example {
    @Test.shared ask(id: u32): string { ${body} }
    private me(): string { return Session.subject; }
  }
  class Clerk { name(): string { return Session.subject; } }
  ${more}`;
  const ledger = (await village([LEDGER])).get('ledger');
  const discovery = {
    ...discoveryOf({ shared: { gives: [MEMO] }, far: { gives: [FAR] } }),
    remote: async () => (ledger ? { schema: ledger.schema, from: 'a test' } : null),
  };
  const { findings } = await built(text, { discovery, features: new Map(), settings: new Map() });
  return findings.map(({ code, line, message }) => `${code} ${line} ${message}`);
}

const REFUSED = 'CELL4019 2 `@Test.shared` keeps one reply for all callers of `ask`, but';

test('a function, a private method, another class that reads Session', async (t) => {
  const deep = `function who(n: u32): string { return deep(); }
    function deep(): string { return Session.subject; }`;
  for (const [body, more] of [
    ['return who(id);', deep],
    ['return this.me();', ''],
    ['return new Clerk().name();', ''],
    ['return [id].map<string>((n: u32): string => who(n))[0];', deep],
  ]) {
    t.deepEqual(await told(body, more), [`${REFUSED} its code reads Session`], body);
  }
});

test('a flag that a function asks for', async (t) => {
  const on = 'function on(): string { return Flags.variantOf("x", "y"); }';
  t.deepEqual(await told('return on();', on), [`${REFUSED} its code asks for flags`]);
});

test("another cell's method that asks for a role: a kept reply would step over it", async (t) => {
  const far = '@Test.far class Ledger {}';
  const closed = await told('return Ledger.closed(id).toString();', far);
  t.deepEqual(closed, [`${REFUSED} it calls \`ledger.closed\`, which is not for everybody`]);
  t.deepEqual(await told('return Ledger.open(id).toString();', far), []);
});

test('code that nobody reaches from there does no harm', async (t) => {
  t.deepEqual(await told('return id.toString();'), []);
});
