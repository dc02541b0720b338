// Owns an OTLP/HTTP receiver for tests: it takes requests as a collector does, reads them strictly
// (a malformed request is an error of the test), and answers as it is told. No tests here.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';

/** A span as it was received. */
export interface ReceivedSpan {
  service: string;
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  name: string;
  kind: number;
  startNs: bigint;
  endNs: bigint;
  attributes: Record<string, string>;
  /** 0 unset, 2 error. */
  code: number;
}

export interface Answer {
  status: number;
  body?: string;
  headers?: Record<string, string>;
}

function exact(value: Record<string, unknown>, needed: string[], optional: string[] = []): void {
  for (const key of needed) if (!(key in value)) throw new Error(`no ${key}`);
  for (const key of Object.keys(value)) {
    if (!needed.includes(key) && !optional.includes(key)) throw new Error(`an unknown ${key}`);
  }
}

function text(value: unknown, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw new Error(`${value}: ${pattern}`);
  return value;
}

type Json = Record<string, unknown>;

function attributesOf(list: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const one of list as { key: string; value: Json }[]) {
    exact(one as unknown as Json, ['key', 'value']);
    exact(one.value, [], ['stringValue', 'boolValue']);
    const { stringValue, boolValue } = one.value;
    const value = typeof boolValue === 'boolean' ? String(boolValue) : text(stringValue, /^/);
    found[text(one.key, /^[a-z_.]+$/)] = value;
  }
  return found;
}

function spanOf(span: Json, service: string): ReceivedSpan {
  const needed = ['traceId', 'spanId', 'name', 'kind', 'startTimeUnixNano', 'endTimeUnixNano'];
  exact(span, [...needed, 'attributes', 'status', 'flags'], ['parentSpanId']);
  const status = span.status as { code?: number };
  const startNs = BigInt(text(span.startTimeUnixNano, /^\d{1,20}$/));
  const endNs = BigInt(text(span.endTimeUnixNano, /^\d{1,20}$/));
  if (endNs < startNs) throw new Error('a span that ends before it begins');
  const { parentSpanId } = span;
  return {
    ...{ service, startNs, endNs },
    traceId: text(span.traceId, /^(?!0+$)[0-9a-f]{32}$/),
    spanId: text(span.spanId, /^(?!0+$)[0-9a-f]{16}$/),
    parentSpanId: parentSpanId === undefined ? null : text(parentSpanId, /^[0-9a-f]{16}$/),
    name: text(span.name, /./),
    kind: Number(span.kind),
    attributes: attributesOf(span.attributes),
    code: status.code ?? 0,
  };
}

/** ExportTraceServiceRequest in OTLP's JSON. Throws where it is malformed. */
function decode(body: string): ReceivedSpan[] {
  const request = JSON.parse(body) as Json;
  exact(request, ['resourceSpans']);
  return (request.resourceSpans as Json[]).flatMap((resourceSpan) => {
    exact(resourceSpan, ['resource', 'scopeSpans']);
    const attributes = attributesOf((resourceSpan.resource as Json).attributes);
    const service = text(attributes['service.name'], /./);
    return (resourceSpan.scopeSpans as Json[]).flatMap((scopeSpan) => {
      exact(scopeSpan, ['scope', 'spans']);
      return (scopeSpan.spans as Json[]).map((span) => spanOf(span, service));
    });
  });
}

/** Listens until the test ends. `answer` is asked for each request, by its number. */
export async function receiver(
  t: ExecutionContext,
  answer: (request: number) => Answer | 'hang' | 'cut' = () => ({ status: 200, body: '{}' }),
) {
  const spans: ReceivedSpan[] = [];
  const requests: { path: string; headers: IncomingHttpHeaders; spans: number }[] = [];
  const faults: string[] = [];
  let wake = (): void => {};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const told = answer(requests.length);
      let found: ReceivedSpan[] = [];
      try {
        found = decode(Buffer.concat(chunks).toString());
      } catch (error) {
        faults.push((error as Error).message);
      }
      const { url: path = '', headers } = request;
      requests.push({ path, headers, spans: found.length });
      if (told === 'cut') request.socket.destroy();
      else if (told !== 'hang') {
        if (told.status === 200) spans.push(...found);
        response.writeHead(told.status, told.headers).end(told.body ?? '');
      }
      wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  /** Resolves when `done` says so; looked at after each request. */
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { base: `http://127.0.0.1:${port}`, spans, requests, faults, until };
}
