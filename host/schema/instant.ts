// Owns the text of an Instant: ISO 8601 in UTC with up to six digits of a second. An Instant itself
// is a bigint of microseconds since 1970; Date would lose the last three digits.

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds that a Date can hold on either side of 1970. */
const DATE_MS = 8_640_000_000_000_000n;

/** `2026-01-31T12:00:00.000001Z`; outside Date's years the number of microseconds. */
export function instantText(micros: bigint): string {
  const second = micros % 1_000_000n;
  const rest = second < 0n ? second + 1_000_000n : second;
  const ms = (micros - rest) / 1000n;
  if (ms > DATE_MS || ms < -DATE_MS) return String(micros);
  const text = new Date(Number(ms)).toISOString();
  if (text.startsWith('+') || text.startsWith('-')) return String(micros);
  const digits = String(rest).padStart(6, '0').replace(/0+$/, '');
  return `${text.slice(0, 19)}${digits === '' ? '' : `.${digits}`}Z`;
}

/** Microseconds of an ISO text with a zone, or null when it is none. */
export function instantFromText(text: string): bigint | null {
  const parts = ISO.exec(text);
  if (parts === null) return null;
  const ms = Date.parse(`${parts[1]}${parts[3]}`);
  if (Number.isNaN(ms)) return null;
  return BigInt(ms) * 1000n + BigInt((parts[2] ?? '').padEnd(6, '0') || '0');
}
