// Owns making schemas for the tests: a service whose method `echo<i>` takes and returns one type,
// so that its arguments and its result are the same payload.

import { canonicalText, fingerprint } from '../../host/schema/canonical.ts';
import type {
  EnumType,
  Method,
  RecordType,
  Scalar,
  Schema,
  Type,
} from '../../host/schema/types.ts';

export const scalar = (name: Scalar): Type => ({ kind: 'scalar', scalar: name });
export const text: Type = { kind: 'string' };
export const list = (of: Type): Type => ({ kind: 'list', of });
export const nullable = (of: Type): Type => ({ kind: 'nullable', of });
export const map = (key: Type, value: Type): Type => ({ kind: 'map', key, value });
export const record = (name: string): Type => ({ kind: 'record', name });
export const oneOf = (name: string): Type => ({ kind: 'enum', name });

/** A record from `name: type` pairs. */
export function fields(name: string, types: Record<string, Type>): RecordType {
  return { name, fields: Object.entries(types).map(([field, type]) => ({ name: field, type })) };
}

/** A schema whose method i is `echo<i>(value: types[i]): types[i]`. */
export function echoSchema(
  types: Type[],
  records: RecordType[] = [],
  enums: EnumType[] = [],
): Schema {
  const schema: Schema = {
    version: 1,
    service: 'Echo',
    cell: 'echo',
    methods: [],
    records,
    enums,
  };
  schema.methods = types.map((type, index) => {
    const method: Method = {
      name: `echo${index}`,
      index,
      params: [{ name: 'value', type }],
      result: type,
      tier: 'pure',
      access: { public: true, anyRole: [], scopes: [] },
      canonical: '',
      fingerprint: '',
    };
    method.canonical = canonicalText(schema, method);
    method.fingerprint = fingerprint(method.canonical);
    return method;
  });
  return schema;
}
