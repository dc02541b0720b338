// Owns what a host is told about telemetry: `cells: { telemetry: {...} }` of cell.config.ts, and
// the environment variables of OpenTelemetry, which win. Secrets (headers of the receiver) come
// from the environment only: locks and builds see what cell.config.ts says.
//
//   metrics   false: no `/metrics`                                          default true
//   otlp      base address of an OTLP/HTTP receiver: http://127.0.0.1:4318  default: nothing leaves

import { ConfigError } from '../cell/config-error.ts';
import { nearest } from '../schema/nearest.ts';

/** Where spans go. */
export interface Receiver {
  /** Where batches are posted. */
  url: string;
  headers: Record<string, string>;
}

export interface TelemetrySettings {
  metrics: boolean;
  /** null: no span is recorded. */
  receiver: Receiver | null;
  /** OTEL_SERVICE_NAME; null: each cell is a service of its own name. */
  service: string | null;
}

type Environment = Record<string, string | undefined>;

function address(text: string, at: string): URL {
  let url: URL | null = null;
  try {
    url = new URL(text);
  } catch {
    // Told below.
  }
  const open = url?.username === '' && url.password === '' && url.hash === '';
  if (url !== null && /^https?:$/.test(url.protocol) && open) return url;
  throw new ConfigError(
    `${at}: expected the address of an OTLP/HTTP receiver such as http://127.0.0.1:4318, ` +
      `got ${JSON.stringify(text.replace(/\/\/[^/]*@/, '//...@').slice(0, 80))}`,
  );
}

/** `a=1,b=2`, percent-encoded, as the OpenTelemetry specification has it (W3C Baggage). */
function headersOf(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue;
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    let value = '';
    try {
      value = decodeURIComponent(pair.slice(at + 1).trim());
    } catch {
      // Told below, without the value: it may be a secret.
    }
    if (at < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !/^[\t\x20-\x7e]+$/.test(value)) {
      throw new ConfigError('OTEL_EXPORTER_OTLP_HEADERS: expected name=value,name=value');
    }
    headers[name.toLowerCase()] = value;
  }
  return headers;
}

function receiverOf(otlp: unknown, env: Environment): Receiver | null {
  const headers = headersOf(
    env.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? env.OTEL_EXPORTER_OTLP_HEADERS ?? '',
  );
  const exact = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  if (exact) return { url: address(exact, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT').href, headers };
  const named = 'cell.config.ts.cells.telemetry.otlp';
  const base = env.OTEL_EXPORTER_OTLP_ENDPOINT || otlp;
  if (base === undefined || base === null || base === '') return null;
  const at = env.OTEL_EXPORTER_OTLP_ENDPOINT ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : named;
  const url = address(String(base), at);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return { url: url.href, headers };
}

/** Keys of `cells.telemetry`: the host's, and `claims`, which the build reads. */
const KEYS = ['claims', 'metrics', 'otlp'];

/** Reads the settings. Throws ConfigError naming the key or the variable. */
export function telemetrySettings(given: unknown, env: Environment): TelemetrySettings {
  const known = typeof given === 'object' && given !== null ? given : {};
  const { metrics = true, otlp } = known as { metrics?: unknown; otlp?: unknown };
  for (const key of Object.keys(known)) {
    if (KEYS.includes(key)) continue;
    const meant = nearest(key, KEYS);
    const hint = meant ? `did you mean \`${meant}\`?` : `known: ${KEYS.join(', ')}`;
    throw new ConfigError(`cell.config.ts.cells.telemetry.${key}: there is no such key; ${hint}`);
  }
  if (typeof metrics !== 'boolean') {
    throw new ConfigError('cell.config.ts.cells.telemetry.metrics: expected true or false');
  }
  const off =
    env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none';
  return {
    metrics,
    receiver: off ? null : receiverOf(otlp, env),
    service: env.OTEL_SERVICE_NAME || null,
  };
}
