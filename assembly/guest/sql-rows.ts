// Owns walking over what the host holds of a statement's result, row by row and field by field.
// The fields are read in order, each once; nothing is believed of lengths and counts.
//
//   u32 affected | u32 rows | u32 columns | fields row by row      field: see sql-args.ts
import { FAILED_PRECONDITION, INTERNAL, OUT_OF_RANGE } from "../shared/status";
import { decodeText } from "./codec-text";
import { fail } from "./failure";
import { believe, fault, MALFORMED, readValue, TOO_LARGE } from "./sql-read";

const HEAD: u32 = 12;
/** Columns of a result: PostgreSQL gives 1,664 at most. */
const COLUMNS: u32 = 2000;

export class SqlRows {
  /** Rows that the statement changed or gave. */
  readonly affected: u32;
  /** Rows that it gave. */
  readonly count: i32;
  private at: usize;
  private end: usize;
  /** Fields that were read. */
  private read: u32 = 0;

  /**
   * The result of `bytes` bytes at `base`, which was to have `columns` columns, named `names` with
   * a line each.
   */
  constructor(
    base: usize,
    bytes: u32,
    private columns: u32,
    private names: string,
  ) {
    if (bytes < HEAD) this.refuse("the database's answer is too short");
    this.affected = load<u32>(base);
    const rows = load<u32>(base, 4);
    const found = load<u32>(base, 8);
    this.count = found ? <i32>rows : 0;
    this.at = base + HEAD;
    this.end = base + bytes;
    if (found != columns && rows != 0) {
      const seen = found.toString() + " columns instead of " + columns.toString();
      fail<void>(FAILED_PRECONDITION, "the database gave " + seen + ": build the cell again");
    }
    // A field takes four bytes at least, so no count makes anybody allocate more than was sent.
    if (found > COLUMNS || <u64>rows * found * 4 > <u64>(bytes - HEAD)) {
      this.refuse("the database's answer is shorter than its count of rows");
    }
  }

  /** Reads the next field: of a type that a column can have, an array of such, or `| null`. */
  get<T>(): T {
    const n = this.field();
    if (n < 0) {
      if (isNullable<T>()) return changetype<T>(<usize>0);
      this.missing();
    }
    const p = this.at;
    this.at += <u32>n;
    believe();
    if (isArray<T>()) {
      const list = this.list<valueof<nonnull<T>>>(p, <u32>n);
      if (fault) this.wrong(fault);
      return changetype<T>(list);
    }
    const value = readValue<nonnull<T>>(p, <u32>n);
    if (fault) this.wrong(fault);
    return value;
  }

  /** Steps over the next field. */
  skip(): void {
    const n = this.field();
    if (n > 0) this.at += <u32>n;
  }

  /** Steps to the next field; its bytes, -1 = null. They are all there. */
  private field(): i32 {
    this.read++;
    if (this.end - this.at < 4) this.refuse("the database's answer is too short");
    const n = load<i32>(this.at);
    this.at += 4;
    if (n < -1 || <i64>n > <i64>(this.end - this.at)) this.refuse("a field reaches too far");
    return n;
  }

  /** `{1,NULL,"a \"b\""}`: one dimension, from any first index. */
  private list<E>(p: usize, n: u32): Array<E> {
    const list = new Array<E>();
    const end = p + n;
    // "[2:3]={...}": an array whose first index is not 1
    if (n && load<u8>(p) == 0x5b) {
      while (p < end && load<u8>(p) != 0x3d) p++;
      p++;
    }
    if (p >= end || load<u8>(p) != 0x7b || load<u8>(end - 1) != 0x7d) {
      this.wrong(MALFORMED);
    }
    p++;
    const last = end - 1;
    while (p < last) {
      if (load<u8>(p) == 0x7b) this.refuse("an array has more than one dimension");
      const quoted = load<u8>(p) == 0x22;
      const from = quoted ? p + 1 : p;
      const length = quoted ? this.unquoted(from, last) : this.bare(from, last);
      p = this.next;
      list.push(this.element<E>(from, length, quoted));
      if (p >= last) break;
      if (load<u8>(p) != 0x2c || p + 1 >= last) this.wrong(MALFORMED);
      p++;
    }
    return list;
  }

  /** Where the element that was taken last ended. */
  private next: usize = 0;

  /** Bytes up to the comma. */
  private bare(from: usize, last: usize): u32 {
    let p = from;
    while (p < last && load<u8>(p) != 0x2c) p++;
    if (p == from) this.wrong(MALFORMED);
    this.next = p;
    return <u32>(p - from);
  }

  /** Bytes up to the closing quote, with the backslashes taken out in place. */
  private unquoted(from: usize, last: usize): u32 {
    let to = from;
    for (let p = from; p < last; p++) {
      let byte = load<u8>(p);
      if (byte == 0x22) {
        this.next = p + 1;
        return <u32>(to - from);
      }
      if (byte == 0x5c && ++p < last) byte = load<u8>(p);
      store<u8>(to++, byte);
    }
    this.wrong(MALFORMED);
    return 0;
  }

  private element<E>(from: usize, n: u32, quoted: bool): E {
    // NULL; quoted it is a text of four letters
    if (!quoted && n == 4 && (load<u32>(from) & 0xdfdfdfdf) == 0x4c4c554e) {
      if (isNullable<E>()) return changetype<E>(<usize>0);
      this.missing();
    }
    return readValue<nonnull<E>>(from, n);
  }

  // ---- words; no value is ever told

  /** Name of the column that was read last. */
  private column(): string {
    const index = <i32>((this.read - 1) % max<u32>(this.columns, 1));
    const names = this.names.split("\n");
    return index < names.length ? names[index] : "column " + (index + 1).toString();
  }

  private missing(): void {
    const what = "`" + this.column() + "` is null in the database, where the build saw none";
    fail<void>(FAILED_PRECONDITION, what + ": build the cell again");
  }

  private wrong(why: u32): void {
    const column = "`" + this.column() + "`";
    if (why == TOO_LARGE) {
      fail<void>(
        OUT_OF_RANGE,
        "the database's value of " + column + " is too large for its type here",
      );
    }
    fail<void>(
      FAILED_PRECONDITION,
      "the database's value of " + column + " is not of its type here",
    );
  }

  private refuse(what: string): void {
    fail<void>(INTERNAL, what);
  }
}

/** The text of n bytes at p. */
export function textAt(p: usize, n: u32): string {
  return decodeText(p, n);
}
