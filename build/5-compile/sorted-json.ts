// Owns JSON whose bytes depend on the value alone.

/** JSON with sorted keys: the same value makes the same bytes. */
export function sortedJson(value: unknown, space?: number): string {
  return space === undefined ? compact(value) : JSON.stringify(sorted(value), null, space);
}

/** Text of objects that are part of many values; null: not made yet. */
const texts = new WeakMap<object, string | null>();

/** Keeps the text of `value` once it is made. It must not change any more. */
export function keepText(value: object): void {
  if (!texts.has(value)) texts.set(value, null);
}

/**
 * What JSON.stringify makes of the sorted value, without making that value: requests to macro cells
 * are hashed, and copying their objects took most of the time.
 */
function compact(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(compact).join(',')}]`;
  const known = texts.get(value);
  if (typeof known === 'string') return known;
  const record = value as Record<string, unknown>;
  let text = '';
  for (const key of Object.keys(record).sort()) {
    if (record[key] === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${compact(record[key])}`;
  }
  const whole = `{${text}}`;
  if (known === null) texts.set(value, whole);
  return whole;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const record = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(record)
      .sort()
      .map((key) => [key, sorted(record[key])]),
  );
}
