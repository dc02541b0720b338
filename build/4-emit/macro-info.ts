// Owns the reading of descriptions from JSON that a macro wrote: what is missing gets its default,
// what is wrong is said. The JSON is another cell's: nothing in it is trusted.
import type { MacroInfo, Profile, Shape } from '../2-discover/protocol.ts';

/** Where faults are written: one text each. */
export type Faulty = string[];

const LITERALS = 'string number integer bool duration size env any'.split(' ');
const NAMES = 'parameter template member'.split(' ');
const KINDS = new Set([...LITERALS, ...NAMES, 'object', 'list', 'oneOf']);
export const SITES = 'service class method member field constructor enum call'.split(' ');
export const STAGES = 'trace authorize limit validate cache retry transact body'.split(' ');
/** `default` and the like are allowed: users write them behind a dot. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}(\.[A-Za-z][A-Za-z0-9_]{0,63})?$/;
/** Where the parts of a shape stand: `of` is not to be had as a key in AssemblyScript's parser. */
const PARTS = ['keys', 'items', 'choices', 'of'];
/** Levels of shapes. Threat: a reader that recurses without end. */
const DEPTH = 16;
/** Characters of one text. */
const TEXT = 65536;

type Json = Record<string, unknown>;

/** The value of `text`; null and a fault when it is not JSON. */
export function parseJson(text: string, faults: Faulty): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    faults.push(`it is not JSON: ${(error as Error).message}`);
    return null;
  }
}

/** A macro's description. `name` is that of its method, used when it says no other. */
export function macroInfoOf(value: unknown, name: string, faults: Faulty): MacroInfo {
  const from = objectOf(value, '$', faults);
  known(from, 'name doc on stage rest result args repeatable needs example', '$', faults);
  const info: MacroInfo = {
    name: textOf(from.name, name, '$.name', faults),
    doc: textOf(from.doc, '', '$.doc', faults),
    on: textsOf(from.on, '$.on', faults),
    stage: textOf(from.stage, '', '$.stage', faults),
    rest: boolOf(from.rest, '$.rest', faults),
    result: textOf(from.result, '', '$.result', faults),
    args: listOf(from.args, '$.args', faults).map((arg, i) => shapeOf(arg, faults, `$.args[${i}]`)),
    repeatable: boolOf(from.repeatable, '$.repeatable', faults),
    needs: textsOf(from.needs, '$.needs', faults),
    example: textOf(from.example, '', '$.example', faults),
  };
  if (!NAME.test(info.name)) faults.push(`$.name: \`${info.name}\` is no name`);
  if (info.on.length === 0) faults.push(`$.on: name one of ${SITES.join(', ')}`);
  for (const on of info.on) {
    if (!SITES.includes(on)) faults.push(`$.on: \`${on}\` is none of ${SITES.join(', ')}`);
  }
  if (info.stage !== '' && !STAGES.includes(info.stage)) {
    faults.push(`$.stage: \`${info.stage}\` is none of ${STAGES.join(', ')}`);
  }
  if (info.rest && info.args.length === 0) faults.push('$.rest: there is no argument to repeat');
  for (const need of info.needs) {
    if (need !== 'body') faults.push(`$.needs: \`${need}\` is not "body"`);
  }
  return info;
}

/** The profiles of a cell, from a list of `{ name, doc }`. */
export function profilesOf(value: unknown, faults: Faulty): Profile[] {
  return listOf(value, '$', faults).map((entry, i) => {
    const from = objectOf(entry, `$[${i}]`, faults);
    known(from, 'name doc', `$[${i}]`, faults);
    const name = textOf(from.name, '', `$[${i}].name`, faults);
    if (!/^[a-z][a-z0-9-]{0,63}$/.test(name) || name === 'on' || name === 'off') {
      faults.push(`$[${i}].name: a profile has a name of its own, such as "metrics-only"`);
    }
    return { name, doc: textOf(from.doc, '', `$[${i}].doc`, faults) };
  });
}

/** Types that fields may have, from a list of their names. */
export function bindingsOf(value: unknown, faults: Faulty): string[] {
  const names = textsOf(value, '$', faults);
  for (const [i, name] of names.entries()) {
    if (!/^[A-Z][A-Za-z0-9_]{0,63}$/.test(name)) {
      faults.push(`$[${i}]: a type has a name that begins in upper case, such as "Connection"`);
    } else if (names.indexOf(name) !== i) faults.push(`$: the type \`${name}\` twice`);
  }
  return names;
}

/** A shape with all its fields. */
export function shapeOf(value: unknown, faults: Faulty, path = '$', depth = 0): Shape {
  const from = objectOf(value, path, faults);

  known(from, `type name doc optional values valuesFrom min max ${PARTS.join(' ')}`, path, faults);
  const key = PARTS.find((name) => from[name] !== undefined) ?? 'of';
  const written = key === 'items' ? [from.items] : listOf(from[key], `${path}.${key}`, faults);
  if (depth > DEPTH) faults.push(`${path}: at most ${DEPTH} levels of shapes`);
  const parts = depth > DEPTH ? [] : written;
  const shape: Shape = {
    type: textOf(from.type, 'any', `${path}.type`, faults),
    doc: textOf(from.doc, '', `${path}.doc`, faults),
    optional: boolOf(from.optional, `${path}.optional`, faults),
    values: textsOf(from.values, `${path}.values`, faults),
    valuesFrom: textOf(from.valuesFrom, '', `${path}.valuesFrom`, faults),
    min: numberOf(from.min, `${path}.min`, faults),
    max: numberOf(from.max, `${path}.max`, faults),
    of: parts.map((inner, i) => shapeOf(inner, faults, `${path}.${key}[${i}]`, depth + 1)),
    name: textOf(from.name, '', `${path}.name`, faults),
  };
  checkShape(shape, path, faults);
  return shape;
}

function checkShape(shape: Shape, path: string, faults: Faulty): void {
  const { type, of } = shape;
  if (!KINDS.has(type)) {
    faults.push(`${path}.type: \`${type}\` is none of ${[...KINDS].join(', ')}`);
  }
  if (type === 'list' && of.length !== 1) faults.push(`${path}.of: a list has one shape of items`);
  if (type === 'oneOf' && of.length < 2) faults.push(`${path}.of: oneOf has alternatives`);
  if (type === 'object') {
    const names = of.map((key) => key.name);
    for (const [i, name] of names.entries()) {
      if (!/^[A-Za-z_$][\w$]{0,63}$/.test(name)) {
        faults.push(`${path}.of[${i}].name: a key of an object has a name`);
      } else if (names.indexOf(name) !== i) faults.push(`${path}.of: the key \`${name}\` twice`);
    }
  } else if (!['list', 'oneOf'].includes(type) && of.length > 0) {
    faults.push(`${path}.of: only object, list and oneOf have parts`);
  }
  if (shape.min > shape.max) faults.push(`${path}.min: above max`);
}

function known(from: Json, names: string, path: string, faults: Faulty): void {
  const keys = names.split(' ');
  for (const key of Object.keys(from)) {
    if (!keys.includes(key)) faults.push(`${path}.${key}: not a key; known: ${keys.join(', ')}`);
  }
}

function objectOf(value: unknown, path: string, faults: Faulty): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  faults.push(`${path}: expected an object`);
  return {};
}

function listOf(value: unknown, path: string, faults: Faulty): unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.length <= 256) return value;
  faults.push(`${path}: expected a list of at most 256`);
  return [];
}

function textOf(value: unknown, otherwise: string, path: string, faults: Faulty): string {
  if (value === undefined) return otherwise;
  if (typeof value === 'string' && value.length <= TEXT) return value;
  faults.push(`${path}: expected a text of at most ${TEXT} characters`);
  return otherwise;
}

function textsOf(value: unknown, path: string, faults: Faulty): string[] {
  return listOf(value, path, faults).map((text, i) => textOf(text, '', `${path}[${i}]`, faults));
}

function boolOf(value: unknown, path: string, faults: Faulty): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  faults.push(`${path}: expected true or false`);
  return false;
}

function numberOf(value: unknown, path: string, faults: Faulty): number {
  if (value === undefined) return Number.NaN;
  if (typeof value === 'number') return value;
  faults.push(`${path}: expected a number`);
  return Number.NaN;
}
