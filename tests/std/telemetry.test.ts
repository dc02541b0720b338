// @Telemetry: the policies that come out, what is refused and what it says, profiles, and nothing
// at all when it is off.
import test from 'ava';
import type { Policies } from '../../host/schema/types.ts';
import { answering, type BuildOptions, builtWith, told } from './standard.ts';

const service = (decorators: string, onClass = ''): string => `@service
${onClass}
class Shop {
  ${decorators}
  buy(id: u32, plan: string): u32 { return id; }
  look(): void {}
}
`;

async function built(text: string, options: BuildOptions = {}) {
  return builtWith(await answering({ Telemetry: 'telemetry' }), text, options);
}

async function policies(text: string, options: BuildOptions = {}) {
  const result = await built(text, options);
  if (result.compiled === null) throw new Error(told(result).join('\n'));
  const methods = result.compiled.schema.methods.map((m) => [m.name, m.policies] as const);
  return Object.fromEntries(methods) as Record<string, Policies | undefined>;
}

test('span: bare, named, and with the share of `traces` on method or class', async (t) => {
  const span = async (decorators: string, onClass = '', options = {}) =>
    (await policies(service(decorators, onClass), options)).buy?.span;
  t.deepEqual(await span('@Telemetry.span'), { name: '', ratio: 1 });
  t.deepEqual(await span('@Telemetry.span({ name: "sale" })'), { name: 'sale', ratio: 1 });
  const tenth = '@Telemetry.traces({ sampled: "0.1" })';
  t.deepEqual(await span(`@Telemetry.span ${tenth}`), { name: '', ratio: 0.1 });
  t.deepEqual(await span(`${tenth} @Telemetry.span`), { name: '', ratio: 0.1 });
  t.deepEqual(await span('@Telemetry.span({ name: "s" })', tenth), { name: 's', ratio: 0.1 });
  t.deepEqual(await span('@Telemetry.traces({ sampled: 0 })'), { name: '', ratio: 0 });
});

test('traces on the class: every method; a method of its own share keeps it', async (t) => {
  const all = await policies(
    service('@Telemetry.traces({ sampled: 1 })', '@Telemetry.traces({ sampled: 0.25 })'),
  );
  t.deepEqual(all, {
    buy: { span: { name: '', ratio: 1 } },
    look: { span: { name: '', ratio: 0.25 } },
  });
});

test('metrics: counters with fixed labels and with claims', async (t) => {
  const many =
    '@Telemetry.metrics({ counter: "sales_total", labels: ["region", "tier:premium"] }) ' +
    '@Telemetry.metrics({ counter: "visits_total" })';
  t.deepEqual((await policies(service(many))).buy, {
    counters: [
      {
        name: 'sales_total',
        labels: [
          { key: 'region', value: null },
          { key: 'tier', value: 'premium' },
        ],
      },
      { name: 'visits_total', labels: [] },
    ],
  });
});

const ALL =
  '@Telemetry.span @Telemetry.traces({ sampled: 0.5 }) ' +
  '@Telemetry.metrics({ counter: "sales_total", labels: ["region"] })';

test('profiles: counters only, or every trace', async (t) => {
  const with_ = (profile: string) => policies(service(ALL), { features: { telemetry: profile } });
  t.deepEqual(Object.keys((await with_('metrics-only')).buy ?? {}), ['counters']);
  t.deepEqual((await with_('debug')).buy?.span, { name: '', ratio: 1 });
  const wrong = await built(service(ALL), { features: { telemetry: 'metric-only' } });
  t.regex(told(wrong)[0], /has no profile `metric-only`/);
  t.regex(wrong.findings[0].fix ?? '', /metrics-only/);
});

test('off: the module is the undecorated one, to the byte', async (t) => {
  const text = service(ALL, '@Telemetry.traces({ sampled: 1 })');
  const off = await built(text, { features: { telemetry: 'off' } });
  const plain = await built(service(''));
  t.truthy(plain.compiled);
  t.deepEqual(off.compiled?.wasm, plain.compiled?.wasm);
  const on = await built(text);
  t.notDeepEqual(on.compiled?.wasm, plain.compiled?.wasm, 'the policies stand in the schema');
  t.deepEqual(on.compiled?.manifest.capabilities, plain.compiled?.manifest.capabilities);
});

const wrong: [string, RegExp][] = [
  ['@Telemetry.spam', /CELL4002 4:4 `Telemetry` has no macro `spam`/],
  ['@Telemetry.span({ name: "" })', /4:27 .*1 to 128 characters/],
  ['@Telemetry.span({ name: 3 })', /4:27 `name` wants a text/],
  ['@Telemetry.span("sale")', /4:19 /],
  ['@Telemetry.traces', /4:3 /],
  ['@Telemetry.traces({ sampled: 2 })', /4:32 /],
  ['@Telemetry.traces({ sampled: "10%" })', /4:32 .*`sampled` is a number from 0 to 1/],
  ['@Telemetry.traces({ sampled: "1.5" })', /4:32 .*`sampled`/],
  ['@Telemetry.metrics', /4:3 /],
  ['@Telemetry.metrics({ counter: "" })', /4:33 .*is no name of a counter/],
  ['@Telemetry.metrics({ counter: "sales" })', /4:33 .*`sales` is no name of a counter/],
  ['@Telemetry.metrics({ counter: "cell_calls_total" })', /4:33 .*no name of a counter/],
  ['@Telemetry.metrics({ counter: "sa-les_total" })', /4:33 .*no name of a counter/],
  ['@Telemetry.metrics({ counter: "a_total", labels: "x" })', /4:52 /],
];

for (const [decorator, message] of wrong) {
  test(`refused: ${decorator}`, async (t) => {
    const result = await built(service(decorator));
    t.is(result.compiled, null);
    t.regex(told(result).join('\n'), message);
  });
}

const labels: [string, RegExp][] = [
  ['sub', /`sub` has as many values as there are callers/],
  ['email', /`email` has as many values as there are callers/],
  ['id', /the parameter `id` has values without end/],
  ['plan', /the parameter `plan` has values without end/],
  ['account:{id}', /`\{id\}` has as many values as there are arguments/],
  ['tier:', /`tier` needs a value|has the label/],
  ['cell:x', /the label `cell` is the host's own/],
  ['le', /the label `le` is the host's own/],
  ['__name__', /the label `__name__` is the host's own/],
  ['a-b:c', /`a-b` is no name of a label/],
  ['region", "region:eu', /the label `region` is there twice/],
];

for (const [label, message] of labels) {
  test(`a label that has no bound, or is none: ${label}`, async (t) => {
    const decorator = `@Telemetry.metrics({ counter: "sales_total", labels: ["${label}"] })`;
    const result = await built(service(decorator));
    t.is(result.compiled, null);
    t.regex(told(result).join('\n'), message);
    const last = `"${label.split('"').at(-1)}"]`;
    t.is(result.findings[0].column, `  ${decorator}`.indexOf(last) + 1, 'points at the label');
  });
}

test('declared claims: others are errors that say which there are', async (t) => {
  const text = service('@Telemetry.metrics({ counter: "sales_total", labels: ["regoin"] })');
  const cells = { telemetry: { claims: ['region', 'tenant'] } };
  const result = await built(text, { cells });
  t.regex(told(result)[0], /no claim `regoin` is declared/);
  t.regex(result.findings[0].fix ?? '', /region, tenant/);
  const good = await built(text.replace('regoin', 'region'), { cells });
  t.deepEqual(told(good), []);
});

test('one counter has one set of label names', async (t) => {
  const text = service('@Telemetry.metrics({ counter: "c_total", labels: ["region"] })').replace(
    'look(',
    '@Telemetry.metrics({ counter: "c_total", labels: ["tier:a"] }) look(',
  );
  const result = await built(text);
  t.regex(told(result).join(), /`c_total` has the labels \[region\] on Shop.buy, here \[tier\]/);
  const same = await built(text.replace('tier:a', 'region:eu'));
  t.deepEqual(told(same), []);
});
