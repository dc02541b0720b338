// Owns reading files that the host granted to this cell (capability `blob`). Waits: a method that
// can reach it is on the waiting tier. Names are relative to the granted folder.
import { fail } from "./failure";

@external("cell:blob", "size")
declare function blobSize(name: usize, length: u32): i64;
@external("cell:blob", "read")
declare function blobRead(name: usize, length: u32, offset: i64, ptr: usize, cap: u32): i32;

/** Read-only files of the granted folder. What cannot be read fails with the host's status. */
export class Blob {
  /** Bytes of the file. */
  static size(name: string): i64 {
    const text = String.UTF8.encode(name);
    const n = blobSize(changetype<usize>(text), text.byteLength);
    return n < 0 ? fail<i64>(<u32>-n, "blob " + name) : n;
  }

  /** At most `length` bytes from `offset`; fewer at the file's end, none behind it. */
  static read(name: string, offset: i64 = 0, length: i32 = i32.MAX_VALUE): Uint8Array {
    if (offset < 0 || length < 0) throw new RangeError("blob: offset and length are not negative");
    const left = Blob.size(name) - offset;
    const room = <i32>max<i64>(0, min<i64>(left, length));
    const bytes = new Uint8Array(room);
    const n = Blob.readInto(name, offset, bytes.dataStart, room);
    return n == room ? bytes : bytes.subarray(0, n);
  }

  /**
   * Reads at most `cap` bytes from `offset` to address `ptr`; returns how many. For data that is
   * kept in raw memory instead of objects.
   */
  static readInto(name: string, offset: i64, ptr: usize, cap: i32): i32 {
    const text = String.UTF8.encode(name);
    let done: i32 = 0;
    while (done < cap) {
      const n = blobRead(
        changetype<usize>(text),
        text.byteLength,
        offset + done,
        ptr + done,
        <u32>(cap - done),
      );
      if (n < 0) return fail<i32>(<u32>-n, "blob " + name);
      if (n == 0) break;
      done += n;
    }
    return done;
  }
}
