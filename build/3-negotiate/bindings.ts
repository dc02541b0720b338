// Owns fields that stand for a cell: `db: Postgres.Connection`, by which methods call it. Finds
// them, checks them against what the cell says of itself, and that they are nothing but called.
import { nearest } from '../../host/schema/nearest.ts';
import { boundType } from '../1-read/calls.ts';
import type { Project } from '../1-read/project.ts';
import type { ClassShape, DecoratorUse, FieldShape, SourceShape } from '../1-read/shapes.ts';
import type { Findings } from '../diagnostics/findings.ts';
import type { Spaces } from './calls.ts';
import type { Binding } from './contract.ts';
import type { Party } from './parties.ts';

/** A field whose type only a cell can bring. */
export interface BoundField {
  source: SourceShape;
  shape: ClassShape;
  field: FieldShape;
  /** The type, as a use of what its cell offers. */
  use: DecoratorUse;
}

/** Every such field of the project, in source order. */
export function boundFields(project: Project, spaces: Spaces): BoundField[] {
  return [...project.sources].flatMap(([file, source]) =>
    source.classes.flatMap((shape) =>
      shape.fields.flatMap((field): BoundField[] => {
        const type = boundType(field.type);
        if (type === null || !spaces.isFree(file, type.ns)) return [];
        const { start, end } = field.type;
        const use = { ...type, nameAt: { start, end }, args: null, start, end };
        return [{ source, shape, field, use }];
      }),
    ),
  );
}

/** The fields that are sound; what is wrong with the others is reported. */
export function checkBindings(
  fields: readonly BoundField[],
  parties: ReadonlyMap<string, Party>,
  findings: Findings,
): Binding[] {
  return fields.flatMap((one): Binding[] => {
    const party = parties.get(one.use.ns);
    if (party === undefined || !isOffered(one, party, findings)) return [];
    const { source, shape, field } = one;
    checkField(one, party, findings);
    for (const access of source.accesses) {
      if (access.owner !== shape.name || access.field !== field.name) continue;
      if (access.start < shape.start || access.start >= shape.end) continue;
      report(one, party, access, findings, 'it is no value: it is called, and nothing else', {
        fix: `write this.${field.name}.${aCallOf(party)}(...)`,
      });
    }
    return [{ source, owner: shape.name, field }];
  });
}

/** Whether the cell has such a type, and may be called in this build. */
function isOffered({ source, use }: BoundField, party: Party, findings: Findings): boolean {
  const { provider, description, profile } = party;
  const written = `${use.ns}.${use.name}`;
  const { cell } = provider;
  if (!description.bindings.includes(use.name)) {
    const near = nearest(use.name, description.bindings) ?? description.bindings[0];
    const hint =
      near === undefined
        ? `remove the field, and write \`${use.ns}.${aCallOf(party)}(...)\` where it is called`
        : `did you mean ${use.ns}.${near}?`;
    findings.report('CELL4102', source, use, { type: written, cell, hint });
    return false;
  }
  if (profile !== 'off') return true;
  findings.report('CELL4104', source, use, { call: written, cell });
  return false;
}

function checkField(one: BoundField, party: Party, findings: Findings): void {
  const { field } = one;
  const { name, type } = field;
  const own = (why: string, fix: string, at: { start: number; end: number }): void =>
    report(one, party, at, findings, why, { fix });
  const plain = `${one.use.ns}.${one.use.name}`;
  if (field.initializer !== null) {
    own('there is nothing to begin with', `write ${name}: ${plain};`, field.initializer);
  }
  if (field.isStatic)
    own('a static field is no part of a service', 'remove `static`', field.nameAt);
  if (type.kind === 'name' && (type.nullable || type.args.length > 0)) {
    own('its type stands alone', `write ${name}: ${plain};`, type);
  }
  const [decorator] = field.decorators;
  if (decorator !== undefined) own('it takes no decorators', 'remove the decorator', decorator);
}

function report(
  { source, field }: BoundField,
  { provider }: Party,
  at: { start: number; end: number },
  findings: Findings,
  why: string,
  { fix }: { fix: string },
): void {
  findings.report('CELL4103', source, at, { field: field.name, cell: provider.cell, why, fix });
}

/** Name of a call that the cell answers, for hints. */
function aCallOf({ description }: Party): string {
  return description.macros.find(({ on }) => on.includes('call'))?.name ?? 'name';
}
