// Where a setting is written in a file that is not parsed; what helps against a cell that fails.
import test from 'ava';
import { ProviderError } from '../../build/2-discover/provider-error.ts';
import { reportFailure } from '../../build/3-negotiate/parties.ts';
import { keyPlace } from '../../build/3-negotiate/settings.ts';
import { Findings } from '../../build/diagnostics/findings.ts';
import { macroLog } from '../../host/cli/discovery.ts';

const TEXT = `const level = 1;
export default { limits: { auth: 1 }, cells: { 'rate-limit': {}, "auth": { $x: 2, a: 1 } } };`;

test('each key is looked for behind the one before it; the last one there is the place', (t) => {
  const at = (...keys: string[]): string | null => {
    const place = keyPlace(TEXT, keys);
    return place && `${TEXT.slice(place.start, place.end)} ${TEXT.slice(place.end).length}`;
  };
  t.is(at('cells', 'auth', 'a'), `a ${': 1 } } };'.length}`);
  t.is(at('cells', 'auth', '$x'), `$x ${': 2, a: 1 } } };'.length}`);
  t.is(at('cells', 'rate-limit'), `'rate-limit' ${`: {}, "auth": { $x: 2, a: 1 } } };`.length}`);
  t.is(at('cells', 'auth', 'nothing'), at('cells', 'auth'));
  t.is(at('cell'), null);
  t.is(keyPlace('', ['cells']), null);
});

test('the fix for a cell that fails says what this user can do about it', (t) => {
  const fix = (failure: 'silent' | 'crashed', level: 1 | 2, from: string): string => {
    const findings = new Findings();
    const use = { start: 0, end: 1 };
    const provider = { cell: 'a', level, from } as Parameters<typeof reportFailure>[0];
    const first = { source: { path: 'x', text: 'x' }, use } as Parameters<typeof reportFailure>[2];
    reportFailure(provider, new ProviderError(failure, 'so it is'), first, findings);
    return findings.sorted()[0].fix;
  };
  t.is(fix('silent', 1, '.cell/out/a.wasm'), 'look for an endless loop in the macros of `a`');
  t.regex(fix('silent', 1, 'package a 1.0.0'), /^build again; when it hangs each time/);
  t.regex(fix('silent', 2, 'the running host x'), /^start it again \(cell run a\) and build/);
  t.regex(fix('crashed', 1, '.cell/out/a.wasm'), /^mend its macro; what `a` logged is above/);
  t.regex(fix('crashed', 1, 'package a 1.0.0'), /go back to its version that worked/);
  t.regex(fix('crashed', 2, 'the running host x'), /^look at the log of its host/);
});

test('200 lines of macros are printed, then one that says there are more', (t) => {
  const told: string[] = [];
  const { log } = macroLog((line) => told.push(line));
  const line = { level: 'warn', cell: 'a', text: 'x\n\u001b[2Jy', lane: 0 } as const;
  log({ ...line, cell: '' });
  for (let i = 0; i < 200; i++) log(line);
  t.is(told.length, 200);
  t.is(told[0], 'warn  a: x\n  \ufffd[2Jy');
  for (let i = 0; i < 3; i++) log(line);
  t.deepEqual(told.slice(200), ['... and more lines of macros']);
});
