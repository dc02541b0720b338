// The cells `example`, `other` and `elder` of build/diagnostics/negotiation.md: each macro does
// what its name says, most of them something wrong.

import type { Plan, PlanRequest } from '../../build/2-discover/protocol.ts';
import { ProviderError } from '../../build/2-discover/provider-error.ts';
import {
  contribution,
  description,
  FakeCell,
  FakeDiscovery,
  macro,
  plan,
  type Spot,
  shape,
  spots,
} from './fake-cell.ts';

const note = shape('object', {
  of: [shape('string', { name: 'text' }), shape('bool', { name: 'loud', optional: true })],
});
const about = shape('object', { of: [shape('string', { name: 'about' })] });
const tag = shape('object', { of: [shape('template', { name: 'tag' })] });

const MACROS = [
  macro('note', { args: [note] }),
  macro('complain', { args: [about] }),
  macro('forget', { args: [tag], on: ['service', 'method'] }),
  macro('beforeLater', { stage: 'trace' }),
  macro('query', {
    on: ['call'],
    args: [shape('string'), shape('any', { optional: true })],
    rest: true,
  }),
  ...'everySecond chicken restless doubt shared watchful crash hang flood stranger gone unrecorded'
    .split(' ')
    .map((name) => macro(name)),
];

type Answer = (spot: Spot, request: PlanRequest) => Partial<Plan>;

const policy = (name: string, more: object): Answer => {
  return ({ at }) => ({ contributions: [contribution('policy', at, { name, ...more })] });
};

const failing = (failure: ProviderError['failure'], message: string): Answer => {
  return () => {
    throw new ProviderError(failure, message);
  };
};

const complaint = (more: object): Answer => {
  return ({ at }) => ({
    complaints: [
      { ...at, path: '', message: '', fix: '', warning: false, offset: -1, length: 0, ...more },
    ],
  });
};

const everySecond = policy('rate', { numbers: [1, 1], values: ['subject'] });

const ANSWERS: Record<string, Answer> = {
  everySecond,
  forget: ({ use, at }, request) =>
    policy('forget', { values: [use.args[0].items[0].text] })({ at } as Spot, request),
  shared: policy('memo', { numbers: [1000, 0], values: ['shared'] }),
  watchful: ({ at }) => ({
    contributions: [
      contribution('policy', at, { name: 'memo', numbers: [1000, 0], values: [''] }),
      contribution('guard', at, { text: 'random() < 2.0', stage: 'authorize', status: 7 }),
    ],
  }),
  beforeLater: ({ at }) => ({
    contributions: [contribution('wrap', at, { text: '$proceed;', stage: 'trace' })],
    // biome-ignore lint/suspicious/noThenProperty: a name, of the protocol
    orders: [{ site: at.site, first: 'Other.later', then: 'Example.beforeLater' }],
  }),
  chicken: ({ at }, request) =>
    request.facts.some((fact) => fact.key === 'egg')
      ? { facts: [{ about: 'world', key: 'chicken', values: ['1'], cell: '' }] }
      : { asks: [{ cell: 'other', about: 'world', key: 'egg', ...at }] },
  restless: (_, { round }) => ({
    facts: [{ about: 'world', key: 'mood', values: [String(round)], cell: '' }],
    asks: [{ cell: 'example', about: 'world', key: 'mood', site: 1, use: 0 }],
  }),
  complain: complaint({ path: '0.about', message: 'nobody can change that', fix: 'be content' }),
  doubt: complaint({ message: 'is this wise?', warning: true }),
  crash: failing('crashed', 'unreachable'),
  hang: failing('silent', 'no answer within 5 s'),
  gone: failing('unreachable', 'the host has stopped'),
  unrecorded: failing('unrecorded', '.cell/macros/example.json has no answer to this'),
  flood: () => ({ effects: Array.from({ length: 10_001 }, () => effect) }),
  stranger: () => ({ contributions: [contribution('guard', { site: 99, use: 0 })] }),
};

const effect = { key: 'a', preview: '', data: '', destructive: false, site: 0, use: 0 };

/** Plans of a cell whose macros answer one by one. */
function planOf(ns: string, answers: Record<string, Answer>) {
  return (request: PlanRequest): Plan => {
    const whole = plan();
    for (const spot of spots(request, ns)) {
      const said = answers[spot.use.name]?.(spot, request) ?? {};
      for (const [name, list] of Object.entries(said)) {
        (whole[name as keyof Plan] as unknown[]).push(...(list as unknown[]));
      }
    }
    return whole;
  };
}

/** The cells of the examples. */
export function exampleDiscovery(): FakeDiscovery {
  const other = ['everySecond', 'egg'].map((name) => macro(name));
  const answers: Record<string, Answer> = {
    everySecond,
    later: ({ at }) => ({
      contributions: [contribution('wrap', at, { text: '$proceed;', stage: 'retry' })],
    }),
    egg: ({ at }) => ({ asks: [{ cell: 'example', about: 'world', key: 'chicken', ...at }] }),
  };
  const settings = shape('object', { of: [shape('list', { name: 'words', optional: true })] });
  const described = { ...description('Example', MACROS), settings, bindings: ['Connection'] };
  return new FakeDiscovery({
    Example: new FakeCell('example', described, planOf('Example', ANSWERS)),
    Other: new FakeCell(
      'other',
      description('Other', [...other, macro('later', { stage: 'retry' })]),
      planOf('Other', answers),
    ),
    Elder: new FakeCell('elder', { ...description('Elder', [macro('one')]), version: 2 }),
  });
}
