// Owns JSON whose bytes depend on the value alone.

/** JSON with sorted keys: the same value makes the same bytes. */
export function sortedJson(value: unknown, space?: number): string {
  return JSON.stringify(
    value,
    (_, v) =>
      v && typeof v === 'object' && !Array.isArray(v)
        ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
        : v,
    space,
  );
}
