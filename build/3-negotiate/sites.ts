// Owns what a macro cell gets to see of a project: shapes -> sites, with their neighbours. Never
// sends positions, so moving code changes no request; never a body that was not asked for.
//
// Uses of one declaration are in canonical order (namespace, name, arguments), not in the order
// written: every order of decorators makes the same requests and the same program.
import type { Project } from '../1-read/project.ts';
import type {
  ClassShape,
  DecoratorUse,
  FieldShape,
  MethodShape,
  SourceShape,
  Span,
  TypeShape,
} from '../1-read/shapes.ts';
import type { Declaration, Site, Use } from '../2-discover/protocol.ts';
import { keepText } from '../5-compile/sorted-json.ts';
import type { SiteRef } from './contract.ts';
import { plainLiteral } from './literals.ts';
import { isAscDecorator, isCall, macroOf } from './names.ts';

/** A site with what the checks need and what may be sent of it. */
export interface ProjectSite extends SiteRef {
  /** Path relative to the root of the build, wherever that lies. `source.path` is for people. */
  file: string;
  /** What `MacroInfo.on` may say of it. */
  targets: string[];
  declaration: Declaration;
  /** null: an enum. Of a call the class that its type argument names. */
  shape: ClassShape | null;
  /** The class without its members. */
  ownerDeclaration: Declaration;
  body: Span;
  /** Of a call: fields of the class that its type argument names. */
  fields?: Declaration[];
}

/** Every declaration of the project that carries macros, ids ascending from 0. */
export function sitesOf(project: Project): ProjectSite[] {
  const sites: ProjectSite[] = [];
  for (const [file, source] of project.sources) {
    for (const shape of source.classes) sites.push(...sitesOfClass(file, source, shape));
    for (const shape of source.enums) {
      const { name, nameAt, decorators, doc } = shape;
      const uses = sortedUses(decorators);
      const declaration = blank('enum', name, doc, uses);
      const place = {
        id: 0,
        file,
        source,
        owner: name,
        name,
        at: nameAt,
        shape: null,
        body: shape,
      };
      const of = { kind: 'enum' as const, targets: ['enum'], uses };
      sites.push({ ...place, ...of, declaration, ownerDeclaration: declaration });
    }
  }
  const found = sites.filter((site) => site.uses.length > 0);
  // Every cell of a site is sent these two.
  for (const { declaration, ownerDeclaration } of found) {
    keepText(declaration);
    keepText(ownerDeclaration);
  }
  for (const [id, site] of found.entries()) site.id = id;
  return found;
}

function sitesOfClass(file: string, source: SourceShape, shape: ClassShape): ProjectSite[] {
  const uses = sortedUses(shape.decorators);
  const declaration = blank('class', shape.name, shape.doc, uses);
  // The words of the class would travel with each of its members.
  const ownerDeclaration = shape.doc === undefined ? declaration : { ...declaration, doc: '' };
  const base = { id: 0, file, source, owner: shape.name, shape, ownerDeclaration };
  const isService = isServiceClass(shape);
  const sites: ProjectSite[] = [
    {
      ...base,
      ...{ kind: 'class', name: shape.name, at: shape.nameAt, uses, body: shape },
      targets: isService ? ['service', 'class'] : ['class'],
      declaration,
    },
  ];
  for (const f of shape.fields.filter(hasMacros)) {
    const place = { name: f.name, at: f.nameAt, uses: sortedUses(f.decorators), body: f };
    const declaration = fieldDeclaration(source, f);
    sites.push({ ...base, ...place, kind: 'field', targets: ['field'], declaration });
  }
  for (const m of shape.methods.filter(hasMacros)) {
    const place = { name: m.name, at: m.nameAt, uses: sortedUses(m.decorators), body: m };
    const declaration = methodDeclaration(source, m);
    const kind = m.form === 'constructor' ? 'constructor' : 'method';
    const method = isService && isHandler(m) ? ['method', 'member'] : ['member'];
    const targets = kind === 'constructor' ? ['constructor'] : method;
    sites.push({ ...base, ...place, kind, targets, declaration });
  }
  return sites;
}

const hasMacros = ({ decorators }: { decorators: DecoratorUse[] }): boolean =>
  decorators.some((d) => !isAscDecorator(d));

/** A class with `@service`. */
export function isServiceClass(shape: ClassShape): boolean {
  return shape.decorators.some((d) => d.ns === '' && d.name === 'service');
}

/** A method that clients can call when its class is a service. */
export function isHandler(m: MethodShape): boolean {
  return m.form === 'method' && !m.isStatic && m.visibility === 'public' && m.name !== 'start';
}

/** What is sent of a site. `needsBody`: one of the macros that it carries asked for the text. */
export function sentSite(site: ProjectSite, needsBody: boolean): Site {
  const { id, file, source, declaration, ownerDeclaration, shape, kind, body, fields } = site;
  return {
    id,
    file,
    declaration,
    owner: ownerDeclaration,
    members: fields ?? (kind === 'class' && shape !== null ? membersOf(source, shape) : []),
    body: needsBody ? source.text.slice(body.start, body.end) : '',
  };
}

function membersOf(source: SourceShape, shape: ClassShape): Declaration[] {
  return [
    ...shape.fields.map((f) => fieldDeclaration(source, f)),
    ...shape.methods.map((m) => methodDeclaration(source, m)),
  ];
}

/** A declaration of which nothing more is known. */
export function blank(
  kind: Declaration['kind'],
  name: string,
  doc: string | undefined,
  uses: DecoratorUse[],
): Declaration {
  return {
    ...{ kind, name, doc: doc ?? '', visibility: 'public', isStatic: false },
    ...{ params: [], type: '', uses: uses.map(sentUse) },
  };
}

/** A field as it is sent, with its macros. */
export function fieldDeclaration(source: SourceShape, f: FieldShape): Declaration {
  return {
    ...blank('field', f.name, f.doc, sortedUses(f.decorators)),
    visibility: f.visibility,
    isStatic: f.isStatic,
    type: typeAsWritten(source, f.type),
  };
}

function methodDeclaration(source: SourceShape, m: MethodShape): Declaration {
  const kind = m.form === 'constructor' ? 'constructor' : 'method';
  return {
    ...blank(kind, m.name, m.doc, sortedUses(m.decorators)),
    visibility: m.visibility,
    isStatic: m.isStatic,
    params: m.params.map((p) => ({ name: p.name, type: typeAsWritten(source, p.type) })),
    type: kind === 'constructor' ? '' : typeAsWritten(source, m.result),
  };
}

/** The text of a type, '' when none was written. */
function typeAsWritten(source: SourceShape, type: TypeShape): string {
  if (type.kind === 'missing') return '';
  return source.text.slice(type.start, type.end).replace(/\s+/g, ' ').trim();
}

/** A use as it is sent: what it says, not where. */
export function sentUse(use: DecoratorUse): Use {
  return {
    ...macroOf(use),
    called: use.args !== null,
    args: (use.args ?? []).map((a) => plainLiteral(a)),
    types: isCall(use) ? use.types.map(({ text }) => text) : [],
  };
}

/** The macros of a declaration in canonical order, asc's own decorators left out. */
export function sortedUses(decorators: DecoratorUse[]): DecoratorUse[] {
  if (decorators.length === 0) return decorators;
  const keyed = decorators
    .filter((d) => !isAscDecorator(d))
    .map((use) => {
      const { ns, name } = macroOf(use);
      return { use, key: `${ns}\0${name}` };
    });
  const text = (use: DecoratorUse): string => JSON.stringify(sentUse(use));
  keyed.sort((a, b) => {
    if (a.key !== b.key) return a.key < b.key ? -1 : 1;
    const [left, right] = [text(a.use), text(b.use)];
    return left < right ? -1 : left > right ? 1 : 0;
  });
  return keyed.map(({ use }) => use);
}
