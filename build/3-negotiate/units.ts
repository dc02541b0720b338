// Owns the texts inside of arguments: durations, sizes, templates. The guest SDK parses the same.

const MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Record<string, number> = { B: 1, KB: 1 << 10, MB: 1 << 20, GB: 1 << 30 };

/** Milliseconds of "250ms", "30s", "5m", "1h", "7d"; null when it is none. */
export function millisecondsOf(text: string): number | null {
  return scaled(/^(\d{1,15})(ms|s|m|h|d)$/.exec(text), MS);
}

/** Bytes of "64KB" (B, KB, MB, GB, by 1024); null when it is none. */
export function bytesOf(text: string): number | null {
  return scaled(/^(\d{1,15})(B|KB|MB|GB)$/.exec(text), BYTES);
}

function scaled(found: RegExpExecArray | null, units: Record<string, number>): number | null {
  if (found === null) return null;
  const value = Number(found[1]) * units[found[2]];
  return Number.isSafeInteger(value) ? value : null;
}

/** A name that AssemblyScript takes. */
export function isIdentifier(text: string): boolean {
  return /^[A-Za-z_$][\w$]{0,127}$/.test(text);
}

/**
 * Texts and holes of "account:{id}", in turn: one text more than holes. null: it does not parse.
 */
export function templateOf(text: string): { texts: string[]; holes: string[] } | null {
  const parts = text.split(/\{([^{}]*)\}/);
  const texts = parts.filter((_, i) => i % 2 === 0);
  const holes = parts.filter((_, i) => i % 2 === 1);
  const plain = texts.every((one) => !/[{}]/.test(one));
  return plain && holes.every(isIdentifier) ? { texts, holes } : null;
}
