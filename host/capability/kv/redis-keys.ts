// Owns what a cell's durable fields are in a Redis: keys, and the commands that a batch becomes.
// Asks nothing of a server.
//
//   cell:{visits}:lease       name of the host that has them, for a while
//   cell:{visits}:types       hash: field -> canonical text
//   cell:{visits}:field:seen  hash: key -> value
//   cell:{visits}:order:seen  sorted set: key -> when it was put first
//   cell:{visits}:order       the number of the last key that was put
// The braces keep them in one slot of a cluster.
import { CLEAR, DROP, PUT, REMOVE, TYPE, writesOf } from './contract.ts';

export type Command = (string | Buffer)[];

/** Entries of one command. Reason: one command blocks the server until it is done. */
const TOGETHER = 500;

export class RedisKeys {
  readonly lease: string;
  readonly types: string;
  readonly order: string;
  private readonly base: string;
  private readonly fields: readonly string[];

  constructor(cell: string, fields: readonly string[]) {
    this.base = `cell:{${cell}}`;
    this.lease = `${this.base}:lease`;
    this.types = `${this.base}:types`;
    this.order = `${this.base}:order`;
    this.fields = fields;
  }

  name(field: number): string {
    return this.fields[field];
  }

  values(field: number): string {
    return this.valuesOf(this.fields[field]);
  }

  valuesOf(name: string): string {
    return `${this.base}:field:${name}`;
  }

  orders(field: number): string {
    return `${this.base}:order:${this.fields[field]}`;
  }

  /** The commands of a batch; `last`: the number of the last key that was put. */
  commands(batch: Uint8Array, last: number): { commands: Command[]; last: number } {
    const commands: Command[] = [];
    let count = last;
    let open = -1;
    let entries = 0;
    for (const { kind, field, key, value } of writesOf(batch)) {
      const k = buffer(key);
      if (kind === PUT) {
        if (open !== field || entries === TOGETHER) {
          commands.push(['HSET', this.values(field)], ['ZADD', this.orders(field), 'NX']);
          entries = 0;
        }
        open = field;
        entries++;
        commands[commands.length - 2].push(k, buffer(value));
        commands[commands.length - 1].push(String(++count), k);
        continue;
      }
      open = -1;
      if (kind === REMOVE) {
        commands.push(['HDEL', this.values(field), k], ['ZREM', this.orders(field), k]);
      } else if (kind === CLEAR) commands.push(['DEL', this.values(field), this.orders(field)]);
      else if (kind === DROP) {
        commands.push(['DEL', this.values(field), this.orders(field)]);
        commands.push(['HDEL', this.types, this.name(field)]);
      } else if (kind === TYPE)
        commands.push(['HSET', this.types, this.name(field), buffer(value)]);
    }
    if (count !== last) commands.push(['SET', this.order, String(count)]);
    return { commands, last: count };
  }
}

/** A copy: the batch's memory may be reused while the socket still holds what was written. */
const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes);
