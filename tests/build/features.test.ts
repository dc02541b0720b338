// Which cells `--features` and the settings of cell.config.ts may name.
import test from 'ava';
import { FeatureError, knownFeatures, knownSettings } from '../../build/features.ts';
import { description, FakeCell, FakeDiscovery, macro } from './fake-cell.ts';

const till = new FakeCell('till', description('Till', [macro('ring')]));
const here = new FakeDiscovery({ Till: till });

test('settings for a cell that is nearly one of those here are refused', async (t) => {
  const value = { kind: 'bool', value: true, start: 0, end: 0 } as const;
  const of = (...cells: string[]) => knownSettings(new Map(cells.map((c) => [c, value])), here);
  await t.notThrowsAsync(of());
  await t.notThrowsAsync(of('till', 'service', 'metrics'));
  const error = await t.throwsAsync(of('till', 'tlil'), { instanceOf: FeatureError });
  t.is(error.message, 'cell.config.ts: no cell `tlil` answers for macros here');
  t.is(error.fix, 'did you mean cells.till?');
});

test('features name cells that are here; else all of them, or the nearest, are told', async (t) => {
  const of = (cell: string) => knownFeatures(new Map([[cell, 'off']]), here);
  await t.notThrowsAsync(of('till'));
  t.is((await t.throwsAsync(of('tlil'), { instanceOf: FeatureError })).fix, 'did you mean till?');
  t.is((await t.throwsAsync(of('metrics'), { instanceOf: FeatureError })).fix, 'one of till');
});
