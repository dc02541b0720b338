// Owns the structural check of the JSON inside a module: `cell:schema` and `cell:manifest`. What
// passes here has the shapes of host/schema/types.ts, within bounds, and refers to nothing that is
// missing. It never judges meaning (compatibility, grants): that is the business of its callers.
import { VALUE_DEPTH } from '../../assembly/shared/limits.ts';
import type { Manifest, Schema, Type } from '../schema/types.ts';
import { bad, doc, flag, integer, type Json, list, name, object, text } from './parts.ts';
import { checkPersisted, checkSql } from './structure-data.ts';

/** Methods of one cell. Route ids are u16, shared by all cells. Threat: tables without end. */
export const METHODS_MAX = 1024;
/** Other cells that one cell may call: each is an import, linked for every instance. */
const REMOTES_MAX = 64;
const CELL_NAME = /^[a-z][a-z0-9-]{0,63}$/;
const SCALARS = new Set('bool i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 instant duration'.split(' '));

/** Names that a type may refer to. */
interface Names {
  records: Set<string>;
  enums: Set<string>;
}

function checkType(
  value: unknown,
  path: string,
  names: Names,
  depth: number,
): asserts value is Type {
  if (depth > VALUE_DEPTH) bad(path, `at most ${VALUE_DEPTH} levels of nesting`);
  const type = object(value, path);
  switch (type.kind) {
    case 'scalar':
      if (!SCALARS.has(type.scalar as string)) bad(`${path}.scalar`, 'a scalar type');
      return;
    case 'string':
    case 'bytes':
    case 'uuid':
    case 'decimal':
      return;
    case 'enum':
      if (!names.enums.has(type.name as string)) bad(`${path}.name`, 'an enum of this schema');
      return;
    case 'record':
      if (!names.records.has(type.name as string)) bad(`${path}.name`, 'a record of this schema');
      return;
    case 'list':
    case 'nullable':
      return checkType(type.of, `${path}.of`, names, depth + 1);
    case 'map':
      checkType(type.key, `${path}.key`, names, depth + 1);
      return checkType(type.value, `${path}.value`, names, depth + 1);
    default:
      bad(`${path}.kind`, 'a kind of type');
  }
}

function checkFields(value: unknown, path: string, names: Names): void {
  const seen = new Set<string>();
  for (const [i, entry] of list(value, path, 256).entries()) {
    const field = object(entry, `${path}[${i}]`);
    const own = name(field.name, `${path}[${i}].name`);
    if (seen.has(own)) bad(`${path}[${i}].name`, `a name of its own, not \`${own}\` again`);
    seen.add(own);
    checkType(field.type, `${path}[${i}].type`, names, 0);
    doc(field.doc, `${path}[${i}].doc`);
  }
}

function checkMethod(value: unknown, i: number, names: Names): void {
  const path = `$.methods[${i}]`;
  const method = object(value, path);
  name(method.name, `${path}.name`);
  integer(method.index, `${path}.index`, i, i);
  checkFields(method.params, `${path}.params`, names);
  if (method.result !== null) checkType(method.result, `${path}.result`, names, 0);
  if (method.tier !== 'pure' && method.tier !== 'waiting') bad(`${path}.tier`, 'pure or waiting');
  const access = object(method.access, `${path}.access`);
  flag(access.public, `${path}.access.public`);
  for (const key of ['anyRole', 'scopes']) {
    for (const entry of list(access[key], `${path}.access.${key}`, 64)) {
      text(entry, `${path}.access.${key}`, 256);
    }
  }
  text(method.canonical, `${path}.canonical`, 65536);
  if (!/^[0-9a-f]{16}$/.test(text(method.fingerprint, `${path}.fingerprint`, 16))) {
    bad(`${path}.fingerprint`, '16 hex digits');
  }
  if (method.channel !== undefined && method.channel !== 'macro') bad(`${path}.channel`, 'macro');
  if (method.calls !== undefined) {
    for (const entry of list(method.calls, `${path}.calls`, METHODS_MAX)) {
      text(entry, `${path}.calls`, 256);
    }
  }
  doc(method.doc, `${path}.doc`);
}

function checkEnum(value: unknown, path: string): string {
  const entry = object(value, path);
  for (const [i, member] of list(entry.members, `${path}.members`).entries()) {
    const { name: own, value: number } = object(member, `${path}.members[${i}]`);
    name(own, `${path}.members[${i}].name`);
    integer(number, `${path}.members[${i}].value`, -0x80000000, 0xffffffff);
  }
  doc(entry.doc, `${path}.doc`);
  return name(entry.name, `${path}.name`);
}

/**
 * Checks a parsed `cell:schema`. Throws ModuleError with a path: `$.methods[2].tier: expected ...`.
 */
export function checkSchema(value: unknown): Schema {
  const schema = object(value, '$');
  if (schema.version !== 1) bad('$.version', '1');
  name(schema.service, '$.service');
  if (!CELL_NAME.test(text(schema.cell, '$.cell', 64))) bad('$.cell', 'a name in kebab-case');
  doc(schema.doc, '$.doc');
  const names: Names = { records: new Set(), enums: new Set() };
  for (const [i, entry] of list(schema.enums, '$.enums').entries()) {
    names.enums.add(checkEnum(entry, `$.enums[${i}]`));
  }
  const records = list(schema.records, '$.records').map((r, i) => object(r, `$.records[${i}]`));
  for (const [i, record] of records.entries()) {
    names.records.add(name(record.name, `$.records[${i}].name`));
  }
  for (const [i, record] of records.entries()) {
    checkFields(record.fields, `$.records[${i}].fields`, names);
    doc(record.doc, `$.records[${i}].doc`);
  }
  const seen = new Set<unknown>();
  for (const [i, method] of list(schema.methods, '$.methods', METHODS_MAX).entries()) {
    checkMethod(method, i, names);
    const own = (method as Json).name;
    if (seen.has(own)) bad(`$.methods[${i}].name`, `a name of its own, not \`${own}\` again`);
    seen.add(own);
  }
  return value as Schema;
}

function checkRemotes(value: unknown, own: string): void {
  const cells = Object.entries(object(value, '$.remotes'));
  if (cells.length > REMOTES_MAX) bad('$.remotes', `at most ${REMOTES_MAX} cells`);
  for (const [cell, texts] of cells) {
    if (!CELL_NAME.test(cell) || cell === own) bad('$.remotes', 'names of other cells');
    const methods = Object.entries(object(texts, `$.remotes.${cell}`));
    if (methods.length > METHODS_MAX) bad(`$.remotes.${cell}`, `at most ${METHODS_MAX} methods`);
    for (const [method, canonical] of methods) {
      name(method, `$.remotes.${cell}`);
      text(canonical, `$.remotes.${cell}.${method}`, 65536);
    }
  }
}

/** Checks a parsed `cell:manifest`. Throws ModuleError with a path. */
export function checkManifest(value: unknown): Manifest {
  const manifest = object(value, '$');
  if (manifest.version !== 1) bad('$.version', '1');
  if (!CELL_NAME.test(text(manifest.cell, '$.cell', 64))) bad('$.cell', 'a name in kebab-case');
  flag(manifest.actor, '$.actor');
  flag(manifest.start, '$.start');
  for (const [i, entry] of list(manifest.capabilities, '$.capabilities', 64).entries()) {
    const capability = object(entry, `$.capabilities[${i}]`);
    text(capability.name, `$.capabilities[${i}].name`, 64);
    text(capability.broughtBy, `$.capabilities[${i}].broughtBy`, 256);
    for (const item of list(capability.imports, `$.capabilities[${i}].imports`, 64)) {
      text(item, `$.capabilities[${i}].imports`, 128);
    }
  }
  const limits = object(manifest.limits, '$.limits');
  integer(limits.pages, '$.limits.pages', 1, 65536);
  integer(limits.cpuMs, '$.limits.cpuMs', 1, 3_600_000);
  integer(limits.payloadBytes, '$.limits.payloadBytes', 0, 0xffffffff);
  if (manifest.remotes !== undefined) checkRemotes(manifest.remotes, manifest.cell as string);
  if (manifest.sql !== undefined) checkSql(manifest.sql);
  if (manifest.persisted !== undefined) {
    if (manifest.actor !== true) bad('$.persisted', 'fields of a cell with one instance (actor)');
    checkPersisted(manifest.persisted);
  }
  for (const [key, entry] of Object.entries(object(manifest.tools, '$.tools'))) {
    text(key, '$.tools', 128);
    text(entry, `$.tools.${key}`, 128);
  }
  return value as Manifest;
}
