// Owns what the guest's codec is compared with: the same User as MessagePack (a map with names, as
// msgpackr writes it) and as protobuf, written by hand the way generated code for them looks, with
// the library's UTF-8. Bounds are checked while reading, as in the real ones.

import { User } from "./user";

let at: usize = 0;
let end: usize = 0;

// @ts-ignore: decorator
@inline function room(n: usize): void {
  if (n > end - at) throw new RangeError("truncated");
}

function text(n: usize): string {
  room(n);
  const s = String.UTF8.decodeUnsafe(at, n);
  at += n;
  return s;
}

function putText(s: string, to: usize): usize {
  return String.UTF8.encodeUnsafe(changetype<usize>(s), s.length, to);
}

// ---- protobuf: tag = field << 3 | wire type

function varint(): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    room(1);
    const byte = load<u8>(at++);
    value |= (<u64>(byte & 0x7f)) << shift;
    if (byte < 0x80) return value;
  }
  throw new RangeError("varint");
}

function putVarint(value: u64): void {
  while (value > 0x7f) {
    store<u8>(at++, <u8>value | 0x80);
    value >>= 7;
  }
  store<u8>(at++, <u8>value);
}

export function protobufRead(ptr: usize, len: usize): User {
  at = ptr;
  end = ptr + len;
  const user = new User();
  while (at < end) {
    const tag = <u32>varint();
    switch (tag >> 3) {
      case 1: user.id = <u32>varint(); break;
      case 2: user.name = text(<usize>varint()); break;
      case 3: user.email = text(<usize>varint()); break;
      case 4: user.age = <u8>varint(); break;
      case 5: user.tags.push(text(<usize>varint())); break;
      case 6: {
        const zigzag = varint();
        user.balance = <i64>(zigzag >> 1) ^ -(<i64>(zigzag & 1));
        break;
      }
      case 7: {
        room(8);
        user.at = load<f64>(at);
        at += 8;
        break;
      }
      default: throw new RangeError("field");
    }
  }
  return user;
}

function putField(tag: u32, s: string): void {
  putVarint(tag);
  putVarint(String.UTF8.byteLength(s));
  at += putText(s, at);
}

export function protobufWrite(user: User, ptr: usize): usize {
  at = ptr;
  putVarint(8);
  putVarint(user.id);
  putField(18, user.name);
  putField(26, user.email);
  putVarint(32);
  putVarint(user.age);
  for (let i = 0; i < user.tags.length; i++) putField(42, user.tags[i]);
  putVarint(48);
  putVarint(<u64>((user.balance << 1) ^ (user.balance >> 63)));
  putVarint(57);
  store<f64>(at, user.at);
  at += 8;
  return at - ptr;
}

// ---- MessagePack

function putString(s: string): void {
  const n = String.UTF8.byteLength(s);
  if (n < 32) store<u8>(at++, 0xa0 | n);
  else {
    store<u8>(at, 0xd9);
    store<u8>(at, n, 1);
    at += 2;
  }
  at += putText(s, at);
}

function getString(): string {
  room(1);
  const head = <u32>load<u8>(at++);
  if ((head & 0xe0) == 0xa0) return text(head & 31);
  if (head != 0xd9) throw new RangeError("type");
  room(1);
  return text(load<u8>(at++));
}

function putNumber(value: i64): void {
  if (value >= 0 && value < 128) store<u8>(at++, <u8>value);
  else {
    store<u8>(at++, 0xd3);
    store<u64>(at, bswap<u64>(<u64>value));
    at += 8;
  }
}

function getNumber(): i64 {
  room(1);
  const head = load<u8>(at++);
  if (head < 128) return head;
  if (head != 0xd3) throw new RangeError("type");
  room(8);
  const value = <i64>bswap<u64>(load<u64>(at));
  at += 8;
  return value;
}

export function msgpackRead(ptr: usize, len: usize): User {
  at = ptr;
  end = ptr + len;
  const user = new User();
  room(1);
  const fields = load<u8>(at++) & 15;
  for (let f = 0; f < <i32>fields; f++) {
    const name = getString();
    if (name == "id") user.id = <u32>getNumber();
    else if (name == "name") user.name = getString();
    else if (name == "email") user.email = getString();
    else if (name == "age") user.age = <u8>getNumber();
    else if (name == "tags") {
      room(1);
      const n = load<u8>(at++) & 15;
      for (let i = 0; i < <i32>n; i++) user.tags.push(getString());
    } else if (name == "balance") user.balance = getNumber();
    else if (name == "at") {
      room(9);
      user.at = reinterpret<f64>(bswap<u64>(load<u64>(at, 1)));
      at += 9;
    } else throw new RangeError("field");
  }
  return user;
}

export function msgpackWrite(user: User, ptr: usize): usize {
  at = ptr;
  store<u8>(at++, 0x87);
  putString("id");
  putNumber(user.id);
  putString("name");
  putString(user.name);
  putString("email");
  putString(user.email);
  putString("age");
  putNumber(user.age);
  putString("tags");
  store<u8>(at++, 0x90 | user.tags.length);
  for (let i = 0; i < user.tags.length; i++) putString(user.tags[i]);
  putString("balance");
  putNumber(user.balance);
  putString("at");
  store<u8>(at, 0xcb);
  store<u64>(at, bswap<u64>(reinterpret<u64>(user.at)), 1);
  at += 9;
  return at - ptr;
}
