// Owns search by the beginning of a name or of a word in it. The index is every start of a word,
// sorted by the bytes that follow: what begins alike is one range, and SUFFIX_BEST lets a range of
// thousands be read by its best. Never looks at a place that is not in a range.
//
//   query `new y`  ->  ranges [new y...] and, the last space as COUNTRY_MARK, [new 0x1f y...]
//   query `paris`  ->  named exactly so: what of the range [paris 0x1f ...] has offset 0
//
// Order: population, then id; a place named exactly so counts EXACT_WEIGHT times its people: `york`
// lists York among the cities, and `par` still begins with Paris, not with Par.

import { Columns } from './columns';
import { Best } from './best';
import { foldQuery, QUERY_BYTES_MAX } from './fold';
import { COUNTRY_MARK, SUFFIX, SUFFIX_BEST, SUFFIX_BITS, SUFFIX_BLOCK, WORD_MARK } from './layout';

export const EXACT_WEIGHT: f64 = 32;
const OFFSET_MASK: u32 = (1 << SUFFIX_BITS) - 1;

export class PrefixIndex {
  private query: StaticArray<u8> = new StaticArray<u8>(QUERY_BYTES_MAX);
  private length: i32 = 0;

  constructor(private columns: Columns) {}

  /**
   * The best `limit` (at least 1) places that have a word beginning with `text`, best first. A text
   * that folds to nothing matches all. `text` has at most QUERY_UNITS_MAX units.
   */
  search(text: string, limit: i32): Best {
    const query = changetype<usize>(this.query);
    const best = new Best(limit);
    const length = foldQuery(this.columns, text, query);
    if (length == 0) {
      const count = min(limit, <i32>this.columns.count);
      for (let id = 0; id < count; id++) best.offer(id, this.rank(id, 1));
      return best;
    }
    const spaced = load<u8>(query + length - 1) == WORD_MARK;
    this.length = spaced ? length : length + 1;
    store<u8>(query + this.length - 1, COUNTRY_MARK);
    this.collect(true, best);
    if (spaced) this.collect(false, best);
    this.length = length;
    if (spaced) store<u8>(query + length - 1, WORD_MARK);
    this.collect(false, best);
    if (!spaced && this.spaceToMark()) this.collect(false, best);
    return best;
  }

  /** Turns the query's last space into the mark before the country; false when it has none. */
  private spaceToMark(): bool {
    const query = changetype<usize>(this.query);
    for (let at = this.length - 1; at > 0; at--) {
      if (load<u8>(query + at) == WORD_MARK) {
        store<u8>(query + at, COUNTRY_MARK);
        return true;
      }
    }
    return false;
  }

  @inline private rank(id: u32, weight: f64): f64 {
    return -<f64>this.columns.population(id) * weight;
  }

  /** First entry not before the query (`after` 0), or first after all that begin with it (1). */
  private bound(after: i32): u32 {
    let low: u32 = 0;
    let high = this.columns.suffixes;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.compare(middle) < after) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Entry against query: negative before it, 0 begins with it, positive after it. */
  private compare(index: u32): i32 {
    const entry = load<u32>(this.columns.at(SUFFIX) + (<usize>index << 2));
    const id = entry >> SUFFIX_BITS;
    const from = this.columns.folded(id) + (entry & OFFSET_MASK);
    const has = <i32>(this.columns.folded(id + 1) - from);
    const query = changetype<usize>(this.query);
    const common = min(has, this.length);
    for (let at = 0; at < common; at++) {
      const difference = <i32>load<u8>(from + at) - <i32>load<u8>(query + at);
      if (difference != 0) return difference;
    }
    return has < this.length ? -1 : 0;
  }

  /** Offers the entries that begin with the query; `exact`: only those at the start of a name. */
  private collect(exact: bool, best: Best): void {
    const entries = this.columns.at(SUFFIX);
    const blocks = this.columns.at(SUFFIX_BEST);
    const weight: f64 = exact ? EXACT_WEIGHT : 1;
    const to = this.bound(1);
    let index = this.bound(0);
    while (index < to) {
      const end = min(to, (index / SUFFIX_BLOCK + 1) * SUFFIX_BLOCK);
      const ahead = load<u32>(blocks + (<usize>(index / SUFFIX_BLOCK) << 2));
      if (this.rank(ahead, weight) > best.worst()) {
        index = end;
        continue;
      }
      for (; index < end; index++) {
        const entry = load<u32>(entries + (<usize>index << 2));
        const id = entry >> SUFFIX_BITS;
        if (exact && (entry & OFFSET_MASK) != 0) continue;
        const rank = this.rank(id, weight);
        if (rank > best.worst() || best.has(id)) continue;
        best.offer(id, rank);
      }
    }
  }
}
