// The conversation with cells: who is asked how often, what facts reach whom, how it ends with
// cells that wait for each other or never settle.
import test from 'ava';
import type { Ask, Fact, Plan, PlanRequest } from '../../build/2-discover/protocol.ts';
import {
  contribution,
  description,
  FakeCell,
  FakeDiscovery,
  macro,
  plan,
  spots,
} from '../build/fake-cell.ts';
import { service, talk } from './negotiate.ts';

const fact = (about: string, key: string, ...values: string[]): Fact => {
  return { about, key, values, cell: '' };
};

/** A cell `<ns in lower case>` whose macro `it` is answered by `answer`. */
function cell(ns: string, answer: (request: PlanRequest) => Plan, name = 'it'): FakeCell {
  return new FakeCell(ns.toLowerCase(), description(ns, [macro(name)]), answer);
}

/** A question of the first spot of `ns` in a request. */
function asking(request: PlanRequest, ns: string, to: string, about: string, key: string): Ask {
  return { cell: to, about, key, ...spots(request, ns)[0].at };
}

const known = (request: PlanRequest, key: string): string[] | undefined =>
  request.facts.find((one) => one.key === key)?.values;

test('one request for 100 sites, and none to cells that nobody names', async (t) => {
  const a = cell('A', () => plan());
  const b = cell('B', () => plan());
  const methods = Array.from({ length: 100 }, (_, i) => `@A.it m${i}(): void {}`);
  const text = `@service class Example { ${methods.join('\n')} }`;
  const { negotiated, told } = await talk(text, new FakeDiscovery({ A: a, B: b }));
  t.deepEqual(told, []);
  t.is(a.requests.length, 1);
  t.is(a.requests[0].sites.length, 100);
  t.is(b.requests.length, 0);
  t.deepEqual(
    negotiated.answers.map(({ cell, requests, rounds }) => [cell, requests, rounds]),
    [
      ['service', 1, 1],
      ['a', 1, 1],
    ],
  );
});

test('a fact reaches who asked for it, in the next round, with who knows it', async (t) => {
  const a = cell('A', () => plan({ facts: [fact('User', 'columns', 'id', 'email')] }));
  const b = cell('B', (request) => {
    const columns = known(request, 'columns');
    return columns
      ? plan({
          contributions: columns.map((name) =>
            contribution('field', spots(request, 'B')[0].at, { name, type: 'u32' }),
          ),
        })
      : plan({ asks: [asking(request, 'B', 'a', 'User', 'columns')] });
  });
  const { negotiated, told } = await talk(
    service('@A.it @B.it'),
    new FakeDiscovery({ A: a, B: b }),
  );
  t.deepEqual(told, []);
  t.deepEqual([a.requests.length, b.requests.length], [1, 2]);
  t.deepEqual(b.requests[1].facts, [{ ...fact('User', 'columns', 'id', 'email'), cell: 'a' }]);
  const fields = negotiated.contributions.filter((one) => one.kind === 'field');
  t.deepEqual(
    fields.map((one) => one.name),
    ['id', 'email'],
  );
  t.is(fields[0].macro, 'B.it');
});

test('two cells that ask each other different things agree', async (t) => {
  const both = (ns: string, other: string, own: string, wanted: string) =>
    cell(ns, (request) => {
      const at = spots(request, ns)[0].at;
      const seen = known(request, wanted);
      const text = seen?.join() ?? '';
      return plan({
        facts: [fact('x', own, `${own} of ${ns}`)],
        asks: [asking(request, ns, other, 'x', wanted)],
        contributions: [contribution('guard', at, { text: `"${text}" != ""`, status: 9 })],
      });
    });
  const a = both('A', 'b', 'p', 'q');
  const b = both('B', 'a', 'q', 'p');
  const { negotiated, told } = await talk(
    service('@A.it @B.it'),
    new FakeDiscovery({ A: a, B: b }),
  );
  t.deepEqual(told, []);
  t.deepEqual([a.requests.length, b.requests.length], [2, 2]);
  const texts = negotiated.contributions.filter((one) => one.kind === 'guard');
  t.deepEqual(
    texts.map((one) => one.text),
    ['"q of B" != ""', '"p of A" != ""'],
  );
});

/** Answers `own` only once it knows `wanted`; in the last round without. */
function stubborn(ns: string, other: string, own: string, wanted: string): FakeCell {
  return cell(ns, (request) => {
    const at = spots(request, ns)[0].at;
    const seen = known(request, wanted);
    const value = seen?.[0] ?? 'alone';
    if (seen === undefined && !request.last) {
      return plan({ asks: [asking(request, ns, other, 'x', wanted)] });
    }
    return plan({
      facts: [fact('x', own, own)],
      contributions: [contribution('guard', at, { text: `${ns} ${value}`, status: 9 })],
    });
  });
}

test('questions that wait for each other are named, and both cells plan alone', async (t) => {
  const a = stubborn('A', 'b', 'p', 'q');
  const b = stubborn('B', 'a', 'q', 'p');
  const { negotiated, told, findings } = await talk(
    service('@A.it @B.it'),
    new FakeDiscovery({ A: a, B: b }),
  );
  t.deepEqual(told, [
    'CELL4014 4:3 questions wait for each other: a asks b for x.q, b asks a for x.p',
  ]);
  t.true(findings[0].warning);
  t.true(a.requests.at(-1)?.last);
  t.deepEqual([a.requests.length, b.requests.length], [2, 2]);
  const texts = negotiated.contributions.filter((one) => one.kind === 'guard');
  t.deepEqual(
    texts.map((one) => one.text),
    ['A alone', 'B alone'],
  );
});

test('a cycle of three is one warning; whoever only hangs on it is not in its path', async (t) => {
  const cells = {
    A: stubborn('A', 'b', 'p', 'q'),
    B: stubborn('B', 'c', 'q', 'r'),
    C: stubborn('C', 'a', 'r', 'p'),
    D: stubborn('D', 'a', 's', 'p'),
  };
  const { told } = await talk(service('@A.it @B.it @C.it @D.it'), new FakeDiscovery(cells));
  const path = 'a asks b for x.q, b asks c for x.r, c asks a for x.p';
  t.deepEqual(told, [`CELL4014 4:3 questions wait for each other: ${path}`]);
});

test('a question that nobody can answer is given up in the last round, silently', async (t) => {
  const a = stubborn('A', 'nobody', 'p', 'q');
  const { negotiated, told } = await talk(service('@A.it'), new FakeDiscovery({ A: a }));
  t.deepEqual(told, []);
  t.deepEqual(
    a.requests.map((one) => one.last),
    [false, true],
  );
  t.is(negotiated.contributions.at(-1)?.text, 'A alone');
});

test('eight rounds and no more; whoever never settles is named', async (t) => {
  const a = cell('A', (request) =>
    plan({
      facts: [fact('x', 'p', String(request.round))],
      asks: [asking(request, 'A', 'b', 'x', 'q')],
    }),
  );
  const b = cell('B', (request) =>
    plan({
      facts: [fact('x', 'q', String(request.round))],
      asks: [asking(request, 'B', 'a', 'x', 'p')],
    }),
  );
  const { told } = await talk(service('@A.it @B.it'), new FakeDiscovery({ A: a, B: b }));
  t.deepEqual(told, ['CELL4016 4:3 `a` and `b` found no agreement in 8 rounds']);
  t.deepEqual([a.requests.length, b.requests.length], [8, 8]);
  t.deepEqual(
    a.requests.map((one) => one.last),
    [...Array(7).fill(false), true],
  );
});

test('a chain of seven questions is answered within the rounds', async (t) => {
  const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G'];
  const cells = Object.fromEntries(
    names.map((ns, i) => {
      const next = names[i + 1];
      return [
        ns,
        next === undefined
          ? cell(ns, () => plan({ facts: [fact('x', ns, 'end')] }))
          : stubborn(ns, next.toLowerCase(), ns, next),
      ];
    }),
  );
  const { told, negotiated } = await talk(
    service(names.map((ns) => `@${ns}.it`).join(' ')),
    new FakeDiscovery(cells),
  );
  t.deepEqual(told, []);
  t.is(negotiated.contributions.filter((one) => one.text.includes('alone')).length, 0);
});
