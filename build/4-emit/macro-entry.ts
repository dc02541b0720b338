// Owns the generated entry's part for macro cells: the constant description, the dispatch of uses
// to macros, the walks over effects. Only text; what a macro does is the user's own method.
import { FAILED_PRECONDITION, INVALID_ARGUMENT } from '../../assembly/shared/status.ts';
import { encodeResult } from '../../host/schema/dynamic.ts';
import type { Method, Schema } from '../../host/schema/types.ts';
import { PROTOCOL } from '../2-discover/protocol-schema.ts';
import { type MacroCell, PROTOCOL_NAMES } from './macro-cell.ts';

const NO_COMMIT = 'the cell plans effects and has no @macro.commit';
const NO_ROLLBACK = 'the cell has no @macro.rollback';

/** Imports of the entry of a macro cell. */
export function macroImports(): string[] {
  return [
    `import { ${[...PROTOCOL_NAMES].join(', ')} } from "cell/macro/protocol";`,
    'import { Planning as _Planning } from "cell/macro/planning";',
    'import { applyAll, refuseAll, rollbackAll, standAll } from "cell/macro/effects";',
  ];
}

/** Functions of the entry. `schema` has the four methods; `service` is the class's instance. */
export function emitMacroFunctions(cell: MacroCell, schema: Schema): string {
  const describe = methodOf(schema, '$describe');
  const bytes = encodeResult(PROTOCOL, describe, cell.description);
  return [
    `const _description = memory.data<u8>([${bytes.join(',')}], 8);`,
    'function _describe(request: DescribeRequest): i64 {',
    '  if (request.version == 1) return (<i64>_description << 32) | ' + bytes.length + ';',
    `  return fail<i64>(${FAILED_PRECONDITION}, "this cell speaks macro protocol 1");`,
    '}',
    ...planFunction(cell),
    ...applyFunction(cell),
    ...rollbackFunction(cell),
  ].join('\n');
}

/** How `serveN` of a macro method goes on once its argument has been read. */
export function macroAnswer(method: Method, codec: { args: string[]; write: string }): string {
  const [request] = codec.args;
  if (method.name === '$describe') return `return _describe(${request});`;
  return `const result = _${method.name.slice(1)}(${request});\n  ${codec.write}`;
}

const methodOf = (schema: Schema, name: string): Method => {
  const found = schema.methods.find((m) => m.name === name);
  if (found === undefined) throw new Error(`the schema has no ${name}`);
  return found;
};

/** A use that is none of the macros is skipped: the build has refused it and says so itself. */
function planFunction(cell: MacroCell): string[] {
  const branches = [...cell.macros].map(
    ([macro, method]) => `if (name == ${JSON.stringify(macro)}) service.${method}(spot);`,
  );
  return [
    'function _plan(request: PlanRequest): Plan {',
    `  const planning = new _Planning(request, ${JSON.stringify(cell.description.ns)});`,
    '  const spots = planning.spots;',
    '  for (let i = 0; i < spots.length; i++) {',
    '    const spot = spots[i];',
    '    const name = spot.use.name;',
    `    ${branches.join('\n    else ')}`,
    '  }',
    ...cell.rounds.map((method) => `  service.${method}(planning);`),
    '  return planning.plan;',
    '}',
  ];
}

const step = (method: string): string => `(effect: Effect): void => { service.${method}(effect); }`;

function applyFunction(cell: MacroCell): string[] {
  const commit =
    cell.commit === null
      ? `refuseAll(request, ${JSON.stringify(NO_COMMIT)})`
      : `applyAll(request, ${step(cell.commit)})`;
  const prepare =
    cell.prepare === null ? 'new EffectResult()' : `applyAll(request, ${step(cell.prepare)})`;
  return [
    'function _apply(request: EffectRequest): EffectResult {',
    `  if (request.step == "commit") return ${commit};`,
    `  if (request.step == "prepare") return ${prepare};`,
    `  return fail<EffectResult>(${INVALID_ARGUMENT}, "no step " + request.step);`,
    '}',
  ];
}

function rollbackFunction(cell: MacroCell): string[] {
  const rollback =
    cell.rollback === null
      ? `standAll(request, ${JSON.stringify(NO_ROLLBACK)})`
      : `rollbackAll(request, ${step(cell.rollback)})`;
  return [
    'function _rollback(request: EffectRequest): EffectResult {',
    // Nothing was done at a step that the cell does not have.
    ...(['prepare', 'commit'] as const)
      .filter((name) => cell[name] === null)
      .map((name) => `  if (request.step == "${name}") return new EffectResult();`),
    `  return ${rollback};`,
    '}',
  ];
}
