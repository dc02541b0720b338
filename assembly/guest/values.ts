// Owns the named value types that services use beside the language's own: Uuid, Instant, Duration,
// Decimal (VALUES rule 10). All are immutable in spirit: methods return new values.
// Compare with `equals`: `==` compares objects, as everywhere in TypeScript. (An overload of `==`
// would also take over `x !== null`, and with it the compiler's narrowing.)

/** 128 bits, written `01234567-89ab-cdef-0123-456789abcdef`. */
export class Uuid {
  /** The first and the last 16 of the 32 digits. */
  constructor(
    public high: u64 = 0,
    public low: u64 = 0,
  ) {}

  /** Reads the 36-character form, in either case; null when it is none. */
  static parse(text: string): Uuid | null {
    if (text.length != 36) return null;
    let high: u64 = 0;
    let low: u64 = 0;
    let digits = 0;
    for (let i = 0; i < 36; i++) {
      const code = text.charCodeAt(i);
      if (i == 8 || i == 13 || i == 18 || i == 23) {
        if (code != 0x2d) return null;
        continue;
      }
      const digit = hexDigit(code);
      if (digit < 0) return null;
      if (digits++ < 16) high = (high << 4) | digit;
      else low = (low << 4) | digit;
    }
    return new Uuid(high, low);
  }

  toString(): string {
    const text = hex(this.high) + hex(this.low);
    return text.substring(0, 8) + "-" + text.substring(8, 12) + "-" + text.substring(12, 16) +
      "-" + text.substring(16, 20) + "-" + text.substring(20);
  }

  equals(other: Uuid): bool {
    return this.high == other.high && this.low == other.low;
  }
}

function hexDigit(code: i32): i32 {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function hex(half: u64): string {
  let text = "";
  for (let shift = 60; shift >= 0; shift -= 4) {
    const digit = <i32>((half >> <u64>shift) & 15);
    text += String.fromCharCode(digit + (digit < 10 ? 0x30 : 0x57));
  }
  return text;
}

/** A point in time: microseconds since 1970 UTC. */
export class Instant {
  constructor(public micros: i64 = 0) {}

  /** No time yet: in a row that is inserted, the default of its column stands instead. */
  static get unset(): Instant {
    return new Instant(i64.MIN_VALUE);
  }
  get isUnset(): bool {
    return this.micros == i64.MIN_VALUE;
  }

  plus(duration: Duration): Instant {
    return new Instant(this.micros + duration.micros);
  }
  /** The time from `earlier` until this. */
  since(earlier: Instant): Duration {
    return new Duration(this.micros - earlier.micros);
  }
  equals(other: Instant): bool {
    return this.micros == other.micros;
  }
  @operator("<") isBefore(other: Instant): bool {
    return this.micros < other.micros;
  }
  @operator(">") isAfter(other: Instant): bool {
    return this.micros > other.micros;
  }
}

/** A length of time in microseconds; may be negative. */
export class Duration {
  constructor(public micros: i64 = 0) {}

  static ofMillis(millis: i64): Duration {
    return new Duration(millis * 1000);
  }
  static ofSeconds(seconds: i64): Duration {
    return new Duration(seconds * 1000000);
  }
  get millis(): f64 {
    return <f64>this.micros / 1000;
  }
  get seconds(): f64 {
    return <f64>this.micros / 1000000;
  }
  @operator("+") plus(other: Duration): Duration {
    return new Duration(this.micros + other.micros);
  }
  @operator("-") minus(other: Duration): Duration {
    return new Duration(this.micros - other.micros);
  }
  equals(other: Duration): bool {
    return this.micros == other.micros;
  }
  @operator("<") isShorter(other: Duration): bool {
    return this.micros < other.micros;
  }
  @operator(">") isLonger(other: Duration): bool {
    return this.micros > other.micros;
  }
}

/** Characters of a Decimal at most; the same number as in host/schema/named.ts. */
const DECIMAL_CHARS = 128;

/** True for the one form that a decimal travels in: `-12.5`; no `+`, `-0`, `01`, `1.0`, `.5`. */
export function isDecimal(text: string): bool {
  const n = text.length;
  if (n == 0 || n > DECIMAL_CHARS) return false;
  let i = text.charCodeAt(0) == 0x2d ? 1 : 0;
  const first = i;
  while (i < n && isDigit(text, i)) i++;
  const whole = i - first;
  if (whole == 0 || (whole > 1 && text.charCodeAt(first) == 0x30)) return false;
  if (i == n) return !(first == 1 && whole == 1 && text.charCodeAt(1) == 0x30);
  if (text.charCodeAt(i) != 0x2e || i + 1 == n) return false;
  while (++i < n) if (!isDigit(text, i)) return false;
  return text.charCodeAt(n - 1) != 0x30;
}

function isDigit(text: string, i: i32): bool {
  const code = text.charCodeAt(i);
  return code >= 0x30 && code <= 0x39;
}

/** An exact decimal number of at most 128 characters, such as an amount of money. */
export class Decimal {
  private constructor(private form: string) {}

  /** A text that `isDecimal` said yes to. */
  static trusted(form: string): Decimal {
    return new Decimal(form);
  }

  /** Reads `[+-]digits[.digits]`; null when it is no such number or too long. */
  static parse(text: string): Decimal | null {
    let from = 0;
    let end = text.length;
    let minus = false;
    if (end > 0 && (text.charCodeAt(0) == 0x2d || text.charCodeAt(0) == 0x2b)) {
      minus = text.charCodeAt(0) == 0x2d;
      from = 1;
    }
    const dot = text.indexOf(".", from);
    if (end - from - (dot >= 0 ? 1 : 0) < 1) return null;
    for (let i = from; i < end; i++) if (i != dot && !isDigit(text, i)) return null;
    let whole = text.substring(from, dot >= 0 ? dot : end);
    let fraction = dot >= 0 ? text.substring(dot + 1) : "";
    return make(minus, whole, fraction);
  }

  static ofInteger(value: i64): Decimal {
    return new Decimal(value.toString());
  }

  toString(): string {
    return this.form;
  }
  get isNegative(): bool {
    return this.form.charCodeAt(0) == 0x2d;
  }
  @operator.prefix("-") negated(): Decimal {
    if (this.form == "0") return this;
    return new Decimal(this.isNegative ? this.form.substring(1) : "-" + this.form);
  }

  /** Exact; the sum of numbers of 128 characters may be too long, which throws. */
  @operator("+") plus(other: Decimal): Decimal {
    return add(this.form, other.form);
  }
  @operator("-") minus(other: Decimal): Decimal {
    return add(this.form, other.negated().form);
  }
  /** Exact; throws when the product is longer than 128 characters. */
  @operator("*") times(other: Decimal): Decimal {
    return multiply(this.form, other.form);
  }
  /** -1, 0 or 1. */
  compare(other: Decimal): i32 {
    const gap = this.minus(other);
    return gap.form == "0" ? 0 : gap.isNegative ? -1 : 1;
  }
  equals(other: Decimal): bool {
    return this.form == other.form;
  }
  @operator("<") isLess(other: Decimal): bool {
    return this.compare(other) < 0;
  }
  @operator(">") isGreater(other: Decimal): bool {
    return this.compare(other) > 0;
  }
}

/** The canonical number of these digits; null when it is too long. */
function make(minus: bool, whole: string, fraction: string): Decimal | null {
  let from = 0;
  while (from < whole.length - 1 && whole.charCodeAt(from) == 0x30) from++;
  let end = fraction.length;
  while (end > 0 && fraction.charCodeAt(end - 1) == 0x30) end--;
  let form = whole.length ? whole.substring(from) : "0";
  if (end) form += "." + fraction.substring(0, end);
  if (minus && form != "0") form = "-" + form;
  return form.length <= DECIMAL_CHARS ? Decimal.trusted(form) : null;
}

/** Digits of a canonical form without sign and dot, right-aligned to `places` decimal places. */
function digitsOf(form: string, places: i32): StaticArray<u8> {
  const from = form.charCodeAt(0) == 0x2d ? 1 : 0;
  const dot = form.indexOf(".");
  const own = dot < 0 ? 0 : form.length - dot - 1;
  const n = form.length - from - (dot < 0 ? 0 : 1);
  const digits = new StaticArray<u8>(n + places - own);
  for (let i = from, at = 0; i < form.length; i++) {
    if (i != dot) digits[at++] = <u8>(form.charCodeAt(i) - 0x30);
  }
  return digits;
}

function placesOf(form: string): i32 {
  const dot = form.indexOf(".");
  return dot < 0 ? 0 : form.length - dot - 1;
}

/** The number of these digits, most significant first, `places` of them behind the dot. */
function fromDigits(minus: bool, digits: StaticArray<u8>, places: i32): Decimal {
  let text = "";
  for (let i = 0; i < digits.length; i++) text += String.fromCharCode(0x30 + digits[i]);
  const dot = text.length - places;
  const made = make(minus, dot > 0 ? text.substring(0, dot) : "0",
    dot >= 0 ? text.substring(dot) : text.padStart(places, "0"));
  if (!made) throw new RangeError("a decimal of more than 128 characters");
  return made;
}

function add(a: string, b: string): Decimal {
  const places = max(placesOf(a), placesOf(b));
  const x = digitsOf(a, places);
  const y = digitsOf(b, places);
  const n = max(x.length, y.length) + 1;
  const xMinus = a.charCodeAt(0) == 0x2d;
  const yMinus = b.charCodeAt(0) == 0x2d;
  const sum = new StaticArray<u8>(n);
  let carry = 0;
  for (let i = 1; i <= n; i++) {
    const d = i <= x.length ? <i32>x[x.length - i] : 0;
    const e = i <= y.length ? <i32>y[y.length - i] : 0;
    const s = d + (xMinus == yMinus ? e : -e) + carry;
    carry = s < 0 ? -1 : s > 9 ? 1 : 0;
    sum[n - i] = <u8>(s - carry * 10);
  }
  if (carry == 0) return fromDigits(xMinus, sum, places);
  // |a| < |b|, signs differ: what was computed is the ten's complement of the difference.
  let borrow = 0;
  for (let i = n - 1; i >= 0; i--) {
    const s = -(<i32>sum[i]) - borrow;
    borrow = s < 0 ? 1 : 0;
    sum[i] = <u8>(s + borrow * 10);
  }
  return fromDigits(yMinus, sum, places);
}

function multiply(a: string, b: string): Decimal {
  const x = digitsOf(a, placesOf(a));
  const y = digitsOf(b, placesOf(b));
  const product = new StaticArray<u8>(x.length + y.length);
  for (let i = x.length - 1; i >= 0; i--) {
    let carry = 0;
    for (let j = y.length - 1; j >= 0; j--) {
      const s = <i32>product[i + j + 1] + <i32>x[i] * <i32>y[j] + carry;
      product[i + j + 1] = <u8>(s % 10);
      carry = s / 10;
    }
    product[i] = <u8>carry;
  }
  const minus = (a.charCodeAt(0) == 0x2d) != (b.charCodeAt(0) == 0x2d);
  return fromDigits(minus, product, placesOf(a) + placesOf(b));
}
