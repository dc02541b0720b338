// Spans on their way to a receiver: what arrives, what is tried again, what is dropped and counted.
import test, { type ExecutionContext } from 'ava';
import type { CellSpec, SpanRecord } from '../../host/lane/contract.ts';
import { BATCH_SPANS, QUEUE_SPANS, SpanExporter } from '../../host/telemetry/export.ts';
import { type Answer, receiver } from './receiver.ts';

const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

function span(n: number, more: Partial<SpanRecord> = {}): SpanRecord {
  const [startUs, endUs] = [1_700_000_000_000_000 + n, 1_700_000_000_000_250 + n];
  const ids = { traceId: hex(n + 1, 32), spanId: hex(n + 1, 16), parentId: '' };
  const plain = { lane: 0, route: 0, status: 0, reason: 0, kept: false, nested: false };
  return { ...ids, ...plain, startUs, endUs, ...more };
}

const many = (count: number): SpanRecord[] => Array.from({ length: count }, (_, i) => span(i));

const method = (name: string, index: number, spanName: string) => {
  return { name, index, policies: { span: { name: spanName, ratio: 1 } } };
};
const CELLS = [
  {
    name: 'shop',
    firstRoute: 0,
    schema: { methods: [method('buy', 0, ''), method('x', 1, 'X!')] },
  },
  { name: 'bank', firstRoute: 2, schema: { methods: [method('pay', 0, '')] } },
] as unknown as CellSpec[];

/** Lanes that have these spans. */
function lanes(spans: SpanRecord[]) {
  const told: boolean[] = [];
  return {
    told,
    collectSpans: (on: boolean) => void told.push(on),
    spans: (each: (one: SpanRecord) => void, most: number) => {
      const some = spans.splice(0, most);
      some.forEach(each);
      return some.length;
    },
  };
}

async function exporting(
  t: ExecutionContext,
  spans: SpanRecord[],
  answer?: (request: number) => Answer | 'hang' | 'cut',
  service: string | null = null,
) {
  const alive = setInterval(() => {}, 1000);
  t.teardown(() => clearInterval(alive));
  const got = await receiver(t, answer);
  const warnings: string[] = [];
  const from = lanes(spans);
  const exporter = new SpanExporter({
    ...{ lanes: from, cells: () => CELLS, version: '1.0.0', service, instance: 'i' },
    receiver: { url: `${got.base}/v1/traces`, headers: { 'x-key': 'k' } },
    warn: (text) => warnings.push(text),
  });
  t.teardown(() => exporter.stop());
  return { ...got, exporter, warnings, from };
}

test('what arrives is what was recorded: ids, parents, names, times, statuses', async (t) => {
  const root = span(1);
  const inner = span(2, {
    kept: true,
    traceId: root.traceId,
    parentId: root.spanId,
    route: 2,
    status: 5,
  });
  const failed = span(3, { route: 1, status: 13, reason: 3 });
  const strange = span(4, { route: 99 });
  const { until, spans, requests, faults, exporter } = await exporting(t, [
    root,
    inner,
    failed,
    strange,
  ]);
  await until(() => spans.length === 3);
  await exporter.stop();
  t.deepEqual(faults, []);
  t.is(requests.length, 1);
  t.is(requests[0].path, '/v1/traces');
  t.is(requests[0].headers['x-key'], 'k');
  t.is(requests[0].headers['content-type'], 'application/json');
  const [first, second, third] = spans;
  t.like(first, { service: 'shop', name: 'shop.buy', kind: 2, parentSpanId: null, code: 0 });
  t.is(first.traceId, root.traceId);
  t.is(first.startNs, 1_700_000_000_000_001_000n);
  t.is(first.endNs - first.startNs, 250_000n);
  t.deepEqual(first.attributes, {
    'rpc.system': 'cell',
    'rpc.service': 'shop',
    'rpc.method': 'buy',
  });
  t.like(second, { service: 'shop', name: 'X!', code: 2 });
  t.is(second.attributes['rpc.response.status_code'], 'INTERNAL');
  t.like(third, { service: 'bank', name: 'bank.pay', code: 0, parentSpanId: root.spanId });
  t.is(third.traceId, root.traceId);
  t.is(third.attributes['rpc.response.status_code'], 'NOT_FOUND', "no fault of the server's");
  t.is(third.attributes['cell.kept_reply'], 'true');
});

test('a name for all of it; batches are bounded; lanes are told to begin and to end', async (t) => {
  const count = 2 * BATCH_SPANS + 1;
  const { until, spans, requests, exporter, from } = await exporting(
    t,
    many(count),
    undefined,
    'all',
  );
  await until(() => spans.length === count);
  await exporter.stop();
  await exporter.stop();
  t.true(requests.every((r) => r.spans <= BATCH_SPANS));
  t.is(new Set(spans.map((s) => s.spanId)).size, count);
  t.true(spans.every((s) => s.service === 'all'));
  t.deepEqual(from.told, [true, false]);
  t.deepEqual(exporter.stats, {
    exported: count,
    dropped: { queue: 0, receiver: 0 },
    failures: 0,
  });
});

test('passing failures are tried again: statuses, a lost connection', async (t) => {
  const answers: (Answer | 'cut')[] = [
    { status: 503, headers: { 'retry-after': '0' } },
    'cut',
    { status: 429, headers: { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' } },
    { status: 200, body: 'not json' },
  ];
  const { until, spans, requests, exporter } = await exporting(t, many(3), (n) => answers[n]);
  await until(() => requests.length === 4);
  await exporter.stop();
  t.is(spans.length, 3);
  t.like(exporter.stats, { exported: 3, failures: 3, dropped: { queue: 0, receiver: 0 } });
});

test('final answers: what is refused is dropped and told once, what follows is sent', async (t) => {
  const { until, spans, exporter, warnings } = await exporting(t, many(BATCH_SPANS * 2 + 7), (n) =>
    n < 2 ? { status: 400, body: 'no such tenant' } : { status: 200 },
  );
  await until(() => spans.length === 7);
  await exporter.stop();
  t.deepEqual(exporter.stats, {
    exported: 7,
    dropped: { queue: 0, receiver: BATCH_SPANS * 2 },
    failures: 2,
  });
  t.is(warnings.length, 1);
  t.regex(warnings[0], /spans are lost.*v1\/traces.*answered 400: no such tenant/);
});

test('a receiver that takes a part says so; one that redirects is not followed', async (t) => {
  const body = JSON.stringify({ partialSuccess: { rejectedSpans: '2', errorMessage: 'too old' } });
  const part = await exporting(t, many(5), () => ({ status: 200, body }));
  await part.until(() => part.requests.length === 1);
  await part.exporter.stop();
  t.like(part.exporter.stats, { exported: 3, dropped: { queue: 0, receiver: 2 } });
  t.regex(part.warnings[0], /too old/);
  const other = await receiver(t);
  const moved = await exporting(t, many(1), () => {
    return { status: 307, headers: { location: `${other.base}/v1/traces` } };
  });
  await moved.until(() => moved.requests.length === 1);
  await moved.exporter.stop();
  t.is(other.requests.length, 0);
  t.is(moved.exporter.stats.dropped.receiver, 1);
});

test('a receiver that hangs: the queue is bounded, what is too much is counted', async (t) => {
  const count = QUEUE_SPANS + BATCH_SPANS + 5;
  const spans = many(1);
  const { until, requests, exporter } = await exporting(t, spans, () => 'hang');
  await until(() => requests.length === 1);
  spans.push(...many(count));
  while (spans.length > 0) await new Promise((resolve) => setImmediate(resolve));
  t.is(exporter.stats.dropped.queue, count - QUEUE_SPANS);
  await exporter.stop();
  t.is(exporter.stats.dropped.receiver, QUEUE_SPANS + 1, 'stop does not wait for ever');
  t.is(exporter.stats.exported, 0);
});

test('what is recorded up to the end still leaves', async (t) => {
  const spans: SpanRecord[] = [];
  const { exporter, spans: got } = await exporting(t, spans);
  spans.push(...many(3));
  await exporter.stop();
  t.is(got.length, 3);
});

test('what a receiver says reaches the log as text', async (t) => {
  const body = 'no\u001b[2J\u009b31m\nerror host: all is lost';
  const { warnings, exporter } = await exporting(t, many(1), () => ({ status: 400, body }));
  await exporter.stop();
  t.is(warnings.length, 1);
  t.regex(warnings[0], /it answered 400: no\ufffd\[2J\ufffd31m\n {2}error host: all is lost$/);
});
