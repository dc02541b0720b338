// Owns a cell of macros that keeps something for the next build, as those do that plan tables:
// `@Till.table("users")` on a service makes one document a table, numbered, and an effect that
// "applies" them to a database, which is a list in this test. It fails where it is told to.
import type {
  EffectRequest,
  EffectResult,
  Plan,
  PlanRequest,
} from '../../build/2-discover/protocol.ts';
import { sha256 } from '../../build/6-lock/files.ts';
import { description, FakeCell, macro, plan, shape, spots } from './fake-cell.ts';

/** What stands "in the database", by service. */
export type Database = Map<string, string[]>;

const TABLE = macro('table', {
  on: ['service'],
  args: [shape('string')],
  repeatable: true,
});

/** `table users` of `-- table users`. */
const titleOf = (text: string): string => text.split('\n')[0].slice(3);

/** A cell that keeps. `database`: its own, unless several share one. */
export class Keeper extends FakeCell {
  readonly ns: string;
  readonly database: Database;
  /** Steps as they were asked for: `prepare shop`. */
  readonly steps: string[] = [];
  /** Steps that fail: `commit shop`; with `lost ` before it the cell is gone. */
  readonly fails = new Set<string>();
  /** What is said of the state of the database; a warning. */
  warning = '';

  constructor(ns = 'Till', database: Database = new Map()) {
    super(ns.toLowerCase(), description(ns, [TABLE]), (request) => this.#planned(request));
    this.ns = ns;
    this.database = database;
  }

  #planned(request: PlanRequest): Plan {
    const uses = spots(request, this.ns);
    const [first] = uses;
    const tables = [...new Set(uses.map(({ use }) => use.args[0].text))].sort();
    const had = request.documents.map(({ text }) => text.slice(9));
    const dropped = had.filter((name) => !tables.includes(name) && !had.includes(`no ${name}`));
    const added = tables.filter((name) => !had.includes(name));
    const fresh = [...added, ...dropped.filter((n) => !n.startsWith('no ')).map((n) => `no ${n}`)];
    const documents = [...request.documents];
    for (const name of fresh) {
      const number = String(documents.length + 1).padStart(4, '0');
      const file = `${number}_${name.replace(' ', '_')}.sql`;
      documents.push({ name: file, text: `-- table ${name}` });
    }
    const lines = documents.map(({ name, text }) => `migration ${name} ${sha256(text)}`);
    const there = this.database.get(request.service) ?? [];
    const missing = documents.filter(({ text }) => !there.includes(text));
    const effect = {
      ...{ key: `service ${request.service}`, data: documents.map((d) => d.text).join('\n') },
      preview: missing.map(({ text }) => titleOf(text)).join('\n'),
      destructive: documents.at(-1)?.text.includes('table no ') === true,
      ...first.at,
    };
    const warned = { ...first.at, path: '', message: this.warning, fix: '', warning: true };
    return plan({
      lock: lines.join('\n'),
      documents,
      effects: [effect],
      complaints: this.warning === '' ? [] : [{ ...warned, offset: -1, length: 0 }],
    });
  }

  override async apply({ step, effects }: EffectRequest): Promise<EffectResult> {
    return this.#step(step, effects, (service, texts) => {
      if (step === 'commit') this.database.set(service, texts);
    });
  }

  override async rollback({ step, effects }: EffectRequest): Promise<EffectResult> {
    return this.#step(`rollback of ${step}`, effects, (service) => {
      if (step === 'commit') this.database.delete(service);
    });
  }

  #step(
    step: string,
    effects: EffectRequest['effects'],
    act: (service: string, texts: string[]) => void,
  ): EffectResult {
    const standing: string[] = [];
    for (const { key, data } of effects) {
      const service = key.slice('service '.length);
      this.steps.push(`${step} ${service}`);
      if (this.fails.has(`lost ${step} ${service}`)) throw new Error('gone');
      if (this.fails.has(`${step} ${service}`)) {
        return { standing: step.startsWith('rollback') ? [key] : standing, ...fault(key, step) };
      }
      act(service, data.split('\n'));
      standing.push(key);
    }
    return { standing: step.startsWith('rollback') ? [] : standing, message: '', fix: '' };
  }
}

const fault = (key: string, step: string) => ({ message: `${key}: no ${step}`, fix: 'wait' });
