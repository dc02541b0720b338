// Owns what a host tells of itself, put together: sets of labels, metrics, the export of spans.
// Parts that are off are not there.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CellSpec, Lanes } from '../lane/contract.ts';
import { SpanExporter } from './export.ts';
import type { Labels } from './labels.ts';
import { metricsText } from './metrics.ts';
import type { TelemetrySettings } from './settings.ts';

export interface TelemetryParts {
  settings: TelemetrySettings;
  lanes: Lanes;
  cells: () => readonly CellSpec[];
  /** The reception's. */
  counts(): { connections: number; sessions: number };
  warn(text: string): void;
}

const { version } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** Claims of callers that the counters of a cell name. */
export function claimsOf(spec: CellSpec): string[] {
  const counters = spec.schema.methods.flatMap((method) => method.policies?.counters ?? []);
  const labels = counters.flatMap((counter) => counter.labels);
  return labels.filter(({ value }) => value === null).map(({ key }) => key);
}

/** What is told of a running host. */
export class Telemetry {
  /** Whether there is `/metrics`. */
  readonly served: boolean;
  private readonly parts: TelemetryParts;
  private readonly labels: Labels;
  private readonly exporter: SpanExporter | null;

  constructor(parts: TelemetryParts, labels: Labels) {
    this.parts = parts;
    this.labels = labels;
    this.served = parts.settings.metrics;
    const { settings, lanes, cells, warn } = parts;
    const { receiver, service } = settings;
    const instance = randomUUID();
    this.exporter =
      receiver === null
        ? null
        : new SpanExporter({ lanes, cells, receiver, version, service, instance, warn });
  }

  /** Everything that Prometheus asks for. */
  metrics(): string {
    const { lanes, counts } = this.parts;
    const exports = () => this.exporter?.stats ?? null;
    return metricsText({ version, lanes, labels: this.labels, counts, exports });
  }

  /** Call it once the lanes have answered all: their last spans leave. */
  async stop(): Promise<void> {
    await this.exporter?.stop();
  }
}
