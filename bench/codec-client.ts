// Owns the TypeScript side of the suite `codec`: the schema of the value, the generated client's
// codecs loaded from a temporary file, and the same value for JSON, msgpackr and protobufjs.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Packr } from 'msgpackr';
import protobuf from 'protobufjs';
import { emitClient } from '../build/4-emit/client.ts';
import { canonicalText, fingerprint } from '../host/schema/canonical.ts';
import type { Method, Scalar, Schema, Type } from '../host/schema/types.ts';
import type { Decode, Encode, Outbox } from '../host/synapse/contract.ts';

export interface User {
  id: number;
  name: string;
  email: string;
  age: number;
  tags: string[];
  balance: bigint;
  at: number;
}

export const user: User = {
  id: 1007,
  name: 'Ada Lovelace 7',
  email: 'ada.lovelace7@example.com',
  age: 43,
  tags: ['admin', 'math', 'engine0'],
  balance: 123456789019n,
  at: 1763632007.25,
};

const scalar = (name: Scalar): Type => ({ kind: 'scalar', scalar: name });
const text: Type = { kind: 'string' };

/** A service with the one method `user(value: User): User`. */
export function userSchema(): Schema {
  const types: Record<keyof User, Type> = {
    id: scalar('u32'),
    name: text,
    email: text,
    age: scalar('u8'),
    tags: { kind: 'list', of: text },
    balance: scalar('i64'),
    at: scalar('f64'),
  };
  const fields = Object.entries(types).map(([name, type]) => ({ name, type }));
  const type: Type = { kind: 'record', name: 'User' };
  const method: Method = {
    name: 'user',
    index: 0,
    params: [{ name: 'value', type }],
    result: type,
    tier: 'pure',
    access: { public: true, anyRole: [], scopes: [] },
    canonical: '',
    fingerprint: '',
  };
  const schema: Schema = {
    version: 1,
    service: 'Users',
    cell: 'users',
    methods: [method],
    records: [{ name: 'User', fields }],
    enums: [],
  };
  method.canonical = canonicalText(schema, method);
  method.fingerprint = fingerprint(method.canonical);
  return schema;
}

export interface UserCodec {
  encode: Encode<[User]>;
  decode: Decode<User>;
}

/** The codec of the generated client. */
export async function loadUserCodec(schema: Schema): Promise<UserCodec> {
  const folder = mkdtempSync(join(tmpdir(), 'cell-bench-'));
  try {
    const codec = new URL('../host/synapse/codec.ts', import.meta.url).href;
    const shim = `export * from '${codec}';\nexport class Synapse {}\n`;
    writeFileSync(join(folder, 'synapse.ts'), shim);
    const client = emitClient(schema).replaceAll("'cell/synapse'", "'./synapse.ts'");
    const file = join(folder, 'client.ts');
    writeFileSync(file, `${client}\nexport { encode_user as encode, decode_user as decode };\n`);
    return (await import(pathToFileURL(file).href)) as UserCodec;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An outbox of a fixed size, as large as a client's. */
export function outbox(): Outbox {
  const bytes = Buffer.allocUnsafeSlow(1 << 20);
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
    grow: (end) => {
      if (end > 1 << 20) throw new RangeError('the benchmark writes no more than 1 MB');
    },
  };
}

/** Where results go, so that no compiler finds out that nobody needs them. */
export const sink: { value: unknown } = { value: null };

/** One way to turn the User into bytes and back. Both leave their result in `sink`. */
export interface Way {
  name: string;
  encode: () => void;
  decode: () => void;
  bytes: Uint8Array;
}

/** The generated codec, writing in place at an offset as a client does. */
export function cellWay(codec: UserCodec): Way {
  const out = outbox();
  const at = 16;
  const length = codec.encode(out, at, user);
  const bytes = Buffer.from(out.bytes.subarray(at, at + length));
  const message = Buffer.allocUnsafeSlow(length + at);
  message.set(bytes, at);
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  return {
    name: 'cell',
    encode: () => {
      sink.value = codec.encode(out, at, user);
    },
    decode: () => {
      sink.value = codec.decode(message, view, at, at + length);
    },
    bytes,
  };
}

/** JSON, its bigint as a string. Decoding starts from bytes, as for the others. */
export function jsonWay(): Way {
  const plain = { ...user, balance: String(user.balance) };
  const bytes = Buffer.from(JSON.stringify(plain));
  return {
    name: 'json',
    encode: () => {
      sink.value = Buffer.from(JSON.stringify(plain));
    },
    decode: () => {
      sink.value = JSON.parse(bytes.toString('utf8'));
    },
    bytes,
  };
}

/** msgpackr with its own record extension, which is its fastest form. */
export function msgpackWay(): Way {
  const packr = new Packr({ structures: [], int64AsType: 'bigint' });
  packr.pack(user);
  const bytes = Buffer.from(packr.pack(user));
  return {
    name: 'msgpackr',
    encode: () => {
      sink.value = packr.pack(user);
    },
    decode: () => {
      sink.value = packr.unpack(bytes);
    },
    bytes,
  };
}

/**
 * protobufjs with its generated-at-run-time codecs. The balance is a number: no Long, no bigint.
 */
export function protobufWay(): Way {
  const type = protobuf
    .parse(`syntax = "proto3"; message User {
    uint32 id = 1; string name = 2; string email = 3; uint32 age = 4; repeated string tags = 5;
    sint64 balance = 6; double at = 7; }`)
    .root.lookupType('User');
  const message = type.create({ ...user, balance: Number(user.balance) });
  const bytes = Buffer.from(type.encode(message).finish());
  return {
    name: 'protobufjs',
    encode: () => {
      sink.value = type.encode(message).finish();
    },
    decode: () => {
      sink.value = type.decode(bytes);
    },
    bytes,
  };
}
