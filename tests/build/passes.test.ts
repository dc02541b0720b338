// asc's list of passes, shortened: only repeats of one pass go, and nothing changes its place.
import test from 'ava';
import { withFewerPasses, withoutRepeats } from '../../build/5-compile/passes.ts';

const PASS = 'simplify-globals-optimizing';

test('the first and the last run of the repeated pass stay', (t) => {
  const asked = ['rse', PASS, 'vacuum', PASS, PASS, 'vacuum', PASS, 'rse'];
  t.deepEqual(withoutRepeats(asked), ['rse', PASS, 'vacuum', 'vacuum', PASS, 'rse']);
  t.deepEqual(withoutRepeats([PASS, PASS]), [PASS, PASS]);
  t.deepEqual(withoutRepeats([PASS]), [PASS]);
  t.deepEqual(withoutRepeats(['no-inline', 'no-inline']), ['no-inline', 'no-inline']);
  t.deepEqual(withoutRepeats([]), []);
});

test('the module runs the shorter list, on itself and for the function that was asked', (t) => {
  const ran: unknown[] = [];
  const module = {
    runPasses(names: string[], func?: number): void {
      ran.push([this === module, names, func]);
    },
  };
  withFewerPasses({ module });
  module.runPasses([PASS, PASS, PASS, 'rse'], 7);
  module.runPasses(['vacuum']);
  t.deepEqual(ran, [
    [true, [PASS, PASS, 'rse'], 7],
    [true, ['vacuum'], undefined],
  ]);
});
