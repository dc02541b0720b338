// `@Postgres.transaction` on real databases: what a method has written is kept or taken back as a
// whole, however it ends; inner ones join; what cannot be serialized is made again by @Retry.
import test, { type ExecutionContext } from 'ava';
import { type Call, failureOf, onServers } from './project.ts';

const CELL = `
@Postgres.table({ name: "accounts" })
class Account {
  @Postgres.primaryKey id: i32 = 0;
  amount: i64 = 0;
}

@service
class Notes {
  open(id: i32, amount: i64): void {
    const a = new Account(); a.id = id; a.amount = amount; a.insert();
  }
  amount(id: i32): i64 {
    return Postgres.queryOne<i64>("select amount from accounts where id = $1", id);
  }
  total(): i64 {
    return Postgres.queryOne<i64>("select coalesce(sum(amount), 0)::int8 as total from accounts");
  }

  private add(id: i32, by: i64): void {
    Postgres.execute("update accounts set amount = amount + $2 where id = $1", id, by);
  }

  /** how: "" ends well; "fail", "trap", "key" (a statement fails) do not. */
  @Postgres.transaction
  move(from: i32, to: i32, by: i64, how: string): i64 {
    this.add(from, -by);
    if (how == "fail") fail<void>(Status.OUT_OF_RANGE, "no more");
    if (how == "trap") throw new Error("gone");
    if (how == "key") this.open(to, 0);
    this.add(to, by);
    return this.amount(to);
  }

  /** Without a transaction each statement stands alone. */
  loose(from: i32, by: i64): void {
    this.add(from, -by);
    fail<void>(Status.OUT_OF_RANGE, "no more");
  }

  @Postgres.transaction
  outer(by: i64): i64 {
    this.add(1, by);
    this.inner(by);
    return this.amount(2);
  }
  @Postgres.transaction
  private inner(by: i64): void {
    this.add(2, by);
    if (by > 100) fail<void>(Status.OUT_OF_RANGE, "too much");
  }

  @Postgres.transaction
  swallow(by: i64): void {
    this.add(1, by);
    attemptVoid<Notes>((self: Notes): void => { self.inner(1000); }, this);
  }

  @Postgres.transaction
  weak(): void { this.strong(); }
  @Postgres.transaction({ isolation: "serializable" })
  strong(): void { this.add(1, 1); }

  @Postgres.transaction({ readOnly: true })
  writes(): void { this.add(1, 1); }
  @Postgres.transaction({ isolation: "repeatable read", readOnly: true })
  reads(): i64 { return this.total() + this.total(); }
  @Postgres.transaction({ readOnly: true })
  joins(): void { this.plain(); }
  @Postgres.transaction
  plain(): void { this.add(1, 1); }

  /** Reads all, then adds to one: two at once cannot both have come first. */
  @Postgres.transaction({ isolation: "serializable" })
  @Retry.onFailure({ max: 10, backoff: "5ms" })
  addTotal(id: i32): i64 {
    const seen = this.total();
    this.add(id, 1);
    return seen;
  }
}
`;

async function walk(t: ExecutionContext, call: Call): Promise<void> {
  await call('open', 1, 100n);
  await call('open', 2, 100n);
  t.is(await call('move', 1, 2, 30n, ''), 130n);
  t.is(await call('amount', 1), 70n);

  t.deepEqual(await failureOf(call('move', 1, 2, 30n, 'fail')), { status: 11, message: 'no more' });
  t.is((await failureOf(call('move', 1, 2, 30n, 'trap')))?.status, 13);
  t.is((await failureOf(call('move', 1, 2, 30n, 'key')))?.status, 6);
  t.is(await call('amount', 1), 70n, 'all three were taken back');
  await failureOf(call('loose', 1, 5n));
  t.is(await call('amount', 1), 65n, 'a statement of its own stands');

  t.is(await call('outer', 10n), 140n);
  t.is((await failureOf(call('outer', 500n)))?.status, 11);
  t.deepEqual([await call('amount', 1), await call('amount', 2)], [75n, 140n]);
  const swallowed = await failureOf(call('swallow', 1n));
  t.is(swallowed?.status, 9);
  t.regex(swallowed?.message ?? '', /joined this one has failed/);
  t.deepEqual([await call('amount', 1), await call('amount', 2)], [75n, 140n]);

  const weak = await failureOf(call('weak'));
  t.is(weak?.status, 9);
  t.regex(weak?.message ?? '', /weaker isolation/);
  await call('strong');
  t.is((await failureOf(call('writes')))?.status, 9);
  const joins = await failureOf(call('joins'));
  t.regex(joins?.message ?? '', /only reads/);
  t.is(await call('reads'), 432n);
  await call('plain');
  t.is(await call('total'), 217n, 'nothing is left open');
}

async function races(t: ExecutionContext, call: Call): Promise<void> {
  const before = (await call('total')) as bigint;
  const calls = Array.from({ length: 12 }, (_, i) => call('addTotal', 1 + (i % 2)));
  const ended = await Promise.allSettled(calls);
  const seen = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value as bigint] : []));
  // Serializable: as if one after another, so that no two have seen the same sum.
  t.is(new Set(seen).size, seen.length);
  t.is(await call('total'), before + BigInt(seen.length));
  for (const one of ended) if (one.status === 'rejected') t.is(one.reason.status, 10);
  t.log(`${seen.length} of ${calls.length} went through`);
  t.true(seen.length > 0);
}

onServers(test, CELL, [15, 18, 'PGlite'], async (t, call) => {
  await walk(t, call);
  await races(t, call);
});
