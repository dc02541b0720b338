// Owns one build of the standard cells from their sources, in the right order: the cells that are
// done answer for those that follow. Asks whoever answers through the real kernel.
//
// The cell `service` answers the decorators that it is itself written with. Its first build is
// answered by the seed, .cell/macros/service.json: what it said when it was last built. When its
// own source asks something new, the last built module answers and the seed is written again.
import path from 'node:path';
import {
  answersFile,
  answersText,
  hashOf,
  merged,
  readAnswers,
} from '../../build/2-discover/answers.ts';
import { cellsOf } from '../../build/2-discover/cell-name.ts';
import { kept, NotAnswered } from '../../build/2-discover/offline.ts';
import type { Description, Plan, PlanRequest } from '../../build/2-discover/protocol.ts';
import { WireProvider } from '../../build/2-discover/wire.ts';
import type { Discovery, Missing, Provider } from '../../build/3-negotiate/contract.ts';
import { readIfThere, sha256, writeWhole } from '../../build/6-lock/files.ts';
import { readTools } from '../../build/6-lock/tools.ts';
import { printFinding } from '../../build/diagnostics/findings.ts';
import { buildService } from '../../build/driver.ts';
import { ordered, outlineOf } from '../../build/order.ts';
import { findServices } from '../../build/services.ts';
import { type Opened, openModule } from '../../host/discovery/open.ts';
import { moduleFile, SEED, StandardCellError, type Yard } from './place.ts';

/** Builds of `service` by itself until nothing changes. One is the rule, two after a change. */
const PASSES = 4;

/** One build of all: the cells that are done answer for those that follow. */
export class Workshop implements Discovery {
  readonly #yard: Yard;
  readonly #tools = readTools().versions;
  /** Cell -> who answers for it by now. */
  readonly #providers = new Map<string, Provider>();
  readonly #opened: Opened[] = [];
  readonly #cells: Record<string, string> = {};
  /** `service` asked for what neither the seed nor a module answers. */
  #unanswered = false;

  constructor(yard: Yard) {
    this.#yard = yard;
  }

  /** Builds all. Cell -> SHA-256 of its module. */
  async all(): Promise<Record<string, string>> {
    const outlines = findServices(this.#yard.std).map(outlineOf);
    const service = outlines.find((o) => path.basename(o.file) === `${SEED}.cell.ts`);
    if (service === undefined) throw new StandardCellError('cells/std has no cell `service`');
    await this.#service(service.file);
    const others = outlines.filter((o) => o !== service);
    for (const { files } of ordered(others)) {
      for (const { file } of files) {
        const { cell, wasm } = await this.#build(file, this);
        this.#take(cell, wasm, null);
      }
    }
    return this.#cells;
  }

  async #service(file: string): Promise<void> {
    let answering = this.#first();
    for (let pass = 0; pass < PASSES; pass++) {
      const heard = new Heard(answering);
      const { wasm } = await this.#build(file, new Only(heard));
      const built = this.#open(SEED, wasm);
      if (await heard.isSaidBy(built)) {
        heard.writeSeed(this.#yard);
        this.#take(SEED, wasm, built);
        return;
      }
      answering = built;
    }
    throw new StandardCellError(
      'error: the cell `service` never answers for itself as it was built\n' +
        '  fix: its macros must describe themselves alike in every build',
    );
  }

  /** Who answers the first build of `service`: the seed, else the module that was built last. */
  #first(): Provider {
    const answers = readAnswers(this.#yard.std, SEED);
    const seed = typeof answers === 'string' ? null : kept(answers);
    const last = readIfThere(moduleFile(this.#yard, SEED));
    const module = last === null ? null : this.#last(last);
    if (seed === null && module === null) throw new StandardCellError(noSeed(answers as string));
    if (seed === null) return module as Provider;
    const otherwise = (request: PlanRequest): Promise<Plan> => {
      if (module !== null) return module.plan(request);
      this.#unanswered = true;
      throw new NotAnswered('the seed does not know what cells/std/service asks now');
    };
    return { ...seed, plan: (request) => seed.plan(request).catch(() => otherwise(request)) };
  }

  /** The module that was built last; null when the bytes are no cell. */
  #last(wasm: Uint8Array): Provider | null {
    try {
      return this.#open(SEED, wasm);
    } catch {
      return null;
    }
  }

  async #build(file: string, discovery: Discovery): Promise<{ cell: string; wasm: Uint8Array }> {
    const macros = { discovery, features: new Map(), settings: new Map() };
    const { compiled, findings } = await buildService(file, this.#yard.std, this.#tools, macros);
    if (compiled !== null) return { cell: compiled.schema.cell, wasm: compiled.wasm };
    const text = this.#unanswered ? NO_ANSWER : findings.map(printFinding).join('\n');
    throw new StandardCellError(`${text}\n${HOW}`);
  }

  #open(cell: string, wasm: Uint8Array): Provider {
    const opened = openModule(wasm, moduleFile(this.#yard, cell));
    this.#opened.push(opened);
    return new WireProvider(opened);
  }

  #take(cell: string, wasm: Uint8Array, provider: Provider | null): void {
    writeWhole(moduleFile(this.#yard, cell), wasm);
    this.#cells[cell] = sha256(wasm);
    if (provider !== null) this.#providers.set(cell, provider);
  }

  async find(ns: string): Promise<Provider | Missing> {
    for (const cell of cellsOf(ns)) {
      const known = this.#providers.get(cell);
      if (known !== undefined) return known;
      const wasm =
        this.#cells[cell] === undefined ? null : readIfThere(moduleFile(this.#yard, cell));
      if (wasm === null) continue;
      const opened = this.#open(cell, wasm);
      this.#providers.set(cell, opened);
      return opened;
    }
    return { missing: true, cell: cellsOf(ns)[0], tried: ['cells/std'], fix: HOW };
  }

  identify(ns: string): Promise<Provider | Missing> {
    return this.find(ns);
  }

  async remote(): Promise<null> {
    return null;
  }

  async namespaces(): Promise<string[]> {
    return [];
  }

  async close(): Promise<void> {
    for (const opened of this.#opened.splice(0)) await opened.close();
  }
}

const HOW = 'the standard cells stand in cells/std; they are built by: node cells/std/build.ts';

const NO_ANSWER =
  'error: cells/std/service asks what its seed, cells/std/.cell/macros/service.json, does not ' +
  'know, and cells/out has no service.wasm to answer\n' +
  '  fix: take the last commit of cells/std/service, build, then make the change again';

const noSeed = (how: string): string =>
  `error: nobody answers for @service: cells/std/.cell/macros/service.json ` +
  `${how === 'none' ? 'is not there' : 'is damaged'}, and cells/out has no service.wasm\n` +
  '  fix: take cells/std/.cell/macros/service.json back from the repository';

/** A discovery with one provider, whatever is asked. */
class Only implements Discovery {
  readonly #provider: Provider;

  constructor(provider: Provider) {
    this.#provider = provider;
  }

  async find(): Promise<Provider> {
    return this.#provider;
  }

  async identify(): Promise<Provider> {
    return this.#provider;
  }

  async remote(): Promise<null> {
    return null;
  }

  async namespaces(): Promise<string[]> {
    return [''];
  }

  async close(): Promise<void> {}
}

/** A provider, and all that it said. */
class Heard implements Provider {
  readonly cell = SEED;
  readonly level = 0;
  readonly from = 'cells/std/.cell/macros';
  readonly digest = '';
  readonly #inner: Provider;
  readonly #said: { request: PlanRequest; plan: Plan }[] = [];
  #description: Description | null = null;

  constructor(inner: Provider) {
    this.#inner = inner;
  }

  async describe(): Promise<Description> {
    this.#description = await this.#inner.describe();
    return this.#description;
  }

  async plan(request: PlanRequest): Promise<Plan> {
    const plan = await this.#inner.plan(request);
    this.#said.push({ request, plan });
    return plan;
  }

  apply = async (): Promise<never> => {
    throw new StandardCellError('the cell `service` plans no effects');
  };
  rollback = this.apply;

  /** Whether another provider says the same, word for word. */
  async isSaidBy(other: Provider): Promise<boolean> {
    if (hashOf(await other.describe()) !== hashOf(this.#description)) return false;
    for (const { request, plan } of this.#said) {
      if (hashOf(await other.plan(request)) !== hashOf(plan)) return false;
    }
    return true;
  }

  /** The seed of the next build from clean. Its digest is empty: it holds for any build of it. */
  writeSeed({ std }: Yard): void {
    const plans = Object.fromEntries(
      this.#said.map(({ request, plan }) => [hashOf(request), plan]),
    );
    const answer = { digest: '', description: this.#description, plans, schema: null };
    const text = Buffer.from(answersText(merged(null, SEED, SEED, answer)));
    const file = path.join(std, answersFile(SEED));
    if (readIfThere(file)?.equals(text) !== true) writeWhole(file, text);
  }
}
