// Traces over cells: what a cell calls is a child of the call that it serves, whether it is nested
// in the lane or waits for an actor; what the root decided holds for all.
import test, { type ExecutionContext } from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import type { Config } from '../../host/cell/config.ts';
import { client, folder, type Module, moduleOf, serve } from '../std/served.ts';
import { answering } from '../std/standard.ts';
import { type ReceivedSpan, receiver } from './receiver.ts';

/** Answers without a session of its own: the caller's travels. */
const BANK = `@service
class Bank {
  @Telemetry.span
  debit(amount: u32): u32 {
    return amount > 9 ? fail<u32>(Status.FAILED_PRECONDITION, "too much") : amount;
  }
}`;
/** The same as an actor: calls to it wait. */
const VAULT = `@service
class Vault {
  taken: u32 = 0;
  @Telemetry.span
  take(amount: u32): u32 { this.taken += amount; return this.taken; }
}`;
const SHOP = `
@remote("bank") class Bank {}
@remote("vault") class Vault {}
@service
class Shop {
  @Telemetry.span
  buy(amount: u32): u32 { return Bank.debit(amount); }
  @Telemetry.span
  keep(amount: u32): u32 { return Vault.take(amount); }
  @Telemetry.span @Telemetry.traces({ sampled: 0 })
  never(amount: u32): u32 { return Bank.debit(amount) + Vault.take(amount); }
  plain(amount: u32): u32 { return Bank.debit(amount); }
}`;

async function village(t: ExecutionContext): Promise<{ cwd: string; modules: Module[] }> {
  const cwd = folder(t);
  const macros = await answering({ Telemetry: 'telemetry' });
  const bank = await moduleOf(cwd, macros, BANK);
  const vault = await moduleOf(cwd, macros, VAULT);
  const remote: Discovery['remote'] = async (cell) => {
    const found = [bank, vault].find(({ schema }) => schema.cell === cell);
    return found ? { schema: found.schema, from: 'this test' } : null;
  };
  const shop = await moduleOf(cwd, { ...macros, remote }, SHOP);
  return { cwd, modules: [shop, bank, vault] };
}

const named = (spans: ReceivedSpan[], name: string): ReceivedSpan[] =>
  spans.filter((span) => span.name === name);

for (const lanes of [0, 1, 2]) {
  test(`a child's parent is the call that made it, ${lanes} lanes`, async (t) => {
    const { cwd, modules } = await village(t);
    const got = await receiver(t);
    const config: Config = {
      cells: { telemetry: { otlp: got.base } },
      grants: { shop: { call: ['bank', 'vault'] } },
    };
    const host = await serve(t, cwd, modules, { lanes, config });
    const alice = await client(t, host, modules[0], { subject: 'alice' });
    t.is(await alice.call('buy', 5), 5);
    await t.throwsAsync(alice.call('buy', 10), { message: /too much/ });
    t.is(await alice.call('keep', 3), 3);
    t.is(await alice.call('never', 1), 5);
    t.is(await alice.call('plain', 2), 2);
    await host.stop();
    t.deepEqual(got.faults, []);
    const { spans } = got;
    const roots = [...named(spans, 'shop.buy'), ...named(spans, 'shop.keep')];
    t.is(roots.length, 3);
    t.true(roots.every((span) => span.parentSpanId === null));
    t.is(new Set(roots.map((span) => span.traceId)).size, 3);
    const debits = named(spans, 'bank.debit');
    for (const root of named(spans, 'shop.buy')) {
      const [child, ...more] = debits.filter((span) => span.parentSpanId === root.spanId);
      t.is(more.length, 0);
      t.is(child.traceId, root.traceId);
      t.is(child.service, 'bank');
      t.true(child.startNs >= root.startNs && child.endNs <= root.endNs, 'within its parent');
      const status = 'rpc.response.status_code';
      t.is(child.attributes[status], root.attributes[status]);
    }
    const [keep] = named(spans, 'shop.keep');
    const taken = named(spans, 'vault.take');
    t.deepEqual(
      taken.map((span) => [span.traceId, span.parentSpanId]),
      [[keep.traceId, keep.spanId]],
    );
    // `plain` has no span of its own: what it calls begins a trace. `never` decided for its own.
    const alone = debits.filter((span) => span.parentSpanId === null);
    t.is(alone.length, 1);
    t.is(debits.length, 3);
    t.deepEqual(named(spans, 'shop.never'), []);
  });
}
