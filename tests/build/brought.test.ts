// On whose account a capability is needed: the macro's that brought it, or the method's. And tiers
// stay exact: what one method's retry can enter makes no other method wait.
import test from 'ava';
import { type Answers, builtWith } from './macros.ts';

const RETRY = 'for (let n = 0; n < 3; n++) { if ($attempt == 0) break; if (n == 2) { $fail; } }';
const ANSWERS: Answers = {
  retry: {
    stage: 'retry',
    gives: [{ kind: 'wrap', text: RETRY }],
  },
  dice: {
    stage: 'cache',
    gives: [
      { kind: 'wrap', text: 'if (randomBits() == 0) { $proceed; } $proceed;' },
      { kind: 'import', text: 'random', values: ['randomBits'] },
    ],
  },
  stamp: {
    stage: 'validate',
    gives: [{ kind: 'guard', text: 'now().micros > 0', status: 3, type: 'no' }],
  },
  noted: {
    stage: 'body',
    gives: [{ kind: 'parameter', name: 'at', type: 'Instant', text: 'now()' }],
  },
};

const TEXT = `@service class Example {
  @Test.retry pure(n: u32): u32 { return n; }
  @Test.retry waits(n: u32): u64 { return Blob.size("a"); }
  @Test.dice rolls(n: u32): u32 { return n; }
  @Test.stamp stamped(n: u32): u32 { return n; }
  @Test.noted noted(n: u32): bool { return at.micros > 0; }
  own(): Instant { return now(); }
  both(n: u32): u64 { return this.waits(n); }
  caught(n: u32): bool { return attempt<u32, u32>((n: u32): u32 => n + 1, n).ok; }
  logs(): void { log.info("x"); }
}`;

test('capabilities name the macro or the method that brought them', async (t) => {
  const { manifest, schema } = await builtWith(TEXT, ANSWERS);
  const brought = Object.fromEntries(manifest.capabilities.map((c) => [c.name, c.broughtBy]));
  t.deepEqual(brought, {
    blob: 'Example.waits, Example.both',
    clock: '@Test.noted, @Test.stamp, Example.own',
    log: 'Example.logs',
    random: '@Test.dice',
  });
  const waiting = schema.methods.filter((m) => m.tier === 'waiting').map((m) => m.name);
  t.deepEqual(waiting, ['waits', 'both']);
});
