// Owns the short list that searches fill: the best few of many, kept sorted. Small ranks are good;
// an id is listed once. Insertion into an array beats a heap at these lengths (at most 100).

export class Best {
  private ids: StaticArray<u32>;
  private ranks: StaticArray<f64>;
  length: i32 = 0;

  /** Room for `room` ids, at least one. */
  constructor(readonly room: i32) {
    this.ids = new StaticArray<u32>(room);
    this.ranks = new StaticArray<f64>(room);
  }

  @inline id(at: i32): u32 { return this.ids[at]; }
  @inline rank(at: i32): f64 { return this.ranks[at]; }

  /** Rank beyond which nothing is taken any more: equal ranks still compete by id. */
  @inline worst(): f64 {
    return this.length < this.room ? Infinity : this.ranks[this.length - 1];
  }

  has(id: u32): bool {
    for (let at = 0; at < this.length; at++) {
      if (this.ids[at] == id) return true;
    }
    return false;
  }

  /** Offers an id that is not listed yet. Order: rank, then id. */
  offer(id: u32, rank: f64): void {
    let at = this.length;
    if (at == this.room) {
      const last = at - 1;
      if (rank > this.ranks[last] || (rank == this.ranks[last] && id > this.ids[last])) return;
      at = last;
    } else {
      this.length++;
    }
    while (at > 0) {
      const before = this.ranks[at - 1];
      if (before < rank || (before == rank && this.ids[at - 1] < id)) break;
      this.ids[at] = this.ids[at - 1];
      this.ranks[at] = before;
      at--;
    }
    this.ids[at] = id;
    this.ranks[at] = rank;
  }
}
