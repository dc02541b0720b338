// Owns the text forms of the named value types Uuid and Decimal (VALUES rule 10), as TypeScript
// holds them: strings. Instant and Duration are bigint microseconds and need no form.

/** Characters of a Decimal at most. Threat: arithmetic on digits without end in a cell. */
export const DECIMAL_CHARS = 128;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DECIMAL = /^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$/;
const NUMERAL = /^([+-]?)0*([0-9]*?)(?:\.([0-9]*?)0*)?$/;

/** True for `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, in either case. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}

/** True for the one form a decimal travels in: no leading or trailing zeros, no `+`, no `-0`. */
export function isDecimal(text: unknown): boolean {
  return (
    typeof text === 'string' && text.length <= DECIMAL_CHARS && DECIMAL.test(text) && text !== '-0'
  );
}

/**
 * The canonical form of a plain decimal numeral (`+01.50` -> `1.5`), or null when it is none or
 * longer than DECIMAL_CHARS. Exponents are not taken.
 */
export function canonicalDecimal(text: unknown): string | null {
  if (typeof text !== 'string') return null;
  if (isDecimal(text)) return text;
  if (text.length > 4 * DECIMAL_CHARS || !/[0-9]/.test(text)) return null;
  const parts = NUMERAL.exec(text);
  if (parts === null) return null;
  const fraction = parts[3] ? `.${parts[3]}` : '';
  const digits = `${parts[2] || '0'}${fraction}`;
  const form = parts[1] === '-' && digits !== '0' ? `-${digits}` : digits;
  return isDecimal(form) ? form : null;
}

/** Writes a Uuid as two little-endian u64: the halves of its 32 digits. */
export function writeUuid(view: DataView, at: number, uuid: string): void {
  const digits = uuid.replaceAll('-', '');
  view.setUint32(at + 4, Number.parseInt(digits.slice(0, 8), 16), true);
  view.setUint32(at, Number.parseInt(digits.slice(8, 16), 16), true);
  view.setUint32(at + 12, Number.parseInt(digits.slice(16, 24), 16), true);
  view.setUint32(at + 8, Number.parseInt(digits.slice(24, 32), 16), true);
}

/** Reads what writeUuid wrote, in lower case. */
export function readUuid(view: DataView, at: number): string {
  const hex = (p: number): string => view.getUint32(p, true).toString(16).padStart(8, '0');
  const b = hex(at);
  const c = hex(at + 12);
  const [d, e] = [c.slice(0, 4), c.slice(4)];
  return `${hex(at + 4)}-${b.slice(0, 4)}-${b.slice(4)}-${d}-${e}${hex(at + 8)}`;
}
