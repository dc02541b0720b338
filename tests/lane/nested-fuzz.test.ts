// Cells made at random that call each other at random, in circles too: every call has one answer,
// what comes back through a chain is what went in, and afterwards all cells serve as before.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { L_NESTED_WORD, PART_BUSY_WORD } from '../../assembly/shared/layout.ts';
import { CELLS } from '../../assembly/shared/limits.ts';
import * as S from '../../assembly/shared/status.ts';
import { Random } from '../kernel/random.ts';
import { type CallerOptions, caller, type Way } from './callers.ts';
import { ECHO, type WatMethod } from './cells.ts';
import { type Answer, Desk } from './desk.ts';
import { BLOB_IMPORTS } from './waiters.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-nested-fuzz-'));
fs.writeFileSync(path.join(root, 'a'), 'five!');
test.after.always(() => fs.rmSync(root, { recursive: true }));

const WAIT = '(drop (call $size (i32.const 16) (i32.const 1)))';
const LEAVES: Record<string, WatMethod> = {
  echo: { name: 'echo', body: ECHO },
  trap: { name: 'trap', body: '(unreachable)' },
  wait: { name: 'wait', tier: 'waiting', body: `${WAIT} ${ECHO}` },
  late: { name: 'late', tier: 'waiting', body: `${WAIT} (unreachable)` },
};
const PURE = ['echo', 'trap'];
const ALL = Object.keys(LEAVES);

interface Plan {
  name: string;
  leaves: string[];
  ways: Way[];
  options: CallerOptions;
}

/** What cells there are and which methods call which. */
function plansOf(random: Random): Plan[] {
  const names = Array.from({ length: 2 + random.below(4) }, (_, i) => `c${i}`);
  const leaves = names.map(() => (random.chance(2) ? PURE : ALL));
  return names.map((name, i) => {
    const others = names.filter((n) => n !== name);
    const ways = Array.from({ length: 1 + random.below(3) }, (_, w): Way => {
      const to = random.pick(others);
      const deeper = random.chance(2);
      const method = deeper ? `w${random.below(3)}` : random.pick(leaves[names.indexOf(to)]);
      const waits = leaves[i] === ALL && random.chance(3);
      return {
        name: `w${w}`,
        target: `${to}.${method}`,
        ...(waits ? { tier: 'waiting' as const, before: WAIT } : {}),
      };
    });
    const options = {
      actor: random.chance(3),
      ...(leaves[i] === ALL ? { imports: BLOB_IMPORTS } : {}),
      extra: '(data (i32.const 16) "a")',
      methods: leaves[i].map((leaf) => LEAVES[leaf]),
    };
    return { name, leaves: leaves[i], ways, options };
  });
}

const ENDS = new Set([
  ...[S.ABORTED, S.CANCELLED, S.DEADLINE_EXCEEDED, S.FAILED_PRECONDITION, S.INTERNAL],
  ...[S.RESOURCE_EXHAUSTED, S.UNAVAILABLE],
]);

/** What is wrong with an answer to `cell.method` with `payload`; null: nothing. */
function fault(plans: Plan[], target: string, payload: Uint8Array, answer: Answer): string | null {
  if (answer.status !== 0) {
    return ENDS.has(answer.status) ? null : `status ${answer.status} ${answer.reason}`;
  }
  let bytes = answer.payload;
  for (let at = target; ; ) {
    const [cell, method] = at.split('.');
    const way = plans.find((p) => p.name === cell)?.ways.find((w) => w.name === method);
    if (way === undefined) {
      return Buffer.compare(bytes, payload) === 0 ? null : `${target} changed the payload`;
    }
    if (bytes.length < 8) return `${target} answered ${bytes.length} bytes`;
    const status = bytes[0];
    if (status !== 0) return ENDS.has(status) ? null : `status ${status} at ${at}`;
    bytes = bytes.slice(8);
    at = way.target;
  }
}

for (const [i, lanes] of [0, 0, 0, 1, 2].entries()) {
  test.serial(`one answer each, whoever calls whom, --lanes ${lanes} #${i}`, async (t) => {
    const random = new Random();
    t.log(`CELL_SEED=${random.seed}`);
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    const plans = plansOf(random);
    const routes = new Map<string, number>();
    const call = plans.map((p) => p.name);
    for (const { name, ways, options } of [...plans].sort(() => random.below(3) - 1)) {
      const first = await desk.load(caller(name, ways, options), { call, blob: { root } });
      const methods = [...ways.map((w) => w.name), ...(options.methods ?? []).map((m) => m.name)];
      for (const [i, method] of methods.entries()) routes.set(`${name}.${method}`, first + i);
    }
    const targets = [...routes.keys()];
    const sent = Array.from({ length: 150 }, (_, i) => ({
      id: i + 1,
      target: random.pick(targets),
      payload: random.bytes(random.below(random.chance(10) ? 5000 : 100)),
      ...(random.chance(8) ? { remainingMs: 1 + random.below(20) } : {}),
    }));
    for (const { id, target, payload, ...more } of sent) {
      const route = routes.get(target) as number;
      desk.push(random.below(Math.max(1, lanes)), 1, [{ route, id, payload, ...more }]);
      if (random.chance(10)) desk.cancel(0, 1, route, id);
      if (random.chance(5)) await desk.until(() => desk.total >= id - 20);
    }
    await desk.until(() => desk.total >= sent.length);
    for (const { id, target, payload } of sent) {
      const answers = desk.got(id);
      t.is(answers.length, 1, target);
      t.is(fault(plans, target, payload, answers[0]), null, `${target} #${id}`);
    }
    for (const { name } of plans) {
      const answer = await desk.call(routes.get(`${name}.echo`) as number, random.bytes(9));
      t.is(answer.status, 0, name);
    }
    for (let lane = 0; lane < Math.max(1, lanes); lane++) {
      t.is(desk.memory.words[(desk.memory.laneBase(lane) >>> 2) + L_NESTED_WORD], 0);
      const busy = desk.memory.part(lane, PART_BUSY_WORD);
      t.true(desk.memory.bytes.subarray(busy, busy + CELLS).every((byte) => byte === 0));
    }
  });
}
