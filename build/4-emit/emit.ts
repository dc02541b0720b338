// Owns stage 4: a project and what was negotiated -> the texts that asc compiles, each with the way
// back to the user's own. Judges nothing that additions.ts and service.ts have not judged.
import type { PersistedField, SqlManifest } from '../../host/schema/types.ts';
import type { Project, Remote } from '../1-read/project.ts';
import type { SourceShape, Span } from '../1-read/shapes.ts';
import type { Negotiated, Placed } from '../3-negotiate/contract.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { type Additions, gatherAdditions } from './additions.ts';
import { CallCode, type CallSite, callSites } from './calls.ts';
import { ClassCode } from './class-code.ts';
import { CODECS, type Codec, codecWords, emitCodecs } from './codecs.ts';
import { type MemberClass, memberClasses } from './editor-members.ts';
import { type GeneratedFunctions, GeneratedNames, modulePath } from './generated-names.ts';
import { type Emitted, type GeneratedLine, generatedFile, Sources } from './generated-text.ts';
import { guestType } from './guest-types.ts';
import { ENTRY_IMPORT, emitEntry, homesBySource, reachedBySource } from './handlers.ts';
import { type Composed, type LayerPlace, Layers } from './layers.ts';
import { Loops } from './loops.ts';
import type { Origin } from './origin.ts';
import { sdkNames, sdkUses } from './sdk.ts';
import { describeService, type Service } from './service.ts';
import { isHandler } from './service-class.ts';
import { alias, ENTRY, relativeImport, UserText, wholeField } from './user-text.ts';

/** What stage 5 compiles. */
export interface Emission {
  service: Service;
  /** By path relative to the root of the build, the entry among them. */
  texts: Map<string, Emitted>;
  functions: GeneratedFunctions;
  /** The edited files and the entry's lines, for `cell expand`. */
  user: Map<string, UserText>;
  entry: GeneratedLine[];
  /** What stands at the cell's boundary, by method index. */
  boundary: Map<number, Composed>;
  /** Calls that cells answered for. */
  calls: CallSite[];
  /** What classes of the user's have beside their own. */
  members: MemberClass[];
  /** For the manifest. */
  sql: SqlManifest | null;
  persisted: PersistedField[];
}

/** Emits; null when something is wrong. All of it is reported. */
export async function emitService(
  project: Project,
  negotiated: Negotiated,
  findings: Findings,
): Promise<Emission | null> {
  const additions = await gatherAdditions(project, negotiated, findings);
  const service = await describeService(project, negotiated, additions, findings);
  if (service === null || findings.count > 0) return null;
  return new Emitter(project, negotiated, additions, service).emit();
}

class Emitter {
  readonly #project: Project;
  readonly #negotiated: Negotiated;
  readonly #additions: Additions;
  readonly #service: Service;
  readonly #names: GeneratedNames;
  readonly #functions: GeneratedFunctions = new Map();
  readonly #loops: Loops;
  /** Of the entry: generated functions, and names of the SDK by file. */
  readonly #made: GeneratedLine[] = [];
  readonly #entryImports = new Map<string, Set<string>>();
  readonly #entryPlace: LayerPlace;
  /** Words of texts that mean functions of codecs -> their names. */
  readonly #codecs: Map<string, string>;
  /** Methods of the service that stand before its own `start()`. */
  readonly #starts: Map<string, Placed>;

  constructor(project: Project, negotiated: Negotiated, additions: Additions, service: Service) {
    this.#project = project;
    this.#negotiated = negotiated;
    this.#additions = additions;
    this.#service = service;
    this.#names = new GeneratedNames(project, negotiated);
    this.#loops = new Loops(this.#names, this.#functions);
    this.#codecs = codecWords(service.codecs, this.#names);
    this.#starts = new Map(
      additions.starts.map((one) => [this.#names.make(`start_${one.macro}`), one]),
    );
    this.#entryPlace = this.#place(modulePath(ENTRY), this.#entryImports, (line) =>
      this.#made.push(line),
    );
  }

  emit(): Emission {
    const sources = new Sources(this.#project.sources);
    const user = new Map<string, UserText>();
    const texts = new Map<string, Emitted>();
    const reached = reachedBySource(this.#service, this.#project.entry);
    const { remotes = [] } = this.#project;
    for (const [path, source] of this.#project.sources) {
      const remote = remotes.find((r) => r.path === path);
      if (remote !== undefined) {
        texts.set(path, remoteFile(remote, reached.get(path) ?? [], sources));
        continue;
      }
      const text = this.#userText(source, path, reached.get(path) ?? []);
      user.set(path, text);
      texts.set(path, text.finish(sources));
    }
    const boundary = this.#boundary();
    const entry = this.#entry(boundary);
    texts.set(ENTRY, generatedFile(ENTRY, entry, sources));
    const { codecs, whole, homes } = this.#service;
    if (codecs.length > 0) {
      const lines = emitCodecs(codecs, whole, homesBySource(homes), this.#codecs);
      texts.set(CODECS, generatedFile(CODECS, lines, sources));
    }
    const { calls, sql } = this.#additions;
    const { contributions } = this.#negotiated;
    const statements = contributions.filter((c) => c.kind === 'statement');
    return {
      ...{ service: this.#service, texts, functions: this.#functions, user, entry, boundary },
      ...{ sql, calls: callSites(calls, statements) },
      persisted: persistedOf(codecs),
      members: memberClasses(this.#project.sources, this.#additions, this.#service.shape),
    };
  }

  #userText(source: SourceShape, path: string, reached: string[]): UserText {
    const text = new UserText(source, path);
    const { answered, bindings } = this.#negotiated;
    const fields = bindings.filter((b) => b.source === source).map((b) => b.field);
    const bound = (use: Span): boolean =>
      fields.some((f) => f.start <= use.start && use.end <= f.end);
    for (const use of usesIn(source)) if (answered.has(use) && !bound(use)) text.blank(use);
    for (const field of fields) text.blank(wholeField(source, field));
    for (const span of source.replaced ?? []) text.blank(span);
    for (const { namespace, path: module } of source.imports.filter((i) => i.isRemote === true)) {
      text.append(`import * as ${namespace} from "${module}";`);
    }
    const { scope, macros, shape: service } = this.#service;
    const declared = scope.declared(path);
    const { imports } = this.#additions;
    const uses = sdkUses(source, declared, macros !== null, imports);
    for (const [file, names] of [...uses.files].sort()) {
      text.append(`import { ${names.join(', ')} } from "cell/${file}";`);
    }
    if (uses.details) text.append(`import { details } from "${relativeImport(path, ENTRY)}";`);
    if (reached.length > 0) {
      text.append(`export { ${reached.map((n) => `${n} as ${alias(n)}`).join(', ')} };`);
    }
    const imported = new Map<string, Set<string>>();
    const loops = new Set<string>();
    const place = {
      ...this.#place(modulePath(path), imported, (line) =>
        text.append(line.text, line.origin, line.shared),
      ),
      loop: (one: Placed): string => {
        const name = this.#loops.of(one, this.#entryPlace);
        loops.add(name);
        return name;
      },
    };
    const code = new ClassCode(text, place, this.#additions, this.#names, this.#functions);
    for (const shape of source.classes) {
      code.add(shape, (m) => shape === service && isHandler(m));
      if (shape === service) code.addStarts(shape, this.#starts);
    }
    new CallCode(text, place, this.#names, this.#functions).add(this.#additions.calls);
    if (loops.size > 0) {
      text.append(`import { ${[...loops].join(', ')} } from "${relativeImport(path, ENTRY)}";`);
    }
    for (const line of this.#importLines(imported, path)) text.append(line);
    return text;
  }

  /** Composes what stands around the handlers at the cell's boundary; writes their functions. */
  #boundary(): Map<number, Composed> {
    const layers = new Layers(this.#entryPlace, this.#names, this.#functions);
    const boundary = new Map<number, Composed>();
    const { schema, handlers } = this.#service;
    for (const [index, shape] of handlers.entries()) {
      const around = this.#additions.methods.get(shape)?.around.filter((a) => a.boundary) ?? [];
      if (around.length === 0) continue;
      const method = schema.methods[index];
      const wrapped = {
        name: method.name,
        shown: `${schema.service}#${method.name}`,
        params: method.params.map((p) => ({ name: p.name, type: guestType(p.type) })),
        result: method.result === null ? 'void' : guestType(method.result),
        self: schema.service,
        call: (self: string, args: string[]) => `${self}.${method.name}(${args.join(', ')})`,
      };
      const order = around.map((a) => a.from);
      boundary.set(index, layers.compose(order, wrapped));
    }
    return boundary;
  }

  #entry(boundary: Map<number, Composed>): GeneratedLine[] {
    const made = this.#made;
    const starts = [...this.#starts.keys()];
    const lines = emitEntry(this.#service, this.#project.entry, { boundary, made, starts });
    const imports = this.#importLines(this.#entryImports, ENTRY);
    // Behind the entry's own: asc compiles a file where it is first imported, and what stands in
    // a table is compiled before what is imported behind it.
    const at = lines.findIndex((line) => line.text === ENTRY_IMPORT) + 1;
    const added = imports.map((text) => ({ text, origin: null }));
    return [...lines.slice(0, at), ...added, ...lines.slice(at)];
  }

  #place(
    module: string,
    imported: Map<string, Set<string>>,
    append: (line: GeneratedLine) => void,
  ): LayerPlace {
    const { imports } = this.#additions;
    const names = sdkNames(this.#service.macros !== null);
    return {
      module,
      append: (text, origin, shared = false) => append({ text, origin, shared }),
      loop: (one) => this.#loops.of(one, this.#entryPlace),
      sdk: (name, file) => {
        const names = imported.get(file) ?? new Set();
        imported.set(file, names.add(name));
        return this.#codecs.get(name) ?? this.#names.sdk(name, file);
      },
      declares: (text) => this.#additions.declared.get(text) ?? new Set(),
      fileOf: (name) => {
        if (this.#codecs.has(name)) return CODECS;
        return Object.hasOwn(names, name) ? names[name] : imports.get(name);
      },
    };
  }

  /** Imports of the file `path`. */
  #importLines(imported: Map<string, Set<string>>, path: string): string[] {
    return [...imported].sort().map(([file, names]) => {
      if (file === CODECS) {
        const list = [...names].sort().map((name) => this.#codecs.get(name));
        return `import { ${list.join(', ')} } from "${relativeImport(path, CODECS)}";`;
      }
      const list = [...names].sort().map((name) => `${name} as ${this.#names.sdk(name, file)}`);
      return `import { ${list.join(', ')} } from "cell/${file}";`;
    });
  }
}

/** What the manifest says of fields that outlive the service, by name. */
function persistedOf(codecs: readonly Codec[]): PersistedField[] {
  const fields = codecs.flatMap(({ persisted }) => (persisted === null ? [] : [persisted]));
  return fields.sort((a, b) => (a.field < b.field ? -1 : 1));
}

/** The module of a remote cell: all of it comes from the decorator. */
function remoteFile(remote: Remote, reached: string[], sources: Sources): Emitted {
  const { source, at, cell, path } = remote;
  const origin: Origin = { macro: '@remote', cell, source, at };
  const text = [remote.text];
  if (reached.length > 0) {
    text.push(`export { ${reached.map((n) => `${n} as ${alias(n)}`).join(', ')} };`);
  }
  return generatedFile(path, [{ text: text.join('\n'), origin }], sources);
}

/** Every decorator of a source. */
function usesIn(source: SourceShape) {
  const all = [...source.strayDecorators, ...source.enums.flatMap((e) => e.decorators)];
  for (const c of source.classes) {
    all.push(...c.decorators);
    for (const member of [...c.fields, ...c.methods]) all.push(...member.decorators);
  }
  return new Set(all);
}
