// `--features <cell>=off`: the module is, byte for byte and with its custom sections, that of the
// source without the cell's decorators. Every macro of every standard cell is here.
import path from 'node:path';
import test from 'ava';
import { sha256 } from '../../build/6-lock/files.ts';
import { Findings } from '../../build/diagnostics/findings.ts';
import { emitFile } from '../../build/driver.ts';
import { standard } from '../std/standard.ts';
import { ENTRY, folderWith } from './folder.ts';
import { built, STANDARD } from './project.ts';

/** Decorators by where they stand: on the class, on `price`, on `store`. */
interface Uses {
  onClass: string[];
  onPrice: string[];
  onStore: string[];
}

const USES: Record<string, Uses> = {
  auth: {
    onClass: ['@Auth.policy({ roles: ["admin"], scopes: ["write"] })'],
    onPrice: ['@Auth.require({ role: "admin" })', '@Auth.owner("who")'],
    onStore: ['@Auth.protected({ scope: "write" })'],
  },
  telemetry: {
    onClass: ['@Telemetry.traces({ sampled: "0.1" })'],
    onPrice: ['@Telemetry.span'],
    onStore: ['@Telemetry.metrics({ counter: "stores_total" })'],
  },
  ratelimit: {
    onClass: [],
    onPrice: ['@RateLimit.throttle({ perSecond: 5, burst: 2 })'],
    onStore: ['@RateLimit.perUser(3)'],
  },
  cache: {
    onClass: [],
    onPrice: ['@Cache.memoize({ ttl: "5m", tags: ["item:{id}"] })'],
    onStore: ['@Cache.invalidate({ tags: ["item:{id}"] })'],
  },
  retry: { onClass: [], onPrice: ['@Retry.onFailure({ max: 2 })'], onStore: [] },
  flags: {
    onClass: [],
    onPrice: ['@Flags.when("new-price", { otherwise: "oldPrice" })'],
    onStore: ['@Flags.variant("stores", [{ variant: "b", call: "otherStore" }])'],
  },
};
/** Macros that cannot stand beside the others; each has a service of its own. */
const ALONE: Record<string, string> = {
  public: '@Auth.public count(): u32 { return 1; }',
  cached: '@Cache.cached count(): u32 { return 1; }',
};

const text = ({ onClass, onPrice, onStore }: Uses, blanks = ''): string => `
class Item { id: u32 = 0; price: f64 = 0; }
/** Prices. */
${onClass.join('\n')}
@service
class Prices {
  private known: Map<u32, f64> = new Map();${blanks}
  /** The price. */
  ${onPrice.join(blanks === '' ? ' ' : `\n${blanks}`)}
  price(id: u32, who: string): f64 { return this.known.has(id) ? this.known.get(id) : 0; }
  private oldPrice(id: u32, who: string): f64 { return 1; }
  ${onStore.join(' ')}
  store(id: u32, item: Item): bool {${blanks} this.known.set(id, item.price); return true; }
  private otherStore(id: u32, item: Item): bool { return false; }
}
`;

async function module(source: string, off: string[] = []): Promise<string> {
  const features = new Map(off.map((cell) => [cell, 'off']));
  const { compiled, findings } = await built(source, { ...STANDARD, features });
  const errors = findings.filter((f) => f.warning !== true);
  if (compiled === null) throw new Error(errors.map((f) => `${f.code} ${f.message}`).join('\n'));
  return sha256(compiled.wasm);
}

/** Whether `cell` adds anything to a source. */
async function contributes(source: string, cell: string): Promise<boolean> {
  const { folder, remove } = folderWith({ [ENTRY]: source });
  const made = await emitFile(path.join(folder, ENTRY), folder, STANDARD, new Findings());
  remove();
  const { emission, negotiated } = made ?? {};
  if (!emission) throw new Error('not emitted');
  return negotiated?.contributions.some((c) => c.cell === cell) ?? false;
}

const NONE: Uses = { onClass: [], onPrice: [], onStore: [] };
const plain = module(text(NONE));

for (const [cell, uses] of Object.entries(USES)) {
  test.serial(`${cell}=off: nothing of it is left`, async (t) => {
    t.true(await contributes(text(uses), cell), 'on, it makes a difference');
    t.is(await module(text(uses), [cell]), await plain);
  });
}

test.serial('all of them off, with other blank lines', async (t) => {
  const cells = Object.keys(USES);
  const all: Uses = { onClass: [], onPrice: [], onStore: [] };
  for (const { onClass, onPrice, onStore } of Object.values(USES)) {
    all.onClass.push(...onClass);
    all.onPrice.push(...onPrice);
    all.onStore.push(...onStore);
  }
  t.is(await module(text(all, '\n\n'), cells), await plain);
});

test.serial('one off, the others as they were', async (t) => {
  const { onPrice, onStore, onClass } = USES.telemetry;
  const [price, store] = [USES.retry.onPrice, USES.auth.onStore];
  const both = text({
    onClass,
    onPrice: [...onPrice, ...price],
    onStore: [...onStore, ...store],
  });
  t.is(
    await module(both, ['telemetry']),
    await module(text({ onClass: [], onPrice: price, onStore: store })),
  );
});

test.serial('macros that stand alone', async (t) => {
  const service = (method: string): string => `@service class Alone { ${method} }`;
  const undecorated = await module(service('count(): u32 { return 1; }'));
  for (const [macro, method] of Object.entries(ALONE)) {
    const cell = /@(\w+)/.exec(method)?.[1].toLowerCase() ?? '';
    t.is(await module(service(method), [cell]), undecorated, macro);
  }
});

test.serial('every macro of the standard cells is tried here', async (t) => {
  for (const [cell, { onClass, onPrice, onStore }] of Object.entries(USES)) {
    const written = [...onClass, ...onPrice, ...onStore, ...Object.values(ALONE)].join(' ');
    const { macros, ns } = await (await standard(cell)).describe();
    for (const { name } of macros) t.true(written.includes(`@${ns}.${name}`), `${ns}.${name}`);
  }
});
