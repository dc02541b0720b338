// Owns the block of memory that holds places.bin, and reads its columns in place: no object per
// place, so collecting costs nothing. Never trusts a block before `fault` has found none; after
// that every offset in it is known to lie inside, and reads are bare loads.

import {
  COUNT_MAX, COUNTRY, DEGREE, FOLD, FOLD_BYTES, FOLDED, FOLDED_AT, FOLDED_BYTES_MAX, FORMAT,
  H_COUNT_WORD, H_COUNTRIES_WORD, H_FILE_BYTES_WORD, H_FOLDS_WORD, H_FORMAT_WORD, H_MAGIC_WORD,
  H_SECTIONS_WORD, H_SUFFIXES_WORD, H_SUM_EVEN_WORD, H_SUM_ODD_WORD, HEADER_BYTES, LAT, LON,
  MAGIC, NAME_AT, NAMES, NODE_AXIS, NODE_PLACE, NODE_X, NODE_Y, NODE_Z, POPULATION, SECTIONS,
  SUFFIX, SUFFIX_BEST, SUFFIX_BITS, SUFFIX_BLOCK, SUM_PRIME, SUM_SEED,
} from './layout';

export class Columns {
  private base: usize;
  readonly bytes: u32;
  count: u32 = 0;
  suffixes: u32 = 0;
  folds: u32 = 0;
  countries: u32 = 0;

  /** Takes `block` as it is; call `fault` before anything else. */
  constructor(private block: ArrayBuffer) {
    this.base = changetype<usize>(block);
    this.bytes = <u32>block.byteLength;
  }

  /** Why the block cannot be used, or null. Reads the whole block, a few milliseconds. */
  fault(): string | null {
    if (this.bytes < HEADER_BYTES || (this.bytes & 7) != 0) return 'it is cut short';
    if (this.word(H_MAGIC_WORD) != MAGIC) return 'it is no file of places';
    if (this.word(H_FORMAT_WORD) != FORMAT) return 'it has another format; make it again';
    if (this.word(H_FILE_BYTES_WORD) != this.bytes) return 'its length is not what it says';
    if (!this.sumsHold()) return 'its sums do not match; make it again';
    this.count = this.word(H_COUNT_WORD);
    this.suffixes = this.word(H_SUFFIXES_WORD);
    this.folds = this.word(H_FOLDS_WORD);
    this.countries = this.word(H_COUNTRIES_WORD);
    if (this.count > COUNT_MAX || this.suffixes > this.bytes || this.folds > this.bytes) {
      return 'it counts more than it holds';
    }
    if (!this.sectionsFit()) return 'a section lies outside';
    if (!this.textsFit(NAME_AT, NAMES) || !this.textsFit(FOLDED_AT, FOLDED)) {
      return 'a name lies outside';
    }
    if (!this.suffixesFit()) return 'its search index points outside';
    if (!this.treeFits()) return 'its nearest index points outside';
    return null;
  }

  @inline lat(id: u32): f64 {
    return <f64>load<i32>(this.at(LAT) + (<usize>id << 2)) / <f64>DEGREE;
  }

  @inline lon(id: u32): f64 {
    return <f64>load<i32>(this.at(LON) + (<usize>id << 2)) / <f64>DEGREE;
  }

  @inline population(id: u32): u32 {
    return load<u32>(this.at(POPULATION) + (<usize>id << 2));
  }

  /** Bare coordinate in 1e-5 degrees: `section` is LAT or LON. */
  @inline raw(section: u32, id: u32): i32 {
    return load<i32>(this.at(section) + (<usize>id << 2));
  }

  name(id: u32): string {
    const at = this.at(NAME_AT) + (<usize>id << 2);
    const from = load<u32>(at);
    return String.UTF8.decodeUnsafe(this.at(NAMES) + from, load<u32>(at, 4) - from);
  }

  country(id: u32): string {
    return String.UTF8.decodeUnsafe(this.at(COUNTRY) + (<usize>id << 1), 2);
  }

  /** Address of a section. */
  @inline at(section: u32): usize {
    return this.base + this.word(H_SECTIONS_WORD + section);
  }

  /** Address of place `id`'s folded text, and of its end. */
  @inline folded(id: u32): usize {
    return this.at(FOLDED) + load<u32>(this.at(FOLDED_AT) + (<usize>id << 2));
  }

  @inline private word(index: u32): u32 {
    return load<u32>(this.base + (<usize>index << 2));
  }

  private sumsHold(): bool {
    let even = SUM_SEED;
    let odd = SUM_SEED;
    const end = this.base + this.bytes;
    for (let at = this.base + HEADER_BYTES; at < end; at += 8) {
      even = (even ^ load<u32>(at)) * SUM_PRIME;
      odd = (odd ^ load<u32>(at, 4)) * SUM_PRIME;
    }
    return even == this.word(H_SUM_EVEN_WORD) && odd == this.word(H_SUM_ODD_WORD);
  }

  /** Bytes that a section must have room for; texts are judged by `textsFit`. */
  private sectionBytes(section: u32): u64 {
    const count = <u64>this.count;
    switch (section) {
      case COUNTRY: return count << 1;
      case NAME_AT: case FOLDED_AT: return (count + 1) << 2;
      case NAMES: case FOLDED: return 0;
      case SUFFIX: return <u64>this.suffixes << 2;
      case SUFFIX_BEST: return (<u64>this.suffixes + SUFFIX_BLOCK - 1) / SUFFIX_BLOCK << 2;
      case NODE_X: case NODE_Y: case NODE_Z: return count << 3;
      case NODE_AXIS: return count;
      case FOLD: return <u64>this.folds * FOLD_BYTES;
      default: return count << 2;
    }
  }

  private sectionsFit(): bool {
    let end: u64 = HEADER_BYTES;
    for (let section: u32 = 0; section < SECTIONS; section++) {
      const from = <u64>this.word(H_SECTIONS_WORD + section);
      if (from < end || (from & 7) != 0) return false;
      end = from + this.sectionBytes(section);
      if (end > this.bytes) return false;
    }
    return true;
  }

  private textsFit(offsets: u32, texts: u32): bool {
    const at = this.at(offsets);
    const room = this.word(H_SECTIONS_WORD + texts + 1) - this.word(H_SECTIONS_WORD + texts);
    if (load<u32>(at) != 0) return false;
    let last: u32 = 0;
    for (let id: u32 = 1; id <= this.count; id++) {
      const end = load<u32>(at + (<usize>id << 2));
      if (end <= last || end > room) return false;
      if (texts == FOLDED && end - last > FOLDED_BYTES_MAX) return false;
      last = end;
    }
    return true;
  }

  private suffixesFit(): bool {
    const entries = this.at(SUFFIX);
    const blocks = this.at(SUFFIX_BEST);
    for (let index: u32 = 0; index < this.suffixes; index++) {
      const entry = load<u32>(entries + (<usize>index << 2));
      const id = entry >> SUFFIX_BITS;
      if (id >= this.count) return false;
      const offset = entry & ((1 << SUFFIX_BITS) - 1);
      if (offset >= <u32>(this.folded(id + 1) - this.folded(id))) return false;
      if (id < load<u32>(blocks + (<usize>(index / SUFFIX_BLOCK) << 2))) return false;
    }
    return true;
  }

  private treeFits(): bool {
    const places = this.at(NODE_PLACE);
    const axes = this.at(NODE_AXIS);
    for (let node: u32 = 0; node < this.count; node++) {
      if (load<u32>(places + (<usize>node << 2)) >= this.count) return false;
      if (load<u8>(axes + node) > 2) return false;
    }
    return true;
  }
}
