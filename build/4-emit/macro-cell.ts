// Owns what makes a cell answer for decorators: contributions of kind `macro` become a description
// and the four methods of the macro protocol. Judges the class's methods; never emits text (that is
// macro-entry.ts).
import type { Method, Schema } from '../../host/schema/types.ts';
import type { ClassShape, MethodShape, SourceShape, Span } from '../1-read/shapes.ts';
import type { Description } from '../2-discover/protocol.ts';
import { MACRO_METHODS, PROTOCOL } from '../2-discover/protocol-schema.ts';
import type { Findings } from '../diagnostics/findings.ts';
import {
  bindingsOf,
  type Faulty,
  macroInfoOf,
  parseJson,
  profilesOf,
  shapeOf,
} from './macro-info.ts';

/** A contribution of kind `macro`, wherever it came from. */
export interface MacroPart {
  /** Method of the class; the class itself for bare, settings, profiles and bindings. */
  name: string;
  /** macro round prepare commit rollback bare settings profiles bindings */
  type: string;
  /** JSON: of `macro` a MacroInfo; of `settings` a list of shapes; of the other two a list. */
  text: string;
  /** "@macro": for findings. */
  from: string;
  source: SourceShape;
  at: Span;
  /** The cell that answered has found fault with it, in its own words. */
  blamed?: boolean;
}

/** Names of methods by what they do in a macro cell. */
export interface MacroCell {
  description: Description;
  /** Name of a macro -> the method that is called for each of its uses. */
  macros: Map<string, string>;
  rounds: string[];
  /** null: the cell has none. */
  prepare: string | null;
  commit: string | null;
  rollback: string | null;
}

/** The scope that a build's session has; nobody else's is given it. */
export const BUILD_SCOPE = 'cell:build';

/** Class of the one parameter, by what the method does. */
const PARAMETER: Record<string, string> = {
  macro: 'Spot',
  round: 'Planning',
  prepare: 'Effect',
  commit: 'Effect',
  rollback: 'Effect',
};

/** The macro cell that `parts` make of a class; null when there are none. Faults are reported. */
export function macroCellOf(
  parts: readonly MacroPart[],
  shape: ClassShape,
  findings: Findings,
): MacroCell | null {
  if (parts.length === 0) return null;
  const cell: MacroCell = {
    description: {
      version: 1,
      ns: shape.name,
      doc: shape.doc ?? '',
      macros: [],
      profiles: [],
      bindings: [],
      settings: shapeOf({ type: 'any' }, []),
    },
    macros: new Map(),
    rounds: [],
    prepare: null,
    commit: null,
    rollback: null,
  };
  const reader = new PartReader(cell, shape, findings);
  for (const part of parts) reader.take(part);
  cell.description.macros.sort((a, b) => (a.name < b.name ? -1 : 1));
  return cell;
}

class PartReader {
  readonly #cell: MacroCell;
  readonly #shape: ClassShape;
  readonly #findings: Findings;

  constructor(cell: MacroCell, shape: ClassShape, findings: Findings) {
    this.#cell = cell;
    this.#shape = shape;
    this.#findings = findings;
  }

  take(part: MacroPart): void {
    const { description } = this.#cell;
    switch (part.type) {
      case 'bare':
        description.ns = '';
        return;
      case 'settings':
        description.settings = this.#json(part, (value, faults) =>
          shapeOf({ type: 'object', of: value }, faults),
        );
        return;
      case 'profiles':
        description.profiles = this.#json(part, profilesOf);
        return;
      case 'bindings':
        description.bindings = this.#json(part, bindingsOf);
        return;
    }
    if (!this.#method(part)) return;
    switch (part.type) {
      case 'macro':
        this.#macro(part);
        return;
      case 'round':
        this.#cell.rounds.push(part.name);
        return;
      case 'prepare':
      case 'commit':
      case 'rollback':
        if (this.#cell[part.type] === null) this.#cell[part.type] = part.name;
        else this.#report('CELL4042', part, { what: `\`@macro.${part.type}\`` });
        return;
      default:
        this.#report('CELL4043', part, { reason: `there is no \`@macro.${part.type}\`` });
    }
  }

  #macro(part: MacroPart): void {
    const method = this.#shape.methods.find((m) => m.name === part.name);
    const info = this.#json(part, (value, faults) => macroInfoOf(value, part.name, faults));
    if (info.doc === '') info.doc = method?.doc ?? '';
    if (this.#cell.macros.has(info.name)) {
      this.#report('CELL4042', part, { what: `the macro \`${info.name}\`` });
      return;
    }
    this.#cell.macros.set(info.name, part.name);
    this.#cell.description.macros.push(info);
  }

  /** Whether the part names a method that can do its work. Contributed ones are asc's to check. */
  #method(part: MacroPart): boolean {
    const method = this.#shape.methods.find((m) => m.name === part.name);
    if (method === undefined) return true;
    const wants = PARAMETER[part.type];
    if (wants === undefined || takes(method, wants)) return true;
    this.#report('CELL4041', part, { name: part.name, wants }, method.nameAt);
    return false;
  }

  #json<T>(part: MacroPart, read: (value: unknown, faults: Faulty) => T): T {
    const faults: string[] = [];
    const value = read(parseJson(part.text, faults), faults);
    if (faults.length > 0 && part.blamed !== true)
      this.#report('CELL4043', part, { reason: faults[0] });
    return value;
  }

  #report(code: string, part: MacroPart, holes: Record<string, string>, at?: Span): void {
    this.#findings.report(code, part.source, at ?? part.at, { from: part.from, ...holes });
  }
}

/** `private name(one: Wants): void`. */
function takes(method: MethodShape, wants: string): boolean {
  const [first] = method.params;
  const { result } = method;
  return (
    method.form === 'method' &&
    method.visibility === 'private' &&
    !method.isStatic &&
    method.typeParameters === null &&
    method.params.length === 1 &&
    first.form === 'plain' &&
    first.type.kind === 'name' &&
    first.type.name === wants &&
    !first.type.nullable &&
    result.kind === 'name' &&
    result.name === 'void'
  );
}

/**
 * `schema` with the protocol's records and the four methods behind its own, on channel MACRO.
 * Canonical texts and fingerprints are the caller's to fill in.
 */
export function withMacroMethods(schema: Schema): Schema {
  const first = schema.methods.length;
  const methods = MACRO_METHODS.map(
    (method, i): Method => ({
      ...method,
      index: first + i,
      tier: 'pure',
      access: { public: false, anyRole: [], scopes: [BUILD_SCOPE] },
      channel: 'macro',
      canonical: '',
      fingerprint: '',
    }),
  );
  return {
    ...schema,
    methods: [...schema.methods, ...methods],
    records: [...schema.records, ...PROTOCOL.records],
    enums: [...schema.enums, ...PROTOCOL.enums],
  };
}

/** Names of the protocol's records and enums: a macro cell's own values have others. */
export const PROTOCOL_NAMES: ReadonlySet<string> = new Set(
  [...PROTOCOL.records, ...PROTOCOL.enums].map(({ name }) => name),
);

/** What clients see of a schema: all but the macro protocol's methods, records and enums. */
export function clientSchema(schema: Schema): Schema {
  const methods = schema.methods.filter((m) => m.channel !== 'macro');
  if (methods.length === schema.methods.length) return schema;
  const own = <T extends { name: string }>(all: T[]): T[] =>
    all.filter(({ name }) => !PROTOCOL_NAMES.has(name));
  return { ...schema, methods, records: own(schema.records), enums: own(schema.enums) };
}
