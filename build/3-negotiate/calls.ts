// Owns calls as sites: which of the calls that were read name a cell, and what the cell gets to see
// of them. A namespace that the file declares or imports, or that asc or the SDK bring, is theirs.
import type { Project } from '../1-read/project.ts';
import type { CallUse, ClassShape, SourceShape } from '../1-read/shapes.ts';
import type { Declaration } from '../2-discover/protocol.ts';
import { Scope } from '../4-emit/scope.ts';
import { sdkNames } from '../4-emit/sdk.ts';
import { keepText } from '../5-compile/sorted-json.ts';
import { blank, fieldDeclaration, type ProjectSite, sentUse, sortedUses } from './sites.ts';

/** A call that a cell may stand behind. */
export interface Candidate {
  file: string;
  source: SourceShape;
  call: CallUse;
}

/** Aliases followed before giving up. Threat: types that name each other in a circle. */
const HOPS = 16;

/** What a file means by a namespace without a cell: its own names, the SDK's. */
export class Spaces {
  readonly scope: Scope;
  readonly #own: (file: string) => Set<string>;

  constructor(project: Project) {
    this.scope = new Scope(project);
    const known = new Map<string, Set<string>>();
    const everywhere = globals(project);
    this.#own = (file) => {
      const names = known.get(file) ?? new Set([...this.scope.declared(file), ...everywhere]);
      known.set(file, names);
      return names;
    };
  }

  /** Whether nothing but a cell can be meant by `ns` in a file. */
  isFree(file: string, ns: string): boolean {
    return !Object.hasOwn(sdkNames(true), ns) && !this.#own(file).has(ns);
  }
}

/** Classes and enums with asc's `@global`: every file sees them. */
function globals({ sources }: Project): string[] {
  return [...sources.values()].flatMap(({ classes, enums }) =>
    [...classes, ...enums]
      .filter(({ decorators }) => decorators.some((d) => d.ns === '' && d.name === 'global'))
      .map(({ name }) => name),
  );
}

/** Every call of the project whose namespace only a cell can bring. */
export function candidatesOf(project: Project, spaces: Spaces): Candidate[] {
  return [...project.sources].flatMap(([file, source]) =>
    source.calls
      .filter(({ ns }) => spaces.isFree(file, ns))
      .map((call) => ({ file, source, call })),
  );
}

/**
 * Sites of calls that stand in a body, ids ascending from `first`: by file, then by what they say.
 * Of two that say the same the first in the text comes first: a request knows them by id only.
 */
export function callSites(
  calls: readonly Candidate[],
  spaces: Spaces,
  first: number,
): ProjectSite[] {
  const fields = new Map<ClassShape, Declaration[]>();
  const sites = calls.map((one) => ({ site: siteOf(one, spaces, fields), file: one.file }));
  const files = [...new Set(calls.map(({ file }) => file))];
  const keyed = sites.map(({ site, file }) => {
    const { owner, name, declaration } = site;
    return {
      site,
      file: files.indexOf(file),
      key: JSON.stringify([owner, name, declaration.uses]),
    };
  });
  keyed.sort((a, b) => a.file - b.file || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ site }, i) => ({ ...site, id: first + i }));
}

function siteOf(
  { file, source, call }: Candidate,
  spaces: Spaces,
  known: Map<ClassShape, Declaration[]>,
): ProjectSite {
  const { owner, name } = call.within ?? { owner: '', name: '' };
  const around = owner === '' ? undefined : source.classes.find((c) => c.name === owner);
  const target = classOf(call, file, spaces.scope);
  const declaration = { ...blank('call', name, undefined, []), uses: [sentUse(call)] };
  const ownerDeclaration =
    around === undefined
      ? blank('', '', undefined, [])
      : blank('class', owner, undefined, sortedUses(around.decorators));
  keepText(declaration);
  keepText(ownerDeclaration);
  const of = target === null ? [] : fieldsOf(target, known);
  return {
    ...{ id: 0, file, source, kind: 'call', owner, name, at: call.nameAt, uses: [call] },
    ...{ targets: ['call'], declaration, shape: target?.shape ?? null, ownerDeclaration },
    ...{ body: call, fields: of },
  };
}

interface Target {
  source: SourceShape;
  shape: ClassShape;
}

/** The class that the first type argument names, wherever in the project it is declared. */
function classOf({ types }: CallUse, file: string, scope: Scope): Target | null {
  let at = file;
  let type = types[0]?.shape;
  for (let hop = 0; hop < HOPS; hop++) {
    if (type?.kind !== 'name' || type.args.length > 0) return null;
    const meant = scope.resolve(at, type.name);
    if (meant.kind === 'class') {
      return { source: scope.source(meant.source), shape: meant.shape };
    }
    if (meant.kind !== 'alias') return null;
    at = meant.source;
    type = meant.type;
  }
  return null;
}

/** Fields as declarations without their words: many calls name one class. */
function fieldsOf({ source, shape }: Target, known: Map<ClassShape, Declaration[]>): Declaration[] {
  const made =
    known.get(shape) ?? shape.fields.map((f) => ({ ...fieldDeclaration(source, f), doc: '' }));
  if (!known.has(shape)) for (const one of made) keepText(one);
  known.set(shape, made);
  return made;
}
