// Calls from cell to cell that wait: for a capability, for an actor. Each has one answer, whatever
// ends it, and nobody stands still for ever.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { CALL_DEPTH, SUSPENDED } from '../../assembly/shared/limits.ts';
import {
  REASON_CALL_DEPTH,
  REASON_CALL_WAITS,
  REASON_CANCELLED,
  REASON_LANE_LOST,
} from '../../assembly/shared/reason.ts';
import * as S from '../../assembly/shared/status.ts';
import { caller, counter, outcome } from './callers.ts';
import { Desk, messageOf } from './desk.ts';
import * as W from './waiters.ts';
import { readU32, u32 } from './waiters.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-crossing-'));
fs.writeFileSync(path.join(root, 'a'), 'five!');
test.after.always(() => fs.rmSync(root, { recursive: true }));
const blob = { root };

const waiterOf = (actor = false) => W.waiter('waiter', actor);

for (const lanes of [0, 1, 2]) {
  test.serial(`the called cell waits, --lanes ${lanes}`, async (t) => {
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    const a = await desk.load(
      caller('a', [
        { name: 'ask', target: 'waiter.ask' },
        { name: 'echo', target: 'waiter.echo' },
      ]),
      { call: ['waiter'] },
    );
    await desk.load(waiterOf(), { blob });
    const many = Array.from({ length: 100 }, (_, i) => ({ route: a, id: i + 1, payload: u32(3) }));
    desk.push(0, 1, many);
    desk.push(0, 1, [{ route: a + 1, id: 101, payload: u32(77) }]);
    await desk.until(() => desk.total === 101);
    for (let i = 1; i <= 100; i++) {
      const { status, payload } = outcome(desk.got(i)[0]);
      t.is(status, 0);
      t.is(readU32(payload), 5);
    }
    t.is(readU32(outcome(desk.got(101)[0]).payload), 77);
    t.is(desk.answers.size, 101);
  });

  test.serial(`an actor is called, from its lane and others, --lanes ${lanes}`, async (t) => {
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    const a = await desk.load(caller('a', [{ name: 'count', target: 'actor.count' }]), {
      call: ['actor'],
    });
    await desk.load(counter('actor'));
    const seen: number[] = [];
    for (let i = 0; i < 40; i++) {
      const answer = outcome(await desk.call(a, u32(0), { lane: i % Math.max(1, lanes) }));
      t.is(answer.status, 0);
      seen.push(readU32(answer.payload));
    }
    t.deepEqual(
      seen,
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
  });

  test.serial(`an actor that waits serves its callers one by one, --lanes ${lanes}`, async (t) => {
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    const a = await desk.load(
      caller('a', [
        { name: 'count', target: 'waiter.count' },
        { name: 'ask', target: 'waiter.ask' },
      ]),
      { call: ['waiter'] },
    );
    const waiter = await desk.load(waiterOf(true), { blob });
    // More than there are stacks, in both ways at once.
    const calls = Array.from({ length: 3 * SUSPENDED }, (_, i) => i + 1);
    for (const id of calls) {
      const lane = id % Math.max(1, lanes);
      desk.push(lane, 1, [{ route: id % 2 ? a : waiter + W.COUNT, id, payload: u32(1) }]);
    }
    await desk.until(() => desk.total === calls.length);
    const seen = calls.map((id) => {
      const answer = desk.got(id)[0];
      return readU32(id % 2 ? outcome(answer).payload : answer.payload);
    });
    t.deepEqual(
      seen.sort((x, y) => x - y),
      calls,
    );
  });
}

for (const lanes of [0, 1]) {
  test.serial(`a chain of cells, the last one waits, --lanes ${lanes}`, async (t) => {
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    const a = await desk.load(caller('a', [{ name: 'go', target: 'b.go' }]), { call: ['b'] });
    await desk.load(caller('b', [{ name: 'go', target: 'c.go' }], { actor: true }), {
      call: ['c'],
    });
    await desk.load(caller('c', [{ name: 'go', target: 'waiter.ask' }]), { call: ['waiter'] });
    await desk.load(waiterOf(), { blob });
    desk.push(
      0,
      1,
      [1, 2, 3].map((id) => ({ route: a, id, payload: u32(20) })),
    );
    await desk.until(() => desk.total === 3);
    for (const id of [1, 2, 3]) {
      const [one, two, three] = [0, 8, 16].map((at) => desk.got(id)[0].payload[at]);
      t.deepEqual([one, two, three], [0, 0, 0]);
      t.is(readU32(desk.got(id)[0].payload.slice(24)), 5);
    }
  });

  test.serial(`a circle of actors is refused and named, --lanes ${lanes}`, async (t) => {
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    const pure = { actor: true };
    const a = await desk.load(
      caller(
        'a',
        [
          { name: 'go', target: 'b.go' },
          { name: 'end', target: 'b.end' },
        ],
        pure,
      ),
      { call: ['b'] },
    );
    await desk.load(
      caller(
        'b',
        [
          { name: 'go', target: 'a.go' },
          { name: 'end', target: 'a.none' },
        ],
        {
          ...pure,
          known: { a: { none: 'a.none()->bytes' } },
        },
      ),
      { call: ['a'] },
    );
    const answer = await desk.call(a, u32(1));
    const inner = { ...answer, payload: outcome(answer).payload };
    t.is(outcome(inner).status, S.ABORTED);
    const record = { ...answer, payload: outcome(inner).payload };
    t.regex(messageOf(record), /circle: `a` -> `b` -> `a`/);
    const gone = outcome({ ...answer, payload: outcome(await desk.call(a + 1, u32(1))).payload });
    t.is(gone.status, S.FAILED_PRECONDITION);
    t.regex(messageOf({ ...answer, payload: gone.payload }), /`a.none` is gone/);
  });

  test.serial(`a circle through the queue of an actor, --lanes ${lanes}`, async (t) => {
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    const waits = {
      actor: true,
      imports: W.BLOB_IMPORTS,
      extra: '(data (i32.const 16) "a")',
    };
    const ask = '(drop (call $size (i32.const 16) (i32.const 1)))';
    const way = (target: string) => ({ target, tier: 'waiting' as const, before: ask });
    const a = await desk.load(caller('a', [{ name: 'go', ...way('b.go') }], waits), {
      call: ['b'],
      blob,
    });
    const b = await desk.load(caller('b', [{ name: 'go', ...way('a.go') }], waits), {
      call: ['a'],
      blob,
    });
    // Each holds its own instance, waits a little, and then wants the other's.
    desk.push(0, 1, [
      { route: a, id: 1 },
      { route: b, id: 2 },
    ]);
    await desk.until(() => desk.total === 2);
    const depth = (id: number): number[] => {
      const found: number[] = [];
      for (let answer = desk.got(id)[0]; ; ) {
        const { status, payload } = outcome(answer);
        found.push(status);
        if (status !== 0) {
          t.regex(messageOf({ ...answer, payload }), /circle: `[ab]` -> /);
          return found;
        }
        if (payload.length < 8) return found;
        answer = { ...answer, payload };
      }
    };
    t.true([...depth(1), ...depth(2)].includes(S.ABORTED));
  });

  test.serial(`cells without state in a circle end at the bound, --lanes ${lanes}`, async (t) => {
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    const a = await desk.load(caller('a', [{ name: 'go', target: 'b.go' }]), { call: ['b'] });
    await desk.load(caller('b', [{ name: 'go', target: 'a.go' }]), { call: ['a'] });
    const answer = await desk.call(a, u32(1));
    let depth = 0;
    let at = outcome(answer);
    for (; at.status === 0; depth++) at = outcome({ ...answer, payload: at.payload });
    t.is(depth, CALL_DEPTH);
    t.deepEqual([at.status, at.reason], [S.RESOURCE_EXHAUSTED, REASON_CALL_DEPTH]);
  });

  test.serial(`a trap in the called cell ends all on its stack, --lanes ${lanes}`, async (t) => {
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    const a = await desk.load(
      caller(
        'a',
        [
          { name: 'trap', target: 'waiter.trap' },
          { name: 'count', target: 'waiter.count' },
          { name: 'fail', target: 'waiter.fail' },
        ],
        { actor: true },
      ),
      { call: ['waiter'] },
    );
    await desk.load(waiterOf(true), { blob });
    const count = async (): Promise<number> =>
      readU32(outcome(await desk.call(a + 1, u32(1))).payload);
    t.is(await count(), 1);
    t.is(await count(), 2);
    const trapped = await desk.call(a, u32(1));
    t.deepEqual([trapped.status, trapped.reason], [S.INTERNAL, 0]);
    t.regex(messageOf(trapped), /^in `waiter`: unreachable/);
    t.is(await count(), 1, 'the actor began anew');
    t.is(outcome(await desk.call(a + 2, u32(9))).status, 5);
    t.is(await count(), 2, 'a failure keeps it');
    t.true(desk.log.some((l) => l.cell === 'waiter' && l.level === 'error'));
  });

  test.serial(`deadlines and cancels reach what stands still, --lanes ${lanes}`, async (t) => {
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    const a = await desk.load(
      caller('a', [
        { name: 'ask', target: 'waiter.ask' },
        { name: 'count', target: 'waiter.count' },
      ]),
      { call: ['waiter'] },
    );
    const waiter = await desk.load(waiterOf(true), { blob });
    desk.push(0, 1, [{ route: waiter + W.ASK, id: 1, payload: u32(6000) }]);
    desk.push(0, 1, [
      { route: a + 1, id: 2, payload: u32(1), remainingMs: 10 },
      { route: a + 1, id: 3, payload: u32(1) },
      { route: a + 1, id: 4, payload: u32(1) },
    ]);
    await desk.until(() => desk.got(2).length === 1);
    desk.cancel(0, 1, a + 1, 3);
    await desk.until(() => desk.total === 4);
    // The deadline's timer answers, or the caller, which was told first.
    const late = desk.got(2)[0];
    t.is(late.status === 0 ? outcome(late).status : late.status, S.DEADLINE_EXCEEDED);
    t.deepEqual([desk.got(3)[0].status, desk.got(3)[0].reason], [S.CANCELLED, REASON_CANCELLED]);
    t.is(readU32(outcome(desk.got(4)[0]).payload), 1, 'those that were ended did not run');
    for (const id of [1, 2, 3, 4]) t.is(desk.got(id).length, 1);
  });
}

test.serial('a lane lost below nested calls: each caller hears of it once', async (t) => {
  const desk = await Desk.open(t, { lanes: 1 });
  desk.session(1);
  const a = await desk.load(
    caller('a', [
      { name: 'loop', target: 'waiter.loop' },
      { name: 'ask', target: 'waiter.ask' },
    ]),
    { call: ['waiter'] },
  );
  await desk.load({ ...waiterOf(), cpuMs: 50 }, { blob });
  desk.push(0, 1, [
    { route: a + 1, id: 1, payload: u32(1_000_000) },
    { route: a, id: 2, payload: u32(1) },
  ]);
  await desk.until(() => desk.total === 2);
  t.is(desk.got(2)[0].status, S.DEADLINE_EXCEEDED);
  t.deepEqual([desk.got(1)[0].status, desk.got(1)[0].reason], [S.UNAVAILABLE, REASON_LANE_LOST]);
  t.is(readU32(outcome(await desk.call(a + 1, u32(2))).payload), 5);
  const blamed = desk.log.find((l) => l.text.includes('was lost'));
  t.is(blamed?.cell, 'waiter', 'the one that looped, not its caller');
});

test.serial('a cell that hides that it calls is refused, not let through', async (t) => {
  const desk = await Desk.open(t, { lanes: 0 });
  desk.session(1);
  const a = await desk.load(caller('a', [{ name: 'ask', target: 'waiter.ask', silent: true }]), {
    call: ['waiter'],
  });
  await desk.load(waiterOf(), { blob });
  const { status, reason } = outcome(await desk.call(a, u32(1)));
  t.deepEqual([status, reason], [S.UNAVAILABLE, REASON_CALL_WAITS]);
});

test.serial('a cell that says it is pure and waits cannot stop its caller', async (t) => {
  const desk = await Desk.open(t, { lanes: 0 });
  desk.session(1);
  const a = await desk.load(
    caller('a', [
      { name: 'lies', target: 'waiter.lies' },
      { name: 'waits', target: 'waiter.lies', tier: 'waiting' },
    ]),
    { call: ['waiter'] },
  );
  await desk.load(waiterOf(), { blob });
  const pure = await desk.call(a, u32(7));
  t.is(pure.status, S.INTERNAL);
  t.regex(messageOf(pure), /in `waiter`: `lies` waits for a capability/);
  const waiting = outcome(await desk.call(a + 1, u32(7)));
  t.is(readU32(waiting.payload), 7, 'its import answered at once, with a failure');
});
