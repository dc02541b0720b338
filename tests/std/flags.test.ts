// @Flags: which method a caller gets, what is refused, and nothing at all when it is off. The flags
// are given to the cell directly here; tests/flags/host.test.ts flips them on a real host.
import test from 'ava';
import type { Compiled } from '../../build/5-compile/compile.ts';
import { link } from '../build/linked.ts';
import { answering, type BuildOptions, builtWith, told } from './standard.ts';

async function built(text: string, options: BuildOptions = {}) {
  return builtWith(await answering({ Flags: 'flags' }), text, options);
}

/** The imports of `cell:flags` over these flags; names are read from the guest's memory. */
function flagged(cell: Compiled, flags: Record<string, boolean | string>) {
  let exports = {} as WebAssembly.Exports;
  const bytes = () => new Uint8Array((exports.memory as WebAssembly.Memory).buffer);
  const name = (at: number, length: number) =>
    new TextDecoder().decode(bytes().slice(at, at + length));
  const bool = (at: number, length: number, otherwise: number) =>
    Number(flags[name(at, length)] ?? otherwise);
  const variant = (at: number, length: number, out: number, cap: number) => {
    const text = new TextEncoder().encode(String(flags[name(at, length)] ?? ''));
    if (text.length <= cap) bytes().set(text, out);
    return text.length;
  };
  return link(cell, { 'cell:flags': { bool, variant } }).then((linked) => {
    exports = linked.exports;
    return linked;
  });
}

const shop = (decorators: string): string => `@service
class Shop {
  ${decorators}
  price(id: u32, name: string): string { return "new " + name; }
  oldPrice(id: u32, name: string): string { return "old " + name + id.toString(); }
  private boldPrice(id: u32, name: string): string { return "bold " + name; }
  ask(name: string): string { return Flags.variantOf(name, "none") + Flags.on(name).toString(); }
}
`;

async function prices(decorators: string, flags: Record<string, boolean | string>) {
  const { compiled, findings } = await built(shop(decorators));
  if (compiled === null) throw new Error(findings.map((f) => f.message).join('\n'));
  const linked = await flagged(compiled, flags);
  return () => linked.call('price', 7, 'tea');
}

test('when: on, the method; off, refused as if it were not there', async (t) => {
  const flags: Record<string, boolean> = { fresh: true };
  const price = await prices('@Flags.when("fresh")', flags);
  t.deepEqual(price(), { value: 'new tea' });
  flags.fresh = false;
  t.like(price(), { status: 12, message: 'this method is not switched on (flag fresh)' });
  delete flags.fresh;
  t.like(price(), { status: 12 }, 'no such flag: off');
});

test('when with otherwise: the other method answers, a private one too', async (t) => {
  const flags: Record<string, boolean> = { fresh: true };
  const price = await prices('@Flags.when("fresh", { otherwise: "oldPrice" })', flags);
  t.deepEqual(price(), { value: 'new tea' });
  flags.fresh = false;
  t.deepEqual(price(), { value: 'old tea7' });
  const hidden = await prices('@Flags.when("fresh", { otherwise: "boldPrice" })', {});
  t.deepEqual(hidden(), { value: 'bold tea' });
});

test('variant: the method of the variant, the method itself for all others', async (t) => {
  const flags: Record<string, string> = { look: 'bold' };
  const price = await prices(
    '@Flags.variant("look", [{ variant: "bold", call: "boldPrice" }, ' +
      '{ variant: "old", call: "oldPrice" }])',
    flags,
  );
  t.deepEqual(price(), { value: 'bold tea' });
  flags.look = 'old';
  t.deepEqual(price(), { value: 'old tea7' });
  flags.look = 'control';
  t.deepEqual(price(), { value: 'new tea' });
  delete flags.look;
  t.deepEqual(price(), { value: 'new tea' });
});

test('parameters keep their meaning, whatever they are called', async (t) => {
  const text = `@service class Shop {
    @Flags.variant("look", [{ variant: "bold", call: "bold" }])
    page(variant: string, variant_: u32): string { return "plain " + variant; }
    private bold(a: string, b: u32): string { return "bold " + a + b.toString(); }
  }`;
  const { compiled, findings } = await built(text);
  t.deepEqual(findings, []);
  const linked = await flagged(compiled as Compiled, { look: 'bold' });
  t.deepEqual(linked.call('page', 'mine', 7), { value: 'bold mine7' });
  const hidden = text.replace('variant_: u32', 'result: u32');
  t.regex(told(await built(hidden)).join(), /a parameter `result` cannot be passed on to `bold`/);
});

test('methods without a result, and the accessors in code', async (t) => {
  const text = `@service class Shop {
    @Flags.when("fresh", { otherwise: "older" }) go(): void { log.info("new"); }
    older(): void { log.info("old"); }
    ask(name: string): string { return Flags.variantOf(name, "none") + Flags.on(name).toString(); }
  }`;
  const { compiled, findings } = await built(text);
  t.deepEqual(findings, []);
  const flags: Record<string, boolean | string> = { fresh: false, look: 'žluť' };
  const linked = await flagged(compiled as Compiled, flags);
  linked.call('go');
  flags.fresh = true;
  linked.call('go');
  t.deepEqual(linked.log(), ['1 old', '1 new']);
  t.deepEqual(linked.call('ask', 'look'), { value: 'žluťfalse' });
  t.deepEqual(linked.call('ask', 'missing'), { value: 'nonefalse' });
  t.deepEqual(linked.call('ask', 'fresh'), { value: 'truetrue' });
});

test('the capability stands in the manifest, with what brought it', async (t) => {
  const { compiled } = await built(shop('@Flags.when("fresh")'));
  const flags = compiled?.manifest.capabilities.find((one) => one.name === 'flags');
  t.deepEqual(flags?.imports, ['cell:flags.bool', 'cell:flags.variant']);
  t.regex(flags?.broughtBy ?? '', /Flags\.when/);
});

test('off: the module is the undecorated one, to the byte', async (t) => {
  const decorators =
    '@Flags.when("fresh", { otherwise: "oldPrice" }) ' +
    '@Flags.variant("look", [{ variant: "bold", call: "boldPrice" }])';
  const off = await built(shop(decorators), { features: { flags: 'off' } });
  const plain = await built(shop(''));
  t.truthy(plain.compiled);
  t.deepEqual(off.compiled?.wasm, plain.compiled?.wasm);
});

const wrong: [string, RegExp][] = [
  ['@Flags.when', /CELL\d+ /],
  ['@Flags.when(true)', /wants a text/],
  ['@Flags.when("")', /`` is no name of a flag/],
  ['@Flags.when("new pricing")', /`new pricing` is no name of a flag/],
  ['@Flags.when("f", { otherwise: "old" })', /old/],
  ['@Flags.when("f", { otherwise: "price" })', /the method would call itself/],
  ['@Flags.when("f", { otherwise: "ask" })', /CELL\d+/],
  ['@Flags.variant("f")', /CELL\d+/],
  ['@Flags.variant("f", [])', /CELL\d+/],
  ['@Flags.variant("f", [{ variant: "a b", call: "oldPrice" }])', /`a b` is no name of a variant/],
  [
    '@Flags.variant("f", [{ variant: "a", call: "oldPrice" }, { variant: "a", call: "oldPrice" }])',
    /the variant `a` is there twice/,
  ],
];

for (const [decorator, message] of wrong) {
  test(`refused: ${decorator}`, async (t) => {
    const result = await built(shop(decorator));
    t.is(result.compiled, null);
    t.regex(told(result).join('\n'), message);
    t.is(result.findings[0].line, 3, 'in the line of the decorator');
    t.true(result.findings[0].column >= 3);
  });
}

test('declared flags: another is an error that says what was meant', async (t) => {
  const cells = { flags: { names: ['new-pricing', 'look'] } };
  const result = await built(shop('@Flags.when("new-prcing")'), { cells });
  t.regex(`${told(result)[0]} ${result.findings[0].fix}`, /new-pricing/);
  t.deepEqual(told(await built(shop('@Flags.when("new-pricing")'), { cells })), []);
});
