// bench/overhead.ts: that requests reach the handlers with a checked token, which each measurement
// verifies itself. What it costs is for `npm run bench -- kernel` to say.

import test from 'ava';
import { measureExpress, measureFastify } from '../../bench/overhead.ts';
import { installed } from '../../bench/peers.ts';

for (const [name, measure] of Object.entries({ measureExpress, measureFastify })) {
  test(`${name} measures a route with its token, a log line and metrics`, async (t) => {
    if (!installed()) {
      t.log('NOT RUN: the peers are not installed. To run it: npm ci --prefix bench/peers');
      await t.throwsAsync(measure(0.05), { message: /npm ci --prefix bench\/peers/ });
      return;
    }
    const { routeTokenNs, logMetricsNs, n } = await measure(0.05);
    for (const figure of [routeTokenNs, logMetricsNs, n])
      t.true(Number.isFinite(figure) && figure > 0);
  });
}
