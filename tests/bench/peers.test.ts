// bench/peers.ts: the harness on the cheapest stacks. The numbers of so short a run mean nothing
// and are not looked at; that every answer was right and that strangers were refused is checked by
// the clients.

import test from 'ava';
import type { Stack } from '../../bench/peers/peer.ts';
import { installed, measure } from '../../bench/peers.ts';
import { type Measure, rowOf } from '../../bench/report.ts';

const brief = { rounds: 1, warmMs: 20, loadedMs: 50, singleMs: 20 };

test('stacks are measured; one that cannot stand is named, the others go on', async (t) => {
  if (!installed()) {
    t.log('NOT RUN: the peers are not installed. To run it: npm ci --prefix bench/peers');
    const wanted = { message: /npm ci --prefix bench\/peers/ };
    await t.throwsAsync(
      measure({ ...brief, stacks: ['capnweb'] }, () => {}),
      wanted,
    );
    return;
  }
  const rows: Measure[] = [];
  const stacks = ['nosuch' as Stack, 'cell', 'capnweb'] as const;
  const emit = (one: Measure) => rows.push(rowOf('peers', one));
  const error = await t.throwsAsync(measure({ ...brief, stacks }, emit));
  t.regex(error?.message ?? '', /^nosuch: .*nosuch\.ts/);
  t.notRegex(error?.message ?? '', /^(?:cell|capnweb): /m);
  const figures = ['cell', 'capnweb'].flatMap((name) =>
    ['calls', 'cpu-us', 'p50', 'p99'].map((figure) => `${name}-${figure}`),
  );
  t.deepEqual(
    rows.map((one) => one.name),
    [...figures, 'capnweb-throughput', 'capnweb-cpu', 'best-throughput', 'best-cpu'],
  );
});
