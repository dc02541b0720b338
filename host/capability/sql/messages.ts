// Owns the cutting of a stream of bytes into PostgreSQL's messages. Whole messages are handed on
// where they lie; only what has not come as a whole is kept. A message that is larger than any
// answer may be is the end of the connection, except rows: those are passed over.
import { HEAD, ROW } from './backend.ts';
import { SQL_RESULT_BYTES } from './contract.ts';

export interface MessageSink {
  /** Body at [at, to) of `bytes`, valid during the call. */
  row(bytes: Buffer, at: number, to: number): void;
  message(type: number, bytes: Buffer, at: number, to: number): void;
  /** A row above SQL_RESULT_BYTES was passed over. */
  hugeRow(): void;
  /** What came is no message. Nothing is handed on after that. */
  confused(): void;
}

export class Messages {
  private readonly sink: MessageSink;
  private rest: Buffer = Buffer.alloc(0);
  private restLength = 0;
  /** Bytes of a huge row that are still to come. */
  private skip = 0;
  private stopped = false;

  constructor(sink: MessageSink) {
    this.sink = sink;
  }

  /** Hands nothing on any more. */
  stop(): void {
    this.stopped = true;
  }

  /** The next `size` bytes of the stream. */
  data(bytes: Buffer, size: number): void {
    let at = Math.min(size, this.skip);
    this.skip -= at;
    if (at === size) return;
    if (this.restLength === 0) {
      at = this.read(bytes, at, size);
      if (at < size) this.keep(bytes, at, size);
      return;
    }
    this.keep(bytes, at, size);
    const used = this.read(this.rest, 0, this.restLength);
    this.rest.copyWithin(0, used, this.restLength);
    this.restLength -= used;
    if (this.restLength === 0 && this.rest.length > 1 << 18) this.rest = Buffer.alloc(0);
  }

  private keep(bytes: Buffer, at: number, size: number): void {
    const needed = this.restLength + size - at;
    if (needed > this.rest.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.rest.length * 2, 8192));
      this.rest.copy(grown, 0, 0, this.restLength);
      this.rest = grown;
    }
    bytes.copy(this.rest, this.restLength, at, size);
    this.restLength = needed;
  }

  /** Handles whole messages in [at, end); returns where the first that is not whole begins. */
  private read(bytes: Buffer, at: number, end: number): number {
    const { sink } = this;
    while (end - at >= HEAD) {
      if (this.stopped) return end;
      const type = bytes[at];
      const size = bytes.readUInt32BE(at + 1);
      const next = at + 1 + size;
      if (size < 4 || (size > SQL_RESULT_BYTES && type !== ROW)) {
        this.stopped = true;
        sink.confused();
        return end;
      }
      if (next > end) {
        if (size <= SQL_RESULT_BYTES) return at;
        sink.hugeRow();
        this.skip = next - end;
        return end;
      }
      if (type === ROW) sink.row(bytes, at + HEAD, next);
      else sink.message(type, bytes, at + HEAD, next);
      at = next;
    }
    return this.stopped ? end : at;
  }
}
