// Owns what is kept of a build's conversation: a discovery that passes everything on and remembers
// each answer, for `.cell/macros`, for the key of the cache, and for the lock. Changes nothing.
//
// A cell that leaves something for the next build (Plan.lock, Plan.documents) is recorded as that
// build will ask it: with what it leaves in the request. What depends on the state of a database
// (previews, warnings) is left out, so that two machines record the same.
import type { Discovery, Missing, Provider, RemoteCell } from '../3-negotiate/contract.ts';
import { type Answer, messageHash } from './answers.ts';
import type { Plan, PlanRequest } from './protocol.ts';

/** A question and its answer. */
interface Said {
  request: PlanRequest;
  plan: Plan;
}

/** One build's conversation. */
export class Recorded implements Discovery {
  readonly #inner: Discovery;
  readonly #answers = new Map<string, Answer>();
  /** By cell, in the order of the rounds. */
  readonly #said = new Map<string, Said[]>();
  readonly #providers = new Map<string, Provider | Missing>();
  readonly #remotes = new Map<string, RemoteCell | null>();

  constructor(inner: Discovery) {
    this.#inner = inner;
  }

  async find(ns: string): Promise<Provider | Missing> {
    const known = this.#providers.get(ns);
    if (known !== undefined) return known;
    const found = await this.#inner.find(ns);
    const provider = 'missing' in found ? found : this.#recording(found);
    this.#providers.set(ns, provider);
    return provider;
  }

  warm(namespaces: string[]): void {
    this.#inner.warm?.(namespaces);
  }

  identify(ns: string) {
    return this.#inner.identify(ns);
  }

  cells() {
    return this.#inner.cells?.() ?? [];
  }

  namespaces() {
    return this.#inner.namespaces();
  }

  async remote(cell: string): Promise<RemoteCell | null> {
    const known = this.#remotes.get(cell);
    if (known !== undefined) return known;
    const found = await this.#inner.remote(cell);
    this.#remotes.set(cell, found);
    if (found !== null) this.#answer(cell).schema = found.schema;
    return found;
  }

  /** The owner of the inner discovery closes it. */
  async close(): Promise<void> {}

  /** By cell: what was answered, names sorted. */
  answers(): Record<string, Answer> {
    const sorted = [...this.#answers].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(
      sorted.map(([cell, answer]) => {
        const said = settled(this.#said.get(cell) ?? []);
        const plans = said.map(({ request, plan }) => [messageHash(request), plan]);
        return [cell, { ...answer, plans: Object.fromEntries(plans) }];
      }),
    );
  }

  /** Namespaces that were looked for -> who answered. */
  get providers(): ReadonlyMap<string, Provider | Missing> {
    return this.#providers;
  }

  /** Cells whose schema was looked for. */
  get remotes(): ReadonlyMap<string, RemoteCell | null> {
    return this.#remotes;
  }

  #recording(provider: Provider): Provider {
    const { cell, level, from, digest } = provider;
    const answer = this.#answer(cell);
    answer.digest = digest;
    return {
      cell,
      level,
      from,
      digest,
      ...(provider.patienceMs === undefined ? {} : { patienceMs: provider.patienceMs }),
      ready: async () => provider.ready?.(),
      describe: async () => {
        const description = await provider.describe();
        answer.description = description;
        return description;
      },
      plan: async (request: PlanRequest) => {
        const plan = await provider.plan(request);
        const said = this.#said.get(cell) ?? [];
        said.push({ request, plan });
        this.#said.set(cell, said);
        return plan;
      },
      apply: (request) => provider.apply(request),
      rollback: (request) => provider.rollback(request),
    };
  }

  #answer(cell: string): Answer {
    let answer = this.#answers.get(cell);
    if (answer === undefined) {
      answer = { digest: '', description: null, plans: {}, schema: null };
      this.#answers.set(cell, answer);
    }
    return answer;
  }
}

/** What was said, as the next build will hear it. */
function settled(said: Said[]): Said[] {
  const last = said.at(-1);
  if (last === undefined) return said;
  const { lock, documents } = last.plan;
  const keeps = lock !== '' || documents.length > 0;
  const had = last.request.lock !== '' || last.request.documents.length > 0;
  if (!keeps && !had) return said;
  return said.map(({ request, plan }) => ({
    request: { ...request, lock, documents, destructive: false },
    plan: plan === last.plan ? lasting(plan) : asking(plan),
  }));
}

/** A plan without what the state of a database decides. */
function lasting(plan: Plan): Plan {
  const effects = plan.effects.map((effect) => ({ ...effect, preview: '' }));
  return { ...plan, effects, complaints: plan.complaints.filter((c) => !c.warning) };
}

/** Of a plan before the last only what it told and asked others counted. */
function asking({ facts, asks }: Plan): Plan {
  const nothing = { contributions: [], orders: [], complaints: [], effects: [] };
  return { ...nothing, facts, asks, lock: '', documents: [] };
}
