// Owns how a method ends with an error: the error record and the import that throws. Never returns.
//
// The record is a payload of VALUES.md: {message: string, type: string | null, details: bytes |
// null}
//   0 u32 textStart | 4 u32 24 (root size)
//   8 message: offset, n | 16 type: offset, n | 24 details: offset, n      root record
//   32 details, padded to 4 | textStart: one zero byte, message, type       offset 0 = null
import { ERROR_BYTES } from "../shared/limits";

@external("cell:core", "fail")
declare function throwFailure(status: u32, ptr: usize, len: u32): void;

const ROOT: u32 = 24;
const FIXED: u32 = 8 + ROOT;
/** Bytes of a message that is too long for its record; what follows is cut. */
const MESSAGE_ROOM: u32 = ERROR_BYTES / 2;

/** What `details(value)` makes: the encoded value and the name of its class. */
export class Details {
  constructor(
    public type: string,
    public bytes: usize,
    public length: u32,
  ) {}
}

/**
 * Ends the method with `status` and `message`: `return fail<User>(Status.NOT_FOUND, "no such
 * user")`. The instance stays; only this call is over. `details` is what `details(value)` returned.
 */
export function fail<T>(status: u32, message: string, details: Details | null = null): T {
  throwRecord(status, message, details);
  // Never runs; asc wants every path to return.
  if (isVoid<T>()) return;
  else if (isReference<T>()) return changetype<T>(<usize>0);
  else return <T>0;
}

function throwRecord(status: u32, message: string, details: Details | null): void {
  let messageBytes = <u32>String.UTF8.byteLength(message);
  if (messageBytes > MESSAGE_ROOM) {
    message = cut(message, MESSAGE_ROOM);
    messageBytes = <u32>String.UTF8.byteLength(message);
  }
  let typeBytes: u32 = 0;
  let detailBytes: u32 = 0;
  if (details) {
    typeBytes = <u32>String.UTF8.byteLength(details.type);
    detailBytes = details.length;
    // Details that do not fit are left out; the message and the type still say what happened.
    if (FIXED + detailBytes + 4 + messageBytes + typeBytes > ERROR_BYTES) detailBytes = 0;
  }
  const textStart = FIXED + ((detailBytes + 3) & ~3);
  const length = textStart + 1 + messageBytes + typeBytes;
  const at = __new(length, idof<ArrayBuffer>()); // goes with the call
  memory.fill(at, 0, textStart + 1);
  store<u32>(at, textStart);
  store<u32>(at, ROOT, 4);
  store<u32>(at, 1, 8);
  store<u32>(at, messageBytes, 12);
  const text = at + textStart + 1;
  utf8(message, text);
  if (details) {
    store<u32>(at, 1 + messageBytes, 16);
    store<u32>(at, typeBytes, 20);
    utf8(details.type, text + messageBytes);
    if (detailBytes) {
      store<u32>(at, FIXED, 24);
      store<u32>(at, detailBytes, 28);
      memory.copy(at + FIXED, details.bytes, detailBytes);
    }
  }
  throwFailure(status, at, length);
  unreachable();
}

function utf8(text: string, at: usize): void {
  String.UTF8.encodeUnsafe(
    changetype<usize>(text),
    text.length,
    at,
    false,
    String.UTF8.ErrorMode.REPLACE,
  );
}

/** The longest start of `text` whose UTF-8 surely fits `room`: three bytes a unit at most. */
function cut(text: string, room: u32): string {
  return text.substring(0, <i32>(room / 3) - 3) + "...";
}
