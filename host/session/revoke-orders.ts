// Owns how `cell revoke` reaches a running host: one file an order in `.cell/run/revoke`, which
// only the owner can write (0700). The host carries it out, makes it durable, then removes it: a
// file that is gone is the answer. Orders left while no host ran are carried out before the next
// one listens.
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** An order to refuse `subject` until `until` (unix ms), or to take back what was ordered so. */
export type RevokeOrder =
  | { subject: string; until: number; lift?: undefined }
  | { subject: string; lift: true; until?: undefined };

/** Bytes of one order. Threat: a folder full of large files. */
const ORDER_BYTES = 4096;
/**
 * Milliseconds between looks at the folder, beside its change events (which some file systems
 * lack).
 */
const LOOK_MS = 500;

const folderOf = (run: string): string => path.join(run, 'revoke');

/** Leaves an order; returns its file, which vanishes when it is in force. */
export function leaveOrder(run: string, order: RevokeOrder): string {
  const folder = folderOf(run);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Names sort by time, in microseconds: an order and what takes it back are carried out in turn.
  const now = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const file = path.join(folder, `${now}-${randomUUID()}.json`);
  fs.writeFileSync(`${file}.draft`, JSON.stringify(order), { mode: 0o600 });
  fs.renameSync(`${file}.draft`, file);
  return file;
}

function readOrder(file: string): RevokeOrder | null {
  try {
    if (fs.statSync(file).size > ORDER_BYTES) return null;
    const order = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<RevokeOrder>;
    const says = order.lift === true || Number.isSafeInteger(order.until);
    const good = typeof order.subject === 'string' && says;
    return good ? (order as RevokeOrder) : null;
  } catch {
    return null;
  }
}

/** Carries out orders until it is stopped. */
export class RevokeOrders {
  private readonly folder: string;
  private readonly obey: (order: RevokeOrder) => Promise<void>;
  private readonly timer: NodeJS.Timeout;
  private readonly watcher: fs.FSWatcher;
  private looking: Promise<void> = Promise.resolve();

  private constructor(folder: string, obey: (order: RevokeOrder) => Promise<void>) {
    this.folder = folder;
    this.obey = obey;
    this.watcher = fs.watch(folder, () => this.look());
    this.watcher.on('error', () => this.watcher.close()); // the timer goes on
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.timer.unref();
  }

  /** Carries out what lies there, then watches. */
  static async open(
    run: string,
    obey: (order: RevokeOrder) => Promise<void>,
  ): Promise<RevokeOrders> {
    const folder = folderOf(run);
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const orders = new RevokeOrders(folder, obey);
    await orders.look();
    return orders;
  }

  private look(): Promise<void> {
    this.looking = this.looking.then(() => this.carryOut());
    return this.looking;
  }

  /** Names in the folder; none when somebody has removed it, and the next order makes it anew. */
  private left(): string[] {
    try {
      return fs.readdirSync(this.folder);
    } catch {
      return [];
    }
  }

  private async carryOut(): Promise<void> {
    const waits = new Set<string>();
    for (const name of this.left().sort()) {
      if (!name.endsWith('.json')) continue;
      const file = path.join(this.folder, name);
      const order = readOrder(file);
      if (order && waits.has(order.subject)) continue;
      try {
        if (order) await this.obey(order);
        fs.rmSync(file, { force: true });
      } catch {
        // Not durable: the order stays and is tried again, and later ones of its subject after it.
        if (order) waits.add(order.subject);
      }
    }
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.watcher.close();
    await this.looking;
  }
}
