// Owns JSON for values: what `cell call` reads and prints. Led by the schema, so that nothing is
// guessed. Errors are authored and name the place: `$.filter.limit: expected u32, got "x"`.
//
//   i64 u64 duration  string out; string or safe integer in (duration in microseconds)
//   instant           ISO 8601 with microseconds out; that, or microseconds, in
//   f32 f64           number; "NaN", "Infinity", "-Infinity"     bytes   base64
//   enum              member name out; name or value in          uuid, decimal  string
//   map               object when keys are strings, else pairs out; either in
//   nullable          null; a record's nullable field may be left out

import { shown } from './dynamic-write.ts';
import { instantFromText, instantText } from './instant.ts';
import { enumNamed, recordNamed, type Types } from './layout.ts';
import { canonicalDecimal, isUuid } from './named.ts';
import { isScalar } from './scalar.ts';
import type { Field, Scalar, Type } from './types.ts';

const ODD_FLOATS: Record<string, number> = {
  NaN: Number.NaN,
  Infinity: Infinity,
  '-Infinity': -Infinity,
};

function refuse(path: string, expected: string, got: unknown): never {
  throw new TypeError(`${path}: expected ${expected}, got ${shown(got)}`);
}

/** A value from parsed JSON. TypeError naming the path. */
export function fromJson(types: Types, type: Type, json: unknown, path = '$'): unknown {
  switch (type.kind) {
    case 'scalar':
      return scalarFromJson(type.scalar, json, path);
    case 'string':
      return typeof json === 'string' ? json : refuse(path, 'string', json);
    case 'uuid':
      return isUuid(json) ? json.toLowerCase() : refuse(path, 'a uuid', json);
    case 'decimal': {
      const form = canonicalDecimal(typeof json === 'number' ? String(json) : json);
      return form ?? refuse(path, 'a decimal such as "1.5"', json);
    }
    case 'bytes':
      return bytesFromJson(json, path);
    case 'enum': {
      const { members } = enumNamed(types, type.name);
      const found = members.find((member) => member.name === json || member.value === json);
      const names = members.map((member) => member.name).join(', ');
      return found === undefined ? refuse(path, `one of ${names}`, json) : found.value;
    }
    case 'nullable':
      return json === null || json === undefined ? null : fromJson(types, type.of, json, path);
    case 'list':
      if (!Array.isArray(json)) refuse(path, 'an array', json);
      return (json as unknown[]).map((item, i) => fromJson(types, type.of, item, `${path}[${i}]`));
    case 'map':
      return mapFromJson(types, type, json, path);
    case 'record':
      return recordFromJson(types, recordNamed(types, type.name).fields, json, path);
  }
}

/** An object with the given fields from parsed JSON; fields that it lacks must be nullable. */
export function recordFromJson(
  types: Types,
  fields: Field[],
  json: unknown,
  path = '$',
): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    refuse(path, 'an object', json);
  const given = json as Record<string, unknown>;
  const names = fields.map((field) => field.name);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    throw new TypeError(`${path}.${name}: no such field; there are ${names.join(', ') || 'none'}`);
  }
  return Object.fromEntries(
    fields.map(({ name, type }) => {
      const there = Object.hasOwn(given, name);
      if (!there && type.kind !== 'nullable') throw new TypeError(`${path}.${name}: is missing`);
      return [name, fromJson(types, type, there ? given[name] : null, `${path}.${name}`)];
    }),
  );
}

function scalarFromJson(scalar: Scalar, json: unknown, path: string): unknown {
  let value = json;
  if (scalar === 'f32' || scalar === 'f64') {
    if (typeof json === 'string' && Object.hasOwn(ODD_FLOATS, json)) value = ODD_FLOATS[json];
  } else if (
    scalar === 'i64' ||
    scalar === 'u64' ||
    scalar === 'instant' ||
    scalar === 'duration'
  ) {
    if (typeof json === 'number' && Number.isSafeInteger(json)) value = BigInt(json);
    else if (typeof json === 'string' && /^-?[0-9]{1,20}$/.test(json)) value = BigInt(json);
    else if (scalar === 'instant' && typeof json === 'string') value = instantFromText(json);
  }
  if (isScalar(scalar, value)) return value;
  // JSON.parse has rounded it by now; as it was written it was perhaps right.
  const rounded = typeof json === 'number' && Math.abs(json) > Number.MAX_SAFE_INTEGER;
  const wide = scalar === 'i64' || scalar === 'u64' || scalar === 'duration';
  const expected = rounded && wide ? `${scalar}, in quotes when beyond 2^53` : scalar;
  return refuse(
    path,
    scalar === 'instant' ? 'an instant such as "2026-01-31T12:00:00Z"' : expected,
    json,
  );
}

function bytesFromJson(json: unknown, path: string): Uint8Array {
  if (typeof json !== 'string') refuse(path, 'bytes as base64', json);
  try {
    return Uint8Array.from(atob(json as string), (char) => char.charCodeAt(0));
  } catch {
    return refuse(path, 'bytes as base64', json);
  }
}

function mapFromJson(
  types: Types,
  type: Type & { kind: 'map' },
  json: unknown,
  path: string,
): Map<unknown, unknown> {
  if (typeof json !== 'object' || json === null) refuse(path, 'an object or pairs', json);
  const pairs = Array.isArray(json) ? json : Object.entries(json as object);
  const map = new Map<unknown, unknown>();
  pairs.forEach((pair: unknown, i: number) => {
    const inside = Array.isArray(json) ? `${path}[${i}]` : `${path}[${JSON.stringify(pair)}]`;
    if (!Array.isArray(pair) || pair.length !== 2) refuse(inside, 'a pair [key, value]', pair);
    const [given, of] = pair as [unknown, unknown];
    const place = Array.isArray(json) ? inside : `${path}[${JSON.stringify(given)}]`;
    const key = fromJson(
      types,
      type.key,
      Array.isArray(json) ? given : keyFrom(type.key, given),
      place,
    );
    if (map.has(key)) throw new TypeError(`${place}: the key is there twice`);
    map.set(key, fromJson(types, type.value, of, place));
  });
  return map;
}

/** A key as an object spells it, always text, as its type would have it in JSON. */
function keyFrom(type: Type, text: unknown): unknown {
  if (type.kind !== 'scalar' || typeof text !== 'string') return text;
  if (type.scalar === 'bool') return text === 'true' ? true : text === 'false' ? false : text;
  return /^-?[0-9]{1,15}$/.test(text) ? Number(text) : text;
}

/** What JSON.stringify takes, from a decoded value. */
export function toJson(types: Types, type: Type, value: unknown): unknown {
  switch (type.kind) {
    case 'scalar':
      if (type.scalar === 'instant') return instantText(value as bigint);
      if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
      return typeof value === 'bigint' ? String(value) : value;
    case 'bytes': {
      let text = '';
      for (const byte of value as Uint8Array) text += String.fromCharCode(byte);
      return btoa(text);
    }
    case 'enum': {
      const found = enumNamed(types, type.name).members.find((member) => member.value === value);
      return found === undefined ? value : found.name;
    }
    case 'nullable':
      return value === null || value === undefined ? null : toJson(types, type.of, value);
    case 'list':
      return (value as unknown[]).map((item) => toJson(types, type.of, item));
    case 'map': {
      const pairs = [...(value as Map<unknown, unknown>)].map(([key, of]) => {
        return [toJson(types, type.key, key), toJson(types, type.value, of)] as const;
      });
      return type.key.kind === 'string' ? Object.fromEntries(pairs) : pairs;
    }
    case 'record':
      return recordToJson(types, recordNamed(types, type.name).fields, value as object);
    default:
      return value;
  }
}

/** What JSON.stringify takes, from a decoded record. */
export function recordToJson(
  types: Types,
  fields: Field[],
  value: object,
): Record<string, unknown> {
  const parts = value as Record<string, unknown>;
  return Object.fromEntries(
    fields.map(({ name, type }) => [name, toJson(types, type, parts[name])]),
  );
}
