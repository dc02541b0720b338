// Owns the number that stands for a subject in session slots; the limiter counts by it. The same
// subject has the same number on every connection and after a reconnect, so reconnecting does not
// refill a limit. Numbers are never used twice.

import { isIP } from 'node:net';

/**
 * Subjects remembered without an open session; each costs some 100 bytes. Threat: subjects without
 * end.
 */
export const REMEMBERED = 65536;

/** First half of an IPv6 address, as four groups without leading zeros. */
function network(address: string): string {
  const [head, tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  if (tail !== undefined)
    groups.push(...Array(Math.max(0, 8 - groups.length - after.length)).fill('0'));
  const all = [...groups, ...after].slice(0, 4);
  return all.map((group) => group.replace(/^0+(?=.)/, '').toLowerCase()).join(':');
}

/**
 * What an anonymous caller is counted by: its IPv4 address, the /64 network of its IPv6 address
 * (one subscriber has 2^64 of them), or a local listener's description.
 */
export function remoteKey(remote: string): string {
  const mapped = /^(?:0*:)*:?ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remote);
  if (mapped) return `remote:${mapped[1]}`;
  return `remote:${isIP(remote) === 6 ? network(remote.split('%')[0]) : remote}`;
}

interface Entry {
  id: number;
  sessions: number;
}

export class Subjects {
  private readonly entries = new Map<string, Entry>();
  private idle = 0;
  private next = 1;
  private readonly remembered: number;

  constructor(remembered = REMEMBERED) {
    this.remembered = remembered;
  }

  /** Number of `key` for a session that opens. */
  open(key: string): number {
    const known = this.entries.get(key);
    if (!known) {
      const id = this.next++;
      this.entries.set(key, { id, sessions: 1 });
      return id;
    }
    if (known.sessions++ === 0) this.idle--;
    return known.id;
  }

  /** A session of `key` closed. Keys without one are forgotten, the longest idle first. */
  close(key: string): void {
    const entry = this.entries.get(key);
    if (!entry || --entry.sessions > 0) return;
    this.entries.delete(key);
    this.entries.set(key, entry);
    this.idle++;
    if (this.idle > this.remembered) this.forget();
  }

  private forget(): void {
    for (const [key, entry] of this.entries) {
      if (entry.sessions > 0) continue;
      this.entries.delete(key);
      this.idle--;
      return;
    }
  }

  get size(): number {
    return this.entries.size;
  }
}
