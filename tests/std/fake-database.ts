// Owns a database for tests that ask none: `cell:database` over a catalogue, a ledger and rows that
// the test says. Answers at once, so that a macro cell can be linked without lanes. No tests here.
import { createHash } from 'node:crypto';

/** A row of a ledger, in the order of its fields on the wire. */
export type LedgerFields = [number: string, hash: string, name: string, model: string];

export interface Catalogue {
  engine?: 'postgres' | 'sqlite';
  /** Rows of the queries over columns, indexes and foreign keys, in turn. */
  columns?: (string | null)[][];
  indexes?: (string | null)[][];
  keys?: (string | null)[][];
  ledger?: LedgerFields[];
  /** Fields that a described text answers; else all are refused by `refused`. */
  describes?: (text: string) => string[];
  refused?: string;
  /** Every question fails with this status and message. */
  fails?: [status: number, message: string];
}

/** One question: the operation and its fields, the target first. */
export interface Asked {
  operation: number;
  fields: (string | null)[];
}

const [INFO, QUERY, DESCRIBE, LEDGER, HASH] = [1, 2, 3, 7, 8];

export class FakeDatabase {
  catalogue: Catalogue = {};
  readonly asked: Asked[] = [];
  #held: Uint8Array = new Uint8Array();

  /** Imports of a cell whose memory is `memory`. */
  imports(memory: () => WebAssembly.Memory): WebAssembly.Imports {
    const bytes = (): Uint8Array => new Uint8Array(memory().buffer);
    return {
      'cell:database': {
        ask: (operation: number, ptr: number, length: number): bigint => {
          const { fails } = this.catalogue;
          const asked = { operation, fields: decode(bytes().slice(ptr, ptr + length)) };
          this.asked.push(asked);
          this.#held = fails ? new TextEncoder().encode(fails[1]) : encode(this.#answer(asked));
          return fails ? BigInt(-fails[0]) : BigInt(this.#held.length);
        },
        take: (ptr: number): number => {
          bytes().set(this.#held, ptr);
          return this.#held.length;
        },
        error: (): number => this.#held.length,
      },
    };
  }

  #answer({ operation, fields }: Asked): (string | null)[] {
    const isFile = fields[0]?.startsWith('file:') === true;
    const { ledger = [], refused = 'not here' } = this.catalogue;
    const { engine = isFile ? 'sqlite' : 'postgres' } = this.catalogue;
    if (operation === INFO) return [engine, '150000', 'a fake', 'f', 't'];
    if (operation === QUERY) return this.#rows(fields[1] ?? '');
    if (operation === LEDGER) return ledger.flatMap((row) => [...row, 'then', 'somebody']);
    if (operation === HASH) return fields.slice(1).map((text) => sha256(text ?? ''));
    if (operation !== DESCRIBE) return [];
    const { describes = () => ['f', refused, '42601', '-1', '0', ''] } = this.catalogue;
    return fields.slice(4).flatMap((text) => describes(text ?? ''));
  }

  #rows(sql: string): (string | null)[] {
    const { columns = [], indexes = [], keys = [] } = this.catalogue;
    const rows = /index/.test(sql) ? indexes : /constraint|foreign_key/.test(sql) ? keys : columns;
    return [String(rows[0]?.length ?? 8), ...rows.flat()];
  }
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function decode(bytes: Uint8Array): (string | null)[] {
  const view = new DataView(bytes.buffer);
  const fields: (string | null)[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = view.getInt32(at, true);
    at += 4;
    fields.push(length < 0 ? null : new TextDecoder().decode(bytes.subarray(at, at + length)));
    at += Math.max(length, 0);
  }
  return fields;
}

function encode(fields: (string | null)[]): Uint8Array {
  const parts = fields.map((field) => {
    const text = Buffer.from(field ?? '');
    const head = Buffer.alloc(4);
    head.writeInt32LE(field === null ? -1 : text.length);
    return Buffer.concat([head, text]);
  });
  return new Uint8Array(Buffer.concat(parts));
}
