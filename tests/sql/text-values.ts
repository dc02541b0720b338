// Owns the values of the text format's vectors: JSON has no bigints, bytes, NaN or -0.

export interface Vector {
  type: string;
  /** Type of PostgreSQL. */
  sql: string;
  value: unknown;
  /** What PostgreSQL writes; `read`: what it writes where that differs from what it is sent. */
  text: string | null;
  sent?: string;
  read?: string;
}

const BIG = new Set(['i64', 'u64', 'instant', 'duration']);

/** The value that a vector means. */
export function reviveValue(type: string, value: unknown): unknown {
  if (value === null) return null;
  const of = type.replace(/ \| null$/, '');
  if (of.endsWith('[]')) {
    const item = of.slice(0, -2).replace(/^\((.*)\)$/, '$1');
    return (value as unknown[]).map((one) => reviveValue(item, one));
  }
  if (BIG.has(of)) return BigInt(value as string);
  if (of === 'f64' || of === 'f32') return Number(value);
  return of === 'bytes' ? new Uint8Array(Buffer.from(value as string, 'hex')) : value;
}
