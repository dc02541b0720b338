// Owns the check of what a cell publishes about its macros. A description that is wrong would make
// every later check wrong, so it is refused as a whole, with the reason.
import { type Description, type MacroInfo, type Shape, VERSION } from '../2-discover/protocol.ts';
import { ProviderError } from '../2-discover/provider-error.ts';
import { MACROS, NAME_CHARS, SHAPE_DEPTH, SHAPES } from './bounds.ts';

const SHAPE_TYPES = new Set([
  ...'string number integer bool duration size parameter template member'.split(' '),
  ...'object list oneOf env any'.split(' '),
]);
const TARGETS = new Set('service class method member field constructor enum call'.split(' '));

/** Stages in the order in which they act; '' = no place in it. */
export const STAGES = 'trace authorize limit validate cache retry transact body'.split(' ');

/** Refuses a description that is not one of `ns`. Throws ProviderError. */
export function checkDescription(description: Description, ns: string): void {
  const { version, macros, profiles, bindings } = description;
  if (version !== VERSION) {
    const text = `it speaks version ${version} of the macro protocol, this build ${VERSION}`;
    throw new ProviderError('version', text);
  }
  if (description.ns !== ns) {
    const shown = (name: string): string => (name === '' ? 'bare decorators' : `@${name}`);
    refuse(`it answers for ${shown(description.ns)}, and was asked about ${shown(ns)}`);
  }
  if (macros.length === 0) refuse('it describes no macro');
  if ([macros, profiles, bindings].some((list) => list.length > MACROS)) {
    refuse(`it describes more than ${MACROS} macros, profiles or types`);
  }
  const seen = new Set<string>();
  for (const info of macros) {
    if (seen.has(info.name)) refuse(`it describes \`${info.name}\` twice`);
    seen.add(info.name);
    checkMacro(info);
  }
  for (const { name } of profiles) {
    if (!/^[a-z][a-z0-9-]{0,63}$/.test(name) || name === 'on' || name === 'off') {
      refuse(`it publishes the profile ${JSON.stringify(name.slice(0, NAME_CHARS))}`);
    }
  }
  for (const type of bindings) {
    if (!/^[A-Z][A-Za-z0-9_]{0,63}$/.test(type)) {
      refuse(`it publishes the type ${JSON.stringify(type.slice(0, NAME_CHARS))}`);
    }
  }
  checkShape(description.settings, 'its settings', 0, { left: SHAPES });
}

function refuse(why: string): never {
  throw new ProviderError('wrong', why);
}

function checkMacro(info: MacroInfo): void {
  const name = info.name.slice(0, NAME_CHARS);
  if (!/^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)?$/.test(info.name) || info.name.length > NAME_CHARS) {
    refuse(`it describes a macro named ${JSON.stringify(name)}`);
  }
  if (info.stage !== '' && !STAGES.includes(info.stage)) {
    refuse(
      `its macro \`${name}\` has the stage ${JSON.stringify(info.stage.slice(0, NAME_CHARS))}`,
    );
  }
  const odd = info.on.find((target) => !TARGETS.has(target));
  if (info.on.length === 0 || odd !== undefined) {
    refuse(`its macro \`${name}\` stands on ${JSON.stringify(odd ?? 'nothing')}`);
  }
  if (info.rest && info.args.length === 0) refuse(`its macro \`${name}\` repeats no argument`);
  if (info.result.length > NAME_CHARS || /[\p{Cc};{}]/u.test(info.result)) {
    refuse(
      `its macro \`${name}\` has the result ${JSON.stringify(info.result.slice(0, NAME_CHARS))}`,
    );
  }
  const budget = { left: SHAPES };
  for (const shape of info.args) checkShape(shape, `its macro \`${name}\``, 0, budget);
  const gap = info.args.findIndex(
    (shape, i) => i > 0 && !shape.optional && info.args[i - 1].optional,
  );
  if (gap > 0) refuse(`its macro \`${name}\` wants an argument behind one that may be left out`);
}

function checkShape(shape: Shape, of: string, depth: number, budget: { left: number }): void {
  if (depth > SHAPE_DEPTH || --budget.left < 0) refuse(`${of} has shapes without end`);
  if (!SHAPE_TYPES.has(shape.type)) {
    refuse(`${of} has an argument of type ${JSON.stringify(shape.type.slice(0, NAME_CHARS))}`);
  }
  if (shape.type === 'oneOf' && shape.of.length === 0) refuse(`${of} has a oneOf of nothing`);
  if (shape.type === 'list' && shape.of.length > 1) refuse(`${of} has a list of several shapes`);
  const keys = shape.type === 'object' ? shape.of.map((one) => one.name) : [];
  if (keys.some((key) => key === '') || new Set(keys).size !== keys.length) {
    refuse(`${of} has an object with a key twice, or without a name`);
  }
  for (const inner of shape.of) checkShape(inner, of, depth + 1, budget);
}
