// Owns the page's second thread: the connection to the cell, the measuring, and the errands of the
// page. Entry of its own; the page's side is courier.ts.

import { burst } from './burst.ts';
import type { AtlasCalls } from './calls.ts';
import { Connection } from './connection.ts';
import type { Errand, Report } from './courier.ts';
import { Meter } from './meter.ts';

const READING_MS = 250;

/** What a worker's global scope has; the types at hand are those of a page. */
const thread = globalThis as unknown as {
  postMessage(report: Report, transfer?: Transferable[]): void;
  onmessage: (event: MessageEvent<Errand>) => void;
};

const report = (what: Report) => thread.postMessage(what);
const meter = new Meter();
const atlas: AtlasCalls = meter.measured(
  new Connection(
    (state, words) => report({ kind: 'link', state, words }),
    () => report({ kind: 'restored' }),
  ),
);

thread.onmessage = ({ data: { id, method, args } }) => {
  const call = atlas[method as keyof AtlasCalls] as (...args: unknown[]) => Promise<unknown>;
  (method === 'burst' ? burst(atlas) : call(...args)).then(
    (value) => {
      // A view may lie in a whole message: only its own bytes are handed over.
      const own = value instanceof Uint8Array ? value.slice() : value;
      const transfer = own instanceof Uint8Array ? [own.buffer] : [];
      thread.postMessage({ kind: 'value', id, value: own }, transfer);
    },
    (error) => {
      const { message, statusName = null } = error as Error & { statusName?: string };
      report({ kind: 'error', id, message, statusName });
    },
  );
};

setInterval(() => {
  report({ kind: 'reading', reading: meter.read(), history: meter.history() });
}, READING_MS);
