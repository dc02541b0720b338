// A real host that is asked by Prometheus and tells an OTLP receiver: what the client's trace, the
// policies of the methods and the callers' tokens become there.
import test, { type ExecutionContext } from 'ava';
import type { Config } from '../../host/cell/config.ts';
import { client, folder, type Module, moduleOf, serve, until } from '../std/served.ts';
import { answering } from '../std/standard.ts';
import { promtool } from './promtool.ts';
import { receiver } from './receiver.ts';

const SHOP = `@service
class Shop {
  @Telemetry.span({ name: "the sale" })
  @Telemetry.metrics({ counter: "sales_total", labels: ["plan", "tier:a"] })
  buy(id: u32): u32 { return id == 13 ? fail<u32>(Status.NOT_FOUND, "no such thing") : id; }

  @Telemetry.span @Telemetry.traces({ sampled: 0 })
  rare(): void {}

  where(): string { return TraceContext.current; }

  broken(): void { throw new Error("broken"); }
}
`;

async function shop(t: ExecutionContext): Promise<{ cwd: string; module: Module }> {
  const cwd = folder(t);
  const module = await moduleOf(cwd, await answering({ Telemetry: 'telemetry' }), SHOP);
  return { cwd, module };
}

const scrape = async (port: number, headers = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/metrics`, { headers });

async function samples(port: number, name: string): Promise<string[]> {
  const text = await (await scrape(port)).text();
  return text.split('\n').filter((line) => line.startsWith(name));
}

for (const lanes of [0, 2]) {
  test(`/metrics: calls, counters by claim, all of it sound, ${lanes} lanes`, async (t) => {
    const { cwd, module } = await shop(t);
    const host = await serve(t, cwd, [module], { lanes });
    const gold = await client(t, host, module, { subject: 'a', claims: { plan: 'gold' } });
    const none = await client(t, host, module, { subject: 'b' });
    for (let i = 0; i < 3; i++) await gold.call('buy', i);
    await none.call('buy', 1);
    await t.throwsAsync(gold.call('buy', 13), { message: /no such thing/ });
    await t.throwsAsync(none.call('broken'));
    const mine = '{cell="shop",method="buy"}';
    await until(async () =>
      (await samples(host.port, `cell_calls_total${mine}`))[0]?.endsWith(' 5'),
    );
    t.deepEqual(await samples(host.port, 'sales_total'), [
      'sales_total{cell="shop",plan="",tier="a"} 1',
      'sales_total{cell="shop",plan="gold",tier="a"} 3',
    ]);
    t.deepEqual(await samples(host.port, `cell_call_errors_total${mine}`), [
      `cell_call_errors_total${mine} 1`,
    ]);
    t.deepEqual(await samples(host.port, 'cell_sessions'), ['cell_sessions 2']);
    t.is((await samples(host.port, 'cell_lane_ready')).length, Math.max(1, lanes));
    t.deepEqual(await samples(host.port, 'cell_span'), [], 'nobody wants spans');
    const reply = await scrape(host.port);
    t.is(reply.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    const found = promtool(await reply.text());
    if (found === null) t.log('NOT JUDGED: there is no promtool here (Debian package prometheus)');
    t.is(found ?? '', '');
  });
}

test('who may read /metrics where others could ask', async (t) => {
  const { cwd, module } = await shop(t);
  const secret = 'x'.repeat(32);
  const issuers: Config['issuers'] = [
    { issuer: 'i', audience: 'a', algorithms: ['HS256'], secret },
  ];
  const config: Config = { issuers, hosts: ['shop.example.org'] };
  const host = await serve(t, cwd, [module], { config });
  const { SignJWT } = await import('jose');
  const token = (scope: string) =>
    new SignJWT({ scope })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('prometheus')
      .setIssuer('i')
      .setAudience('a')
      .setExpirationTime('1h')
      .sign(Buffer.from(secret));
  const status = async (scope: string | null) => {
    const headers = scope === null ? {} : { authorization: `Bearer ${await token(scope)}` };
    return (await scrape(host.port, headers)).status;
  };
  t.is(await status(null), 401);
  t.is(await status('read'), 403);
  t.is(await status('cell:metrics'), 200);
  await host.reception.revoke('prometheus');
  t.is(await status('cell:metrics'), 401, 'revoked');
  await host.stop();
  const off = await serve(t, cwd, [module], {
    config: { cells: { telemetry: { metrics: false } } },
  });
  t.is((await scrape(off.port)).status, 404);
});

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

for (const lanes of [0, 1]) {
  test(`spans: the client's trace goes on, roots begin here, ${lanes} lanes`, async (t) => {
    const { cwd, module } = await shop(t);
    const got = await receiver(t);
    const config: Config = { cells: { telemetry: { otlp: got.base } } };
    const before = BigInt(Date.now()) * 1_000_000n;
    const host = await serve(t, cwd, [module], { lanes, config });
    let trace: string | null = null;
    const alice = await client(t, host, module, { subject: 'a' }, { trace: () => trace });
    await alice.call('buy', 1);
    await alice.call('rare');
    await alice.call('look').catch(() => {});
    trace = `00-${TRACE}-${SPAN}-01`;
    await t.throwsAsync(alice.call('buy', 13));
    await alice.call('rare');
    t.is(await alice.call('where'), trace);
    trace = `00-${TRACE}-${SPAN}-00`;
    await alice.call('buy', 2);
    t.is(await alice.call('where'), trace, 'not sampled, and still in the trace');
    trace = null;
    t.is(await alice.call('where'), '');
    await got.until(() => got.spans.length >= 3);
    await host.stop();
    t.deepEqual(got.faults, []);
    t.is(got.spans.length, 3, 'unsampled roots and unsampled traces are not recorded');
    const [root] = got.spans.filter((span) => span.parentSpanId === null);
    t.like(root, { name: 'the sale', service: 'shop', code: 0 });
    t.not(root.traceId, TRACE);
    t.true(root.startNs >= before && root.endNs <= BigInt(Date.now()) * 1_000_000n);
    const inTrace = got.spans.filter((span) => span.traceId === TRACE);
    t.deepEqual(inTrace.map((span) => span.name).sort(), ['shop.rare', 'the sale']);
    t.true(inTrace.every((span) => span.parentSpanId === SPAN));
    const failed = inTrace.find((span) => span.name === 'the sale');
    t.is(failed?.attributes['rpc.response.status_code'], 'NOT_FOUND');
    t.is(new Set(got.spans.map((span) => span.spanId)).size, 3);
  });
}

test('a receiver that is away costs no call, and is told in /metrics', async (t) => {
  const { cwd, module } = await shop(t);
  const got = await receiver(t, () => ({ status: 400 }));
  const config: Config = { cells: { telemetry: { otlp: got.base } } };
  const host = await serve(t, cwd, [module], { config });
  const alice = await client(t, host, module, { subject: 'a' });
  for (let i = 0; i < 5; i++) t.is(await alice.call('buy', i), i);
  const lost = 'cell_spans_dropped_total{where="receiver"} 5';
  await until(async () => (await samples(host.port, lost))[0] === lost);
  t.regex(host.log.join('\n'), /spans are lost, the receiver http:\/\/127.*answered 400/);
});
