// Owns the names that cells have: of a class, and of a namespace of decorators.

/** `HTTPServer` -> `http-server`. */
export function kebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
}

/** Cells that may answer for a namespace, in turn: `RateLimit` -> `ratelimit`, `rate-limit`. */
export function cellsOf(ns: string): string[] {
  if (ns === '') return ['service'];
  return [...new Set([ns.toLowerCase(), kebab(ns)])];
}

/** The namespace among `known` that a cell answers for; else the one that its name suggests. */
export function namespaceOf(cell: string, known: readonly string[]): string {
  if (cell === 'service') return '';
  const found = known.find((ns) => ns !== '' && cellsOf(ns).includes(cell));
  if (found !== undefined) return found;
  return cell
    .split('-')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('');
}
