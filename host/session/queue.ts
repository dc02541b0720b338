// Owns a first-in first-out queue whose shift costs the same at any length (an array's is linear in
// it).

/** Taken places at the front that are worth cutting off. */
const CUT = 1024;

export class Queue<T> {
  private entries: (T | undefined)[] = [];
  private first = 0;

  get size(): number {
    return this.entries.length - this.first;
  }

  push(entry: T): void {
    this.entries.push(entry);
  }

  /** The oldest entry, which stays. */
  peek(): T | undefined {
    return this.entries[this.first];
  }

  /** Drops the entries that `stays` says no to. */
  keep(stays: (entry: T) => boolean): void {
    this.entries = this.entries.slice(this.first).filter((entry) => stays(entry as T));
    this.first = 0;
  }

  /** Takes the oldest entry. */
  shift(): T | undefined {
    const entry = this.entries[this.first];
    if (this.first === this.entries.length) return undefined;
    this.entries[this.first++] = undefined;
    if (this.first === this.entries.length) {
      this.entries = [];
      this.first = 0;
    } else if (this.first >= CUT && this.first * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.first);
      this.first = 0;
    }
    return entry;
  }
}
