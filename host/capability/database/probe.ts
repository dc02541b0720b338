// Owns the question to a PostgreSQL server what it makes of texts: Parse and Describe of many in
// one message, so that a hundred texts cost one round trip. Never executes any of them.
import type { FieldDef, Connection as Wire } from 'pg';
import {
  type Connection,
  type DatabaseError,
  told,
  Unreachable,
} from '../../database/connection.ts';

/** What a server says of a text. */
export type Probed =
  | { ok: true; parameters: number[]; fields: FieldDef[] }
  | { ok: false; error: DatabaseError };

/** Texts of one message. After an error the rest of it has to be sent again. */
const BATCH = 256;

interface WireMessage {
  name: string;
  dataTypeIDs?: number[];
  fields?: FieldDef[];
}

/** pg's Submittable: many Parse and Describe, one Sync. Ends at the first text that is refused. */
class Batch {
  readonly done: Probed[] = [];
  readonly ended: Promise<void>;
  readonly #texts: readonly string[];
  readonly #end: { resolve(): void; reject(error: Error): void };
  #parameters: number[] = [];
  #wire: Wire | undefined;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = { resolve, reject };
  }

  submit(wire: Wire): void {
    this.#wire = wire;
    wire.on('message', this.#message);
    const { stream } = wire as unknown as { stream: { cork(): void; uncork(): void } };
    stream.cork();
    for (const text of this.#texts) {
      wire.parse({ name: '', text, types: [] }, true);
      wire.describe({ type: 'S', name: '' }, true);
    }
    wire.sync();
    stream.uncork();
  }

  readonly #message = (message: WireMessage): void => {
    if (message.name === 'parameterDescription') this.#parameters = message.dataTypeIDs ?? [];
    else if (message.name === 'rowDescription') this.#add(message.fields ?? []);
    else if (message.name === 'noData') this.#add([]);
  };

  #add(fields: FieldDef[]): void {
    this.done.push({ ok: true, parameters: this.#parameters, fields });
  }

  handleError(error: Error): void {
    this.#wire?.off('message', this.#message);
    this.#end.reject(error);
  }

  handleReadyForQuery(): void {
    this.#wire?.off('message', this.#message);
    this.#end.resolve();
  }

  // What a Submittable is told too; `message` has heard it.
  handleRowDescription(): void {}
  handleParseComplete(): void {}
  handleCommandComplete(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}

/**
 * What the server says of each text, in their order. The connection is in a transaction; it stays
 * as it is. Rejects with Unreachable.
 */
export async function probe(connection: Connection, texts: readonly string[]): Promise<Probed[]> {
  const all: Probed[] = [];
  while (all.length < texts.length) {
    await connection.run('savepoint cell_probe');
    const batch = new Batch(texts.slice(all.length, all.length + BATCH));
    try {
      connection.client.query(batch as never);
      await batch.ended;
      all.push(...batch.done);
    } catch (error) {
      const why = told(connection.target, error as Error);
      if (why instanceof Unreachable) throw why;
      all.push(...batch.done, { ok: false, error: why });
      await connection.run('rollback to savepoint cell_probe');
    }
    await connection.run('release savepoint cell_probe');
  }
  return all;
}
