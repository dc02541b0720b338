// Owns the way of spans out of the host: lanes' rings -> a bounded queue -> batches to an OTLP/HTTP
// receiver. Never waits on the receiver while calls are served: what does not fit is dropped and
// counted. Nothing here runs, and no lane records a span, when there is no receiver.
//
// Retries are those of the OTLP specification: 429, 502, 503, 504 and lost connections, with
// growing pauses or the receiver's Retry-After; everything else is final.

import type { CellSpec, Lanes, SpanRecord } from '../lane/contract.ts';
import { printable } from '../lane/printable.ts';
import type { ExportStats } from './metrics.ts';
import { spanSources, tracesJson } from './otlp.ts';
import type { Receiver } from './settings.ts';

/** Spans that wait for the receiver. Threat: memory while it is away (some 400 B each). */
export const QUEUE_SPANS = 8192;
/** Spans of one request: some 250 KB, 2 ms to write. */
export const BATCH_SPANS = 512;
/** Milliseconds between looks at the lanes' rings. */
const LOOK_MS = 250;
/** Milliseconds that one request may take. */
const REQUEST_MS = 10_000;
/** First and longest pause before a request is made again, ms. */
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 30_000;
/** Times that one batch is sent before it is dropped. */
const TRIES = 5;
/** Bytes of an answer that are read. */
const ANSWER_BYTES = 64 << 10;
/** Milliseconds that `stop` waits for the receiver. */
const STOP_MS = 2000;
/** Milliseconds between two complaints about the same receiver. */
const COMPLAINT_MS = 60_000;
const PASSING = [429, 502, 503, 504];

export interface ExportOptions {
  lanes: Pick<Lanes, 'spans' | 'collectSpans'>;
  cells: () => readonly CellSpec[];
  receiver: Receiver;
  version: string;
  service: string | null;
  /** Tells this host from others of the same service. */
  instance: string;
  /** A line for the host's log. */
  warn(text: string): void;
}

/** How a request ended. `pauseMs`: the receiver named a time. */
type Outcome =
  | { kind: 'taken'; rejected: number; why: string }
  | { kind: 'passing'; why: string; pauseMs: number | null }
  | { kind: 'refused'; why: string };

/** Seconds or a date, as milliseconds from now; null: neither. */
function retryAfter(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), PAUSE_MAX_MS) : null;
}

/** At most ANSWER_BYTES of a body, as text. */
async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  while (reader !== undefined && size < ANSWER_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  await reader?.cancel().catch(() => {});
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES).toString();
}

/** What the receiver says that it threw away of a batch that it took. */
function rejectedOf(body: string): { rejected: number; why: string } {
  try {
    const { partialSuccess } = JSON.parse(body) as {
      partialSuccess?: { rejectedSpans?: unknown; errorMessage?: unknown };
    };
    const rejected = Math.max(0, Math.trunc(Number(partialSuccess?.rejectedSpans ?? 0)) || 0);
    return { rejected, why: String(partialSuccess?.errorMessage ?? '').slice(0, 200) };
  } catch {
    return { rejected: 0, why: '' };
  }
}

/** Exports the spans of one host. */
export class SpanExporter {
  readonly stats: ExportStats = {
    exported: 0,
    dropped: { queue: 0, receiver: 0 },
    failures: 0,
  };
  private readonly options: ExportOptions;
  private readonly queue: SpanRecord[] = [];
  private readonly timer: NodeJS.Timeout;
  private sending: Promise<void> | null = null;
  private pause: { timer: NodeJS.Timeout; over: () => void } | null = null;
  private readonly aborts = new AbortController();
  private complainedMs = -COMPLAINT_MS;
  private stopped = false;

  /** Begins at once: from here on lanes record spans. */
  constructor(options: ExportOptions) {
    this.options = options;
    options.lanes.collectSpans(true);
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.timer.unref();
  }

  private readonly take = (span: SpanRecord): void => {
    if (this.queue.length < QUEUE_SPANS) this.queue.push(span);
    else this.stats.dropped.queue++;
  };

  /** Takes what the lanes have, at most a batch in one go, and sends. */
  private look(): void {
    const taken = this.options.lanes.spans(this.take, BATCH_SPANS);
    if (taken >= BATCH_SPANS && !this.stopped) setImmediate(() => this.look());
    if (this.queue.length > 0) this.sending ??= this.send();
  }

  /** Sends batch after batch until nothing waits. Never rejects. */
  private async send(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.splice(0, BATCH_SPANS);
      try {
        await this.sendBatch(batch);
      } catch (error) {
        this.drop(batch.length, (error as Error).message);
      }
    }
    this.sending = null;
  }

  private async sendBatch(batch: readonly SpanRecord[]): Promise<void> {
    const { cells, version, service, instance } = this.options;
    const body = tracesJson(batch, spanSources(cells()), { version, service, instance });
    for (let tries = 1; ; tries++) {
      const outcome = await this.post(body);
      if (outcome.kind === 'taken') {
        const rejected = Math.min(outcome.rejected, batch.length);
        this.stats.exported += batch.length - rejected;
        if (rejected > 0) this.drop(rejected, outcome.why);
        return;
      }
      this.stats.failures++;
      if (outcome.kind === 'refused' || tries === TRIES || this.stopped) {
        return this.drop(batch.length, outcome.why);
      }
      const longest = Math.min(PAUSE_MS * 2 ** (tries - 1), PAUSE_MAX_MS);
      await this.sleep(outcome.pauseMs ?? longest * (0.5 + Math.random() / 2));
    }
  }

  private async post(body: string): Promise<Outcome> {
    const { url, headers } = this.options.receiver;
    let response: Response;
    try {
      response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
        redirect: 'error',
        signal: AbortSignal.any([this.aborts.signal, AbortSignal.timeout(REQUEST_MS)]),
      });
      const { status } = response;
      if (status >= 200 && status < 300) {
        return { kind: 'taken', ...rejectedOf(await bodyOf(response)) };
      }
      const why = `it answered ${status}: ${(await bodyOf(response)).slice(0, 200)}`;
      if (!PASSING.includes(status)) return { kind: 'refused', why };
      const pauseMs = retryAfter(response.headers.get('retry-after'), Date.now());
      return { kind: 'passing', why, pauseMs };
    } catch (error) {
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
      return { kind: 'passing', why, pauseMs: null };
    }
  }

  private drop(spans: number, why: string): void {
    this.stats.dropped.receiver += spans;
    const now = performance.now();
    if (now - this.complainedMs < COMPLAINT_MS) return;
    this.complainedMs = now;
    const { url } = this.options.receiver;
    this.options.warn(`spans are lost, the receiver ${url} does not take them: ${printable(why)}`);
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        this.pause = null;
        resolve();
      };
      this.pause = { timer: setTimeout(over, ms), over };
    });
  }

  /** Sends what there is, for at most two seconds, and ends. Idempotent. */
  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    clearInterval(this.timer);
    this.options.lanes.collectSpans(false);
    while (this.options.lanes.spans(this.take, BATCH_SPANS) >= BATCH_SPANS);
    if (this.queue.length > 0) this.sending ??= this.send();
    if (this.pause !== null) {
      clearTimeout(this.pause.timer);
      this.pause.over();
    }
    const late = setTimeout(() => this.aborts.abort(), STOP_MS);
    await this.sending;
    clearTimeout(late);
  }
}
