// What a host is told about telemetry: the configuration, the variables of OpenTelemetry, and what
// is wrong with them. Secrets are never repeated.
import test from 'ava';
import { telemetrySettings } from '../../host/telemetry/settings.ts';

const of = (given: unknown, env: Record<string, string> = {}) => telemetrySettings(given, env);

test('nothing said: metrics, and no span leaves', (t) => {
  const none = { metrics: true, receiver: null, service: null };
  for (const given of [undefined, null, {}, { claims: ['plan'] }]) t.deepEqual(of(given), none);
  t.false(of({ metrics: false }).metrics);
});

test('where spans go: the configuration, a variable, the exact address', (t) => {
  const url = (given: unknown, env = {}) => of(given, env).receiver?.url;
  const otlp = 'http://127.0.0.1:4318';
  t.is(url({ otlp }), 'http://127.0.0.1:4318/v1/traces');
  t.is(url({ otlp: `${otlp}/` }), 'http://127.0.0.1:4318/v1/traces');
  t.is(url({ otlp: `${otlp}/a?b=c` }), 'http://127.0.0.1:4318/a/v1/traces?b=c');
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'https://collector.example.org';
  t.is(url({ otlp }, { OTEL_EXPORTER_OTLP_ENDPOINT }), `${OTEL_EXPORTER_OTLP_ENDPOINT}/v1/traces`);
  const OTEL_EXPORTER_OTLP_TRACES_ENDPOINT = 'https://traces.example.org/in';
  const both = { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT };
  t.is(url({}, both), OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
  t.is(url({ otlp }, { OTEL_SDK_DISABLED: 'true' }), undefined);
  t.is(url({ otlp }, { OTEL_TRACES_EXPORTER: 'none' }), undefined);
  t.is(of({}, { OTEL_SERVICE_NAME: 'shop' }).service, 'shop');
});

test('headers come from the environment', (t) => {
  const headers = (text: string) =>
    of({ otlp: 'http://x.example.org' }, { OTEL_EXPORTER_OTLP_HEADERS: text }).receiver?.headers;
  t.deepEqual(headers('Authorization=Bearer%20a=b, x-tenant=7,'), {
    authorization: 'Bearer a=b',
    'x-tenant': '7',
  });
  t.deepEqual(headers(''), {});
  for (const text of ['=secret', 'secret', 'a b=secret', 'a=secret%0d%0aX: y', 'a=%zzsecret']) {
    const error = t.throws(() => headers(text), { message: /OTEL_EXPORTER_OTLP_HEADERS/ }, text);
    t.false(error?.message.includes('secret'), text);
  }
});

test('addresses that are none', (t) => {
  for (const otlp of [
    '4318',
    'localhost:4318',
    'ftp://x',
    'http://user:pass@x',
    'http://:pass@x',
    'http://x#y',
    7,
  ]) {
    const error = t.throws(() => of({ otlp }), {
      message: /cells\.telemetry\.otlp: expected the address/,
    });
    t.false(error?.message.includes('pass@'), 'a secret is not shown');
  }
  t.throws(() => of({}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'x' }), {
    message: /^OTEL_EXPORTER_OTLP_ENDPOINT: expected/,
  });
  t.throws(() => of({ otpl: 'x' }), { message: /telemetry\.otpl: .*did you mean `otlp`/ });
  t.throws(() => of({ metrics: 1 }), { message: /metrics: expected true or false/ });
});
