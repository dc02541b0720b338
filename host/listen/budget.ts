// Owns one number of bytes that many connections share: half-received frames (socket.ts) and parked
// messages (host/session/parking.ts). Threat: each connection within its own bound, all together
// not.

/** Bytes to be taken and given back. Invariant: 0 <= used <= limit. */
export class Budget {
  readonly limit: number;
  used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Takes `bytes` if they are there; else takes nothing and returns false. */
  take(bytes: number): boolean {
    if (bytes > this.limit - this.used) return false;
    this.used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.used -= bytes;
  }
}
