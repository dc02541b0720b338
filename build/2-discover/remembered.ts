// Owns what a module has answered on this machine: a provider that asks only for what was never
// asked before. For standard cells only: they have no grants and no state, so the same module says
// the same to the same request. Of those that look at databases only the description is kept. A
// build whose requests are all known starts no host, which is most of the time between two edits.
// In the cache, which git leaves out; never trusted across modules.
import path from 'node:path';
import type { Provider } from '../3-negotiate/contract.ts';
import { writeWhole } from '../6-lock/files.ts';
import { answersText, messageHash, readAnswersAt } from './answers.ts';
import type { Description, EffectRequest, EffectResult, Plan, PlanRequest } from './protocol.ts';

/** Plans kept of one module; beyond it those longest kept go. */
const PLANS = 64;

export class Remembered implements Provider {
  readonly cell: string;
  readonly level = 1;
  readonly from: string;
  readonly digest: string;
  readonly patienceMs: number;
  readonly #open: () => Promise<Provider>;
  readonly #file: string;
  readonly #changing: boolean;
  #description: Description | null = null;
  #plans: Record<string, Plan> = {};

  /**
   * @param changing its plans depend on more than what they are asked, and are not kept
   * @param open the cell itself, for what is not known
   * @param folder where the answers are kept
   */
  constructor(
    {
      cell,
      from,
      digest,
      patienceMs,
      changing = false,
    }: Pick<Provider, 'cell' | 'from' | 'digest'> & { patienceMs: number; changing?: boolean },
    open: () => Promise<Provider>,
    folder: string,
  ) {
    this.#changing = changing;
    this.cell = cell;
    this.from = from;
    this.digest = digest;
    this.patienceMs = patienceMs;
    this.#open = open;
    this.#file = path.join(folder, `answers-${cell}.json`);
    const kept = readAnswersAt(this.#file, cell);
    if (typeof kept === 'string' || kept.digest !== digest) return;
    this.#description = kept.description;
    this.#plans = kept.plans[''] ?? {};
  }

  /** A cell whose description is known may never be needed. */
  async ready(): Promise<void> {
    if (this.#description === null) await (await this.#open()).ready?.();
  }

  async describe(): Promise<Description> {
    if (this.#description !== null) return this.#description;
    const description = await (await this.#open()).describe();
    this.#description = description;
    this.#keep();
    return description;
  }

  async plan(request: PlanRequest): Promise<Plan> {
    if (this.#changing) return (await this.#open()).plan(request);
    const hash = messageHash(request);
    const known = Object.hasOwn(this.#plans, hash) ? this.#plans[hash] : undefined;
    if (known !== undefined) return known;
    const plan = await (await this.#open()).plan(request);
    const kept = Object.entries(this.#plans).slice(1 - PLANS);
    this.#plans = Object.fromEntries([...kept, [hash, plan]]);
    this.#keep();
    return plan;
  }

  async apply(request: EffectRequest): Promise<EffectResult> {
    return (await this.#open()).apply(request);
  }

  async rollback(request: EffectRequest): Promise<EffectResult> {
    return (await this.#open()).rollback(request);
  }

  #keep(): void {
    const { cell, digest } = this;
    const rest = { schema: null, callers: [], plans: { '': this.#plans } };
    const description = this.#description;
    writeWhole(this.#file, answersText({ version: 1, cell, digest, description, ...rest }));
  }
}
