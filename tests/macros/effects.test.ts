// Effects: prepared everywhere, then committed in order; a cell that fails at each step, and what
// is then said to stand. The cells are real; they run without a host.
import test from 'ava';
import type { Effect } from '../../build/2-discover/protocol.ts';
import {
  applyEffects,
  type PlannedEffects,
  pending,
  plannedEffects,
  reportEffects,
  standsText,
} from '../../build/3-negotiate/effects.ts';
import type { Compiled } from '../../build/5-compile/compile.ts';
import { Findings } from '../../build/diagnostics/findings.ts';
import { type Linked, link } from '../build/linked.ts';
import { compiled } from '../build/project.ts';
import { inProcess } from './in-process.ts';

/** Does what the data of an effect says: words at which a step fails, or traps. */
const FRAGILE = `
@service
class Fragile {
  @macro({ on: ["method"] })
  private effect(spot: Spot): void {
    spot.effect(spot.args.text("key"), "make " + spot.args.text("key"), spot.args.text("data"));
  }
  @macro.prepare
  private ready(effect: Effect): void { this.step("prepare", effect); }
  @macro.commit
  private stand(effect: Effect): void { this.step("commit", effect); }
  @macro.rollback
  private undo(effect: Effect): void { this.step("rollback", effect); }
  private step(name: string, effect: Effect): void {
    log.info(name + " " + effect.key);
    if (effect.data == "trap " + name) throw new Error("broken");
    if (effect.data.includes(name)) fail<void>(Status.ABORTED, "no " + name + " today");
  }
}`;

let fragile: Compiled;
test.before(async () => {
  fragile = await compiled(FRAGILE);
});

interface Party extends PlannedEffects {
  linked: Linked;
}

/** A party of the walk: effects by key, with what they fail at. */
async function party(cell: string, effects: Record<string, string>): Promise<Party> {
  const linked = await link(fragile);
  const ask = async (method: string, request: unknown) => {
    const answer = linked.call(method, request);
    if ('value' in answer) return answer.value as never;
    throw new Error(answer.message);
  };
  return {
    linked,
    provider: {
      cell,
      level: 1,
      apply: (request) => ask('$apply', request),
      rollback: (request) => ask('$rollback', request),
    },
    effects: Object.entries(effects).map(
      ([key, data]): Effect => ({
        ...{ key, preview: `make ${key}`, data, destructive: false },
        ...{ site: 0, use: 0 },
      }),
    ),
  };
}

const steps = (one: Party): string[] => one.linked.log().map((line) => line.slice(2));

test('all goes well: prepared everywhere first, then committed in order', async (t) => {
  const order: string[] = [];
  const heard = ({ provider, effects }: Party): PlannedEffects => ({
    effects,
    provider: {
      ...provider,
      apply: (request) => {
        order.push(`${provider.cell} ${request.step}`);
        return provider.apply(request);
      },
    },
  });
  const [a, b] = [await party('a', { one: '', two: '' }), await party('b', { three: '' })];
  const outcome = await applyEffects([heard(a), heard(b)]);
  t.deepEqual(order, ['a prepare', 'b prepare', 'a commit', 'b commit']);
  t.deepEqual(steps(a), ['prepare one', 'prepare two', 'commit one', 'commit two']);
  t.is(outcome.failed, null);
  t.deepEqual(
    outcome.stands.map(({ cell, effect }) => `${cell} ${effect.key}`),
    ['a one', 'a two', 'b three'],
  );
});

test('one that cannot be prepared: nothing is committed, and nothing stands', async (t) => {
  const [a, b] = [await party('a', { one: '' }), await party('b', { two: '', three: 'prepare' })];
  const outcome = await applyEffects([a, b]);
  t.deepEqual(steps(a), ['prepare one', 'rollback one']);
  t.deepEqual(steps(b), ['prepare two', 'prepare three', 'rollback two']);
  t.like(outcome.failed, { cell: 'b', step: 'prepare', message: 'three: no prepare today' });
  t.is(standsText(outcome), 'nothing stands');
});

test('one that cannot be committed: what was is taken back, the last first', async (t) => {
  const a = await party('a', { one: '', two: '' });
  const b = await party('b', { three: '', four: 'commit', five: '' });
  const outcome = await applyEffects([a, b]);
  t.deepEqual(steps(b).slice(3), [
    ...['commit three', 'commit four', 'rollback three', 'rollback five', 'rollback four'],
  ]);
  t.deepEqual(steps(a).slice(4), ['rollback two', 'rollback one']);
  t.like(outcome.failed, { cell: 'b', step: 'commit' });
  t.is(standsText(outcome), 'nothing stands');
});

test('what cannot be taken back is said to stand, and nothing else', async (t) => {
  const a = await party('a', { one: 'rollback', two: '' });
  const b = await party('b', { three: 'commit' });
  const outcome = await applyEffects([a, b]);
  t.deepEqual(
    outcome.stands.map(({ cell, effect }) => `${cell} ${effect.key}`),
    ['a one'],
  );
  t.is(
    standsText(outcome),
    'these stand: a: make one. taking back said: a: one: no rollback today',
  );
});

test('a cell that traps: its effects are unknown unless it takes them back', async (t) => {
  const a = await party('a', { one: '' });
  const lost = await party('b', { two: '', three: 'trap commit' });
  const outcome = await applyEffects([a, lost]);
  t.like(outcome.failed, { cell: 'b', step: 'commit' });
  t.deepEqual(steps(a).at(-1), 'rollback one');
  t.deepEqual([outcome.stands, outcome.unknown], [[], []], 'rollback went well');
  const deaf: PlannedEffects = {
    ...lost,
    provider: { ...lost.provider, rollback: () => Promise.reject(new Error('gone')) },
  };
  const unknown = await applyEffects([await party('a', { one: '' }), deaf]);
  t.regex(
    standsText(unknown),
    /^nothing stands\. nobody knows of these: b: make two; b: make three/,
  );
});

test('a cell without @macro.commit or @macro.rollback says so', async (t) => {
  const bare = await inProcess(
    await compiled(`@service class Bare {
      @macro({ on: ["method"] }) private effect(spot: Spot): void { spot.effect("x", "make x"); }
    }`),
  );
  const plan = await bare.planOf('Bare.effect');
  const outcome = await applyEffects([{ provider: bare, effects: plan.effects }]);
  t.regex(outcome.failed?.message ?? '', /has no @macro\.commit/);
  t.is(standsText(outcome), 'nothing stands', 'nothing was done at a step that it does not have');
  await t.throwsAsync(() => bare.apply({ version: 1, step: 'x', effects: [] }), {
    message: /no step x/,
  });
});

test('effects of a cell without @macro.rollback stand once they are committed', async (t) => {
  const hard = await inProcess(
    await compiled(`@service class Hard {
      @macro({ on: ["method"] }) private effect(spot: Spot): void { spot.effect("x", "make x"); }
      @macro.commit private stand(effect: Effect): void {}
    }`),
  );
  const { effects } = await hard.planOf('Hard.effect');
  const outcome = await applyEffects([
    { provider: hard, effects },
    await party('z', { two: 'commit' }),
  ]);
  t.is(
    standsText(outcome),
    'these stand: hard: make x. taking back said: hard: the cell has no @macro.rollback',
  );
});

test('CELL4044: the finding names the cell, the step, what stands and what to do', async (t) => {
  const outcome = await applyEffects([
    await party('a', { one: 'rollback' }),
    await party('b', { two: 'commit' }),
  ]);
  const findings = new Findings();
  t.false(reportEffects(outcome, { path: 'shop.cell.ts', text: '' }, findings));
  const [found] = findings.sorted();
  t.is(found.code, 'CELL4044');
  t.regex(
    found.message,
    /`b` could not commit its effects: two: no commit today; these stand: a: make one/,
  );
  t.true(reportEffects(await applyEffects([]), { path: '', text: '' }, findings));
});

test('only cells that plan effects take part, in the order of their names', (t) => {
  const answer = (cell: string, keys: string[]) => ({
    ...{ cell, sites: [] },
    plan: { effects: keys.map((key) => ({ key, preview: '', data: '', destructive: false })) },
  });
  const negotiated = { answers: [answer('z', ['1']), answer('a', ['2']), answer('m', [])] };
  const provider = (cell: string) => ({ cell }) as PlannedEffects['provider'];
  t.deepEqual(
    plannedEffects(negotiated as never, 'shop', provider).map((p) => p.provider.cell),
    ['a', 'z'],
  );
});

test('one cell, two services: each has its own steps, and what stands names them', async (t) => {
  const [a, b] = [await party('a', { one: 'rollback' }), await party('a', { one: 'commit' })];
  const outcome = await applyEffects([
    { ...a, service: 'shop' },
    { ...b, service: 'till', provider: { ...b.provider } },
  ]);
  t.deepEqual(steps(a), ['prepare one', 'commit one', 'rollback one']);
  t.deepEqual(steps(b), ['prepare one', 'commit one', 'rollback one']);
  t.is(
    standsText(outcome),
    'these stand: a for shop: make one. taking back said: a: one: no rollback today',
  );
});

test('one provider for two services is asked twice at each step', async (t) => {
  const { provider, effects, linked } = await party('a', { one: '' });
  const outcome = await applyEffects([
    { provider, effects, service: 'shop' },
    { provider, effects, service: 'till' },
  ]);
  t.is(outcome.failed, null);
  const said = linked.log().map((line) => line.slice(2));
  t.deepEqual(said, ['prepare one', 'prepare one', 'commit one', 'commit one']);
  t.deepEqual(
    outcome.stands.map(({ service }) => service),
    ['shop', 'till'],
  );
});

test('what stands already is not made again', async (t) => {
  const a = await party('a', { one: '', two: '' });
  a.effects[0].preview = '';
  const b = await party('b', { three: '' });
  b.effects[0].preview = '';
  const left = pending([a, b]);
  t.deepEqual(
    left.map(({ effects }) => effects.map(({ key }) => key)),
    [['two']],
  );
});
