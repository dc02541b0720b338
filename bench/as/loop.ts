// Owns the loops that time the guest's codec: each turn is a call, so memory begins anew as it does
// behind `alloc`. `read` and `write` stand in the text that bench/codec-guest.ts puts around this.

export { panic } from "cell/panic";
import { User } from "./user";
import { msgpackRead, msgpackWrite, protobufRead, protobufWrite } from "./peers";
import { read, write } from "./codec";

/** Taken before the first call begins, so they stay. */
const input: usize = heap.alloc(1 << 12);
const output: usize = heap.alloc(1 << 12);
let user: User = new User();

export function inputAt(): usize {
  return input;
}
export function outputAt(): usize {
  return output;
}

/** Keeps the User that the input holds, for the encoders. */
export function keep(len: usize): void {
  user = read(input, len);
}

export function cellRead(n: i32, len: usize): u32 {
  let sum: u32 = 0;
  for (let i = 0; i < n; i++) {
    __call_begin();
    sum += read(input, len).id;
  }
  return sum;
}
export function protobufReads(n: i32, len: usize): u32 {
  let sum: u32 = 0;
  for (let i = 0; i < n; i++) {
    __call_begin();
    sum += protobufRead(input, len).id;
  }
  return sum;
}
export function msgpackReads(n: i32, len: usize): u32 {
  let sum: u32 = 0;
  for (let i = 0; i < n; i++) {
    __call_begin();
    sum += msgpackRead(input, len).id;
  }
  return sum;
}

export function cellWrite(n: i32): i64 {
  let last: i64 = 0;
  for (let i = 0; i < n; i++) {
    __call_begin();
    last = write(user);
  }
  return last;
}
export function protobufWrites(n: i32): usize {
  let length: usize = 0;
  for (let i = 0; i < n; i++) {
    __call_begin();
    length = protobufWrite(user, output);
  }
  return length;
}
export function msgpackWrites(n: i32): usize {
  let length: usize = 0;
  for (let i = 0; i < n; i++) {
    __call_begin();
    length = msgpackWrite(user, output);
  }
  return length;
}
