// Owns spans as OTLP/HTTP has them in JSON (opentelemetry-proto 1.x: ExportTraceServiceRequest in
// the JSON mapping of OTLP: ids in hex, 64-bit numbers as texts, enums as numbers). Pure.

import type { CellSpec, SpanRecord } from '../lane/contract.ts';
import { statusName } from '../synapse/error.ts';

/** SPAN_KIND_SERVER: a cell answers, whether a client or another cell asks. */
const KIND_SERVER = 2;
const CODE_ERROR = 2;
/**
 * Statuses that are the server's fault: the semantic conventions for RPC set a server span's status
 * for these alone. UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
 */
const FAULTS = [2, 4, 12, 13, 14, 15];

/** What is said of the spans of one route. */
export interface SpanSource {
  cell: string;
  method: string;
  name: string;
}

/** Names of the spans of all routes of `cells`. */
export function spanSources(cells: readonly CellSpec[]): Map<number, SpanSource> {
  const sources = new Map<number, SpanSource>();
  for (const { name: cell, schema, firstRoute } of cells) {
    for (const method of schema.methods) {
      const name = method.policies?.span?.name || `${cell}.${method.name}`;
      sources.set(firstRoute + method.index, { cell, method: method.name, name });
    }
  }
  return sources;
}

interface Attribute {
  key: string;
  value: { stringValue: string } | { boolValue: boolean };
}

const text = (key: string, value: string): Attribute => ({ key, value: { stringValue: value } });

/** Microseconds (a whole number below 2^53) as nanoseconds in a text. */
const nanos = (us: number): string => `${Math.max(0, Math.round(us))}000`;

function spanJson(span: SpanRecord, source: SpanSource) {
  const code = span.status & 0xff;
  const attributes = [
    text('rpc.system', 'cell'),
    text('rpc.service', source.cell),
    text('rpc.method', source.method),
  ];
  if (code !== 0) attributes.push(text('rpc.response.status_code', statusName(code)));
  if (span.kept) attributes.push({ key: 'cell.kept_reply', value: { boolValue: true } });
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentId === '' ? {} : { parentSpanId: span.parentId }),
    flags: 1,
    name: source.name,
    kind: KIND_SERVER,
    startTimeUnixNano: nanos(span.startUs),
    endTimeUnixNano: nanos(Math.max(span.startUs, span.endUs)),
    attributes,
    status: FAULTS.includes(code) ? { code: CODE_ERROR, message: statusName(code) } : {},
  };
}

/** The body of one request: a resource for each cell, since each is a service of its own. */
export function tracesJson(
  spans: readonly SpanRecord[],
  sources: ReadonlyMap<number, SpanSource>,
  own: { version: string; service: string | null; instance: string },
): string {
  const byCell = new Map<string, ReturnType<typeof spanJson>[]>();
  for (const span of spans) {
    const source = sources.get(span.route);
    if (source === undefined) continue;
    const list = byCell.get(source.cell);
    if (list === undefined) byCell.set(source.cell, [spanJson(span, source)]);
    else list.push(spanJson(span, source));
  }
  const resourceSpans = [...byCell].map(([cell, list]) => ({
    resource: {
      attributes: [
        text('service.name', own.service ?? cell),
        text('service.instance.id', own.instance),
        text('telemetry.sdk.name', 'cell'),
        text('telemetry.sdk.version', own.version),
      ],
    },
    scopeSpans: [{ scope: { name: 'cell', version: own.version }, spans: list }],
  }));
  return JSON.stringify({ resourceSpans });
}
