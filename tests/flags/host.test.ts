// Flags on a running host: flipped without a build or a restart, stable for a subject over hosts,
// read for the right caller in every mode.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { readModule } from '../../host/cell/module.ts';
import { bucketOf } from '../../host/flags/evaluate.ts';
import { saveFlags } from '../../host/flags/file.ts';
import { client, folder, moduleOf, serve, until } from '../std/served.ts';
import { answering, moduleFile } from '../std/standard.ts';

const SHOP = `@service
class Shop {
  @Flags.when("new-pricing", { otherwise: "oldPrice" })
  price(id: u32): string { return "new"; }
  private oldPrice(id: u32): string { return "old"; }

  @Flags.variant("look", [{ variant: "bold", call: "boldPage" }])
  page(): string { return "plain"; }
  private boldPage(): string { return "bold"; }

  @Auth.public
  open(): string { return Flags.on("new-pricing").toString() + Flags.variantOf("look", "none"); }
}
`;

const built = async (cwd: string) =>
  moduleOf(cwd, await answering({ Flags: 'flags', Auth: 'auth' }), SHOP);

for (const lanes of [0, 2]) {
  test(`a flip changes what a running host does, ${lanes} lanes`, async (t) => {
    const cwd = folder(t);
    const shop = await built(cwd);
    const host = await serve(t, cwd, [shop], { lanes });
    const alice = await client(t, host, shop, { subject: 'alice' });
    t.is(await alice.call('price', 1), 'old', 'no file: off');
    t.is(await alice.call('page'), 'plain');
    saveFlags(cwd, { flags: { 'new-pricing': true } });
    await until(async () => (await alice.call('price', 1)) === 'new');
    saveFlags(cwd, { flags: { 'new-pricing': false } });
    await until(async () => (await alice.call('price', 1)) === 'old');
    saveFlags(cwd, { flags: { 'new-pricing': 'yes' } });
    await until(() => host.log.some((line) => line.includes('the flags stay as they were')));
    t.regex(host.log.join('\n'), /new-pricing: expected an object, got "yes"/);
    t.is(await alice.call('price', 1), 'old');
    fs.rmSync(path.join(cwd, 'cell.flags.json'));
    const rules = [{ roles: ['staff'], give: true }];
    saveFlags(cwd, { flags: { 'new-pricing': { default: false, rules } } });
    const staff = await client(t, host, shop, { subject: 'bob', roles: ['dev', 'staff'] });
    await until(async () => (await staff.call('price', 1)) === 'new');
    t.is(await alice.call('price', 1), 'old', 'the caller is the one who calls');
  });
}

test('variants split by subject, the same on the next host; nobody has none', async (t) => {
  const cwd = folder(t);
  const shop = await built(cwd);
  const rules = [{ split: { control: 50, bold: 50 } }];
  const look = { variants: ['control', 'bold'], default: 'control', rules };
  saveFlags(cwd, { flags: { look } });
  const subjects = Array.from({ length: 24 }, (_, i) => `subject-${i}`);
  const expected = subjects.map((who) => (bucketOf('look', who) < 50_000 ? 'plain' : 'bold'));
  t.deepEqual([...new Set(expected)].sort(), ['bold', 'plain']);
  for (const lanes of [1, 0]) {
    const host = await serve(t, cwd, [shop], { lanes });
    const seen: unknown[] = [];
    for (const subject of subjects) {
      const one = await client(t, host, shop, { subject });
      seen.push(await one.call('page'));
      t.is(await one.call('page'), seen.at(-1));
      await one.synapse.close();
    }
    t.deepEqual(seen, expected, `${lanes} lanes`);
    const nobody = await client(t, host, shop, null);
    t.is(await nobody.call('open'), 'falsecontrol');
    await host.stop();
  }
});

test('the cell `flags`, served: clients ask what is on for them', async (t) => {
  const cwd = folder(t);
  const file = await moduleFile('flags');
  const { schema } = readModule(fs.readFileSync(file), file);
  const rules = [{ subjects: ['alice'], give: true }];
  const look = { variants: ['a', 'b'], default: 'b' };
  saveFlags(cwd, { flags: { sale: { default: false, rules }, look } });
  const host = await serve(t, cwd, [{ file, schema }]);
  const asking = async (subject: string) => client(t, host, { file, schema }, { subject });
  const [alice, bob] = [await asking('alice'), await asking('bob')];
  t.is(await alice.call('isOn', 'sale'), true);
  t.is(await bob.call('isOn', 'sale'), false);
  t.is(await bob.call('isOn', 'missing'), false);
  t.is(await bob.call('variantOf', 'look'), 'b');
  t.is(await bob.call('variantOf', 'sale'), '');
});

test('a host does not begin with flags that are wrong', async (t) => {
  const cwd = folder(t);
  const shop = await built(cwd);
  saveFlags(cwd, { flags: { look: { variants: [] } } });
  await t.throwsAsync(serve(t, cwd, [shop]), {
    message: /cell\.flags\.json\.flags\.look\.variants: expected a list/,
  });
});

test('a guest that used up its stack gets a trap; the flags of its lane stay whole', async (t) => {
  const cwd = folder(t);
  const text = `@service class Deep {
    dig(n: u32): u32 { return Flags.on("f") ? 1 + this.dig(n + 1) : n; }
    on(): bool { return Flags.on("f"); }
  }`;
  const deep = await moduleOf(cwd, await answering({}), text);
  saveFlags(cwd, {
    flags: { f: { default: false, rules: [{ subjects: ['alice'], give: true }] } },
  });
  const host = await serve(t, cwd, [deep], { lanes: 1 });
  const [alice, bob] = [
    await client(t, host, deep, { subject: 'alice' }),
    await client(t, host, deep, { subject: 'bob' }),
  ];
  for (let i = 0; i < 20; i++) {
    saveFlags(cwd, {
      flags: {
        f: { doc: `version ${i}`, default: false, rules: [{ subjects: ['alice'], give: true }] },
      },
    });
    await t.throwsAsync(alice.call('dig', i));
    t.is(await alice.call('on'), true);
    t.is(await bob.call('on'), false);
  }
});
