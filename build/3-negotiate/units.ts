// Owns the texts inside of arguments: durations, sizes, templates, and how people say them. The
// guest SDK parses the same.

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

/** "5m" of 300,000: as `millisecondsOf` reads it. */
export const durationText = (ms: number): string => exact(ms, MS) ?? `${ms}ms`;

/** `"64KB"` of 65,536, `1000` of 1,000: as an argument of a decorator is written. */
export function sizeText(bytes: number): string {
  const { B, ...large } = BYTES;
  const text = exact(bytes, large);
  return text === null ? String(bytes * B) : JSON.stringify(text);
}

/** The largest unit that leaves no rest. */
function exact(value: number, units: Record<string, number>): string | null {
  const all = Object.entries(units).reverse();
  const found = all.find(([, each]) => value >= each && value % each === 0);
  return found === undefined ? null : `${value / found[1]}${found[0]}`;
}

const TIMES: [string, number][] = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
  ['seconds', 1000],
  ['ms', 1],
];
const SIZES: [string, number][] = [
  ['GB', 1 << 30],
  ['MB', 1 << 20],
  ['KB', 1 << 10],
  ['bytes', 1],
];

/**
 * A bound as people say it: "12 days" of 1,073,741,823 ms. Two digits at least are right; a rest is
 * left out so that what is said is within the bound (`up`: of a least value).
 */
export const timeWords = (ms: number, up = false): string => words(ms, TIMES, up);

/** As `timeWords`: "64 KB", "1 MB". */
export const sizeWords = (bytes: number, up = false): string => words(bytes, SIZES, up);

function words(value: number, units: [string, number][], up: boolean): string {
  const enough = (each: number): boolean =>
    value >= each && (value % each === 0 || value / each >= 10);
  const [name, each] = units.find(([, one]) => enough(one)) ?? units[units.length - 1];
  const count = up ? Math.ceil(value / each) : Math.floor(value / each);
  return `${count} ${count === 1 && name !== 'ms' ? name.replace(/s$/, '') : name}`;
}

/**
 * Milliseconds of what somebody meant for a duration: "5 minutes", "1.5 s", 30 (seconds) or 5000
 * (milliseconds); null when nobody can tell.
 */
export function meantMilliseconds(written: string | number): number | null {
  if (typeof written === 'number') {
    return written > 0 && written < 1e12
      ? Math.round(written < 1000 ? written * 1000 : written)
      : null;
  }
  const found = /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]{1,12})\s*$/i.exec(written);
  const unit = TIME_WORDS.find(([pattern]) => pattern.test(found?.[2] ?? ''));
  return found === null || unit === undefined ? null : Math.round(Number(found[1]) * unit[1]);
}

const TIME_WORDS: [RegExp, number][] = [
  [/^(ms|msecs?|millis|milliseconds?)$/i, 1],
  [/^(s|secs?|seconds?)$/i, 1000],
  [/^(m|mins?|minutes?)$/i, 60_000],
  [/^(h|hrs?|hours?)$/i, 3_600_000],
  [/^(d|days?)$/i, 86_400_000],
];

/** Bytes of what somebody meant for a size: "1kb", "64 KiB", "1.5MB"; null as above. */
export function meantBytes(written: string): number | null {
  const found = /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*([kmg]?)i?(?:b|bytes)?\s*$/i.exec(written);
  if (found === null) return null;
  const each = { k: BYTES.KB, m: BYTES.MB, g: BYTES.GB }[found[2].toLowerCase()] ?? 1;
  return Math.round(Number(found[1]) * each);
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
