// Owns the codecs that macros ask for, by which their texts turn a value of the user's into bytes
// and back: `__encode_visits(value)`, `__decode_visits(bytes)`, and of a map's keys
// `__encodeKey_visits`, `__decodeKey_visits`. They stand in a generated file of their own: what the
// entry exports, the module would. Values lie as a result does, {value: T} (VALUES.md).
import { canonicalType } from '../../host/schema/canonical.ts';
import type { Types } from '../../host/schema/layout.ts';
import type { Method, PersistedField, Schema, Type } from '../../host/schema/types.ts';
import type { Project } from '../1-read/project.ts';
import { readSource } from '../1-read/read.ts';
import type { Placed } from '../3-negotiate/contract.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { MOVE } from './around.ts';
import type { GeneratedNames } from './generated-names.ts';
import type { GeneratedLine } from './generated-text.ts';
import { emitGuestCodec } from './guest-codec.ts';
import { guestType } from './guest-types.ts';
import { moved, originOf } from './origin.ts';
import { alias, relativeImport } from './user-text.ts';
import type { ValueTypes } from './value-types.ts';

/** Path of the generated codecs, relative to the root of the build. */
export const CODECS = '__cell_codecs.ts';

/** One codec; of a map: of its values, and of its keys. */
export interface Codec {
  from: Placed;
  /** As texts name it: `visits`. */
  name: string;
  type: Type;
  key: Type | null;
  /** What the manifest says of it; null: nothing. */
  persisted: PersistedField | null;
}

/** The types of the codecs that were judged. What may not be is reported at their decorators. */
export async function resolveCodecs(
  wanted: readonly Placed[],
  project: Project,
  types: ValueTypes,
  findings: Findings,
): Promise<Codec[]> {
  const codecs: Codec[] = [];
  for (const from of wanted) {
    const { macro, cell, source, at } = originOf(from);
    const refuse = (reason: string): void =>
      findings.report('CELL4062', source, at, { macro, cell, reason, fix: MOVE });
    const path = [...project.sources].find(([, shape]) => shape === source)?.[0] ?? project.entry;
    const read = await readSource(`class _ { _: ${from.type}; }`, 'text.ts');
    const written = read.classes[0].fields[0].type;
    const type = types.resolve(path, moved(written, at), 'field');
    if (type === null) continue;
    const [kind] = from.values;
    if (kind === 'map' && type.kind !== 'map') {
      refuse(`\`${from.type}\` is no map`);
      continue;
    }
    const parts =
      kind === 'map' && type.kind === 'map'
        ? { type: type.value, key: type.key }
        : { type, key: null };
    try {
      const persisted = kind === undefined ? null : persistedField(from, parts, types);
      codecs.push({ from, name: from.name, ...parts, persisted });
    } catch (error) {
      refuse((error as Error).message);
    }
  }
  return codecs;
}

function persistedField(
  { name }: Placed,
  { type, key }: Pick<Codec, 'type' | 'key'>,
  types: Types,
): PersistedField {
  const canonical = canonicalType(types, type);
  if (key === null) return { field: name, kind: 'value', canonical };
  return { field: name, kind: 'map', canonical, key: canonicalType(types, key) };
}

/** The words of texts that mean a codec's functions -> their names. */
export function codecWords(codecs: readonly Codec[], names: GeneratedNames): Map<string, string> {
  const words = new Map<string, string>();
  for (const { name, key } of codecs) {
    const kinds = key === null ? ['encode', 'decode'] : VERBS;
    for (const kind of kinds) words.set(`__${kind}_${name}`, names.make(`${kind}_${name}`));
  }
  return words;
}

const VERBS = ['encode', 'decode', 'encodeKey', 'decodeKey'];

/**
 * The lines of the file; `schema` has every record and enum that a codec needs, `reached` says in
 * which files they are declared, `words` what its functions are called.
 */
export function emitCodecs(
  codecs: readonly Codec[],
  schema: Schema,
  reached: ReadonlyMap<string, readonly string[]>,
  words: ReadonlyMap<string, string>,
): GeneratedLine[] {
  const parts = codecs.flatMap(({ name, type, key, from }) => [
    { verb: '', name, type, from },
    ...(key === null ? [] : [{ verb: 'Key', name, type: key, from }]),
  ]);
  const methods = parts.map(({ verb, name, type }, i) => asMethod(`${verb}$${name}`, type, i));
  const codec = emitGuestCodec({ ...schema, methods });
  const functions = parts.map(({ verb, name, type, from }, i): GeneratedLine => {
    const [encode, decode] = ['encode', 'decode'].map((one) =>
      words.get(`__${one}${verb}_${name}`),
    );
    const { read, args, write } = codec.methods[i];
    const guest = guestType(type);
    const text = [
      `function encoded${i}(result: ${guest}): i64 {\n  ${write}\n}`,
      `export function ${encode}(value: ${guest}): Uint8Array {\n` +
        `  return _bytes(encoded${i}(value));\n}`,
      `export function ${decode}(bytes: Uint8Array): ${guest} {`,
      '  const ptr = bytes.dataStart, len = <usize>bytes.length;',
      `  _c.kept(true);\n  ${read}\n  _c.kept(false);`,
      `  return ${args[0]};\n}`,
    ];
    return { text: text.join('\n'), origin: originOf(from), shared: true };
  });
  const imports = [...reached].map(([source, names]) => {
    const list = names.map((name) => `${alias(name)} as ${name}`).join(', ');
    return `import { ${list} } from "${relativeImport(CODECS, source)}";`;
  });
  return [...[...imports, codec.text, BYTES].map((text) => ({ text, origin: null })), ...functions];
}

const BYTES = `function _bytes(at: i64): Uint8Array {
  const bytes = new Uint8Array(<i32>(at & 0xffffffff));
  memory.copy(bytes.dataStart, <usize>(at >>> 32), bytes.length);
  return bytes;
}`;

function asMethod(name: string, type: Type, index: number): Method {
  return {
    ...{ name, index, params: [{ name: 'value', type }], result: type, tier: 'pure' },
    ...{ access: { public: false, anyRole: [], scopes: [] }, canonical: '', fingerprint: '' },
  };
}
