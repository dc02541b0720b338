// A macro that makes macros: the built cell answers for decorators that another cell gave it.
import test from 'ava';
import type { Provider } from '../../build/3-negotiate/contract.ts';
import { link } from '../build/linked.ts';
import { builtWith, standard, told } from '../std/standard.ts';
import { discoveryOf, inProcess } from './in-process.ts';

/** Gives a service a macro that looks for one of its fields. */
const TABLE = `
@service
class Table {
  @macro({ on: ["service"], args: [{ type: "list", items: { type: "string" } }] })
  private columns(spot: Spot): void {
    const columns = spot.args.texts("0");
    spot.method("by", \`private by(spot: Spot): void {
      spot.guard(spot.args.text("0") + " > 0", Status.INVALID_ARGUMENT, "no \${columns.join("/")}");
    }\`);
    spot.macro("by", \`{"name":"find","doc":"Finds a row.","on":["method"],"stage":"validate",
      "args":[{"type":"string","values":[\${quoteAll(columns)}]}]}\`);
  }

  @macro({ on: ["service"], args: [{ type: "string" }] })
  private raw(spot: Spot): void {
    spot.macro("none", spot.args.text("0"));
  }
}`;

const USERS = `
@Table.columns(["id", "email"])
@service
class Users { count(): u32 { return 2; } }`;

let providers: Record<string, Provider>;

async function provider(text: string): Promise<Provider> {
  const built = await builtWith(discoveryOf(providers), text);
  if (built.compiled === null) throw new Error(told(built).join('\n'));
  return inProcess(built.compiled);
}

test.before(async () => {
  providers = { '': await standard('service') };
  providers.Table = await provider(TABLE);
});

test('the built cell describes, checks and plans what it was given', async (t) => {
  const built = await builtWith(discoveryOf(providers), USERS);
  if (built.compiled === null) throw new Error(told(built).join('\n'));
  const { manifest, schema } = built.compiled;
  t.deepEqual(manifest.macros, { ns: 'Users', names: ['find'] });
  t.deepEqual(
    schema.methods.map((m) => [m.name, m.channel ?? 'app']),
    [
      ['count', 'app'],
      ...['$describe', '$plan', '$apply', '$rollback'].map((name) => [name, 'macro']),
    ],
  );
  const users = await inProcess(built.compiled);
  const [find] = (await users.describe()).macros;
  t.like(find, { name: 'find', doc: 'Finds a row.', stage: 'validate' });
  t.deepEqual(find.args[0].values, ['id', 'email']);

  const all = { ...providers, Users: users };
  const service = (column: string): string =>
    `@service class Shop { @Users.find("${column}") get(id: u32): u32 { return id; } }`;
  const shop = await builtWith(discoveryOf(all), service('id'));
  if (shop.compiled === null) throw new Error(told(shop).join('\n'));
  const cell = await link(shop.compiled);
  t.deepEqual(cell.call('get', 7), { value: 7 });
  t.like(cell.call('get', 0), { status: 3, message: 'no id/email' });
  const wrong = await builtWith(discoveryOf(all), service('idd'));
  t.regex(told(wrong).join(), /"email"/);
});

for (const [what, json] of [
  ['no JSON', '{'],
  ['a list', '[]'],
  ['without places', '{"name":"x"}'],
  ['at an unknown place', '{"on":["file"]}'],
  ['in an unknown stage', '{"on":["method"],"stage":"late"}'],
  ['with an unknown key', '{"on":["method"],"colour":1}'],
  ['with a bad shape', '{"on":["method"],"args":[{"type":"object","of":[{"type":"string"}]}]}'],
  ['with shapes without end', `{"on":["method"],"args":[${'{"type":"list","of":['.repeat(99)}]}`],
  ['with a wrong name', '{"on":["method"],"name":"a b"}'],
  ['that wants more than it may', '{"on":["method"],"needs":["disk"]}'],
]) {
  test(`CELL4043: a macro made of a description ${what}`, async (t) => {
    const quoted = JSON.stringify(json);
    const built = await builtWith(
      discoveryOf(providers),
      `@Table.raw(${quoted})\n@service class Users { count(): u32 { return 2; } }`,
    );
    t.is(built.compiled, null);
    const [finding] = built.findings;
    t.deepEqual([finding.code, finding.line, finding.column], ['CELL4043', 1, 1]);
    t.regex(finding.message, /@Table\.raw/);
  });
}
