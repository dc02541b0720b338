import test from 'ava';
import { builds, releaseModules } from './modules.ts';

const listed = (entries: { module?: string; name: string; kind: string }[]) =>
  entries.map((e) => `${e.module === undefined ? '' : `${e.module}.`}${e.name} ${e.kind}`).sort();

for (const [name, modules] of builds) {
  test(`the ${name} kernel imports and exports exactly this`, (t) => {
    t.deepEqual(listed(WebAssembly.Module.imports(modules.kernel)), [
      'env.cancel function',
      'env.memory memory',
      'env.table table',
      'env.wait function',
    ]);
    t.deepEqual(listed(WebAssembly.Module.exports(modules.kernel)), [
      'attach function',
      'drain function',
      'failCurrent function',
      'finish function',
      'inbox function',
      'memory memory',
      'publish function',
      'recover function',
      'reserve function',
      'settle function',
    ]);
  });
}

test('the gate imports and exports exactly this', (t) => {
  t.deepEqual(listed(WebAssembly.Module.imports(releaseModules.gate)), [
    'env.memory memory',
    'lane.base global',
  ]);
  t.deepEqual(listed(WebAssembly.Module.exports(releaseModules.gate)), [
    'attempt function',
    'fail function',
    'failure function',
    'next function',
    'now function',
    'read function',
    'table table',
    'tag tag',
    'write function',
  ]);
});

test('the membrane imports and exports exactly this', (t) => {
  t.deepEqual(listed(WebAssembly.Module.imports(releaseModules.membrane)), [
    'cell.alloc function',
    'cell.handle function',
    'cell.memory memory',
    'cell.table table',
    'env.memory memory',
    'gate.table table',
    'gate.tag tag',
    'lane.base global',
    'lane.cell global',
    'lane.replyBytes global',
  ]);
  t.deepEqual(listed(WebAssembly.Module.exports(releaseModules.membrane)), [
    'call function',
    'dispatch function',
    'enter function',
    'fetch function',
  ]);
});

test('the stub for absent cells imports nothing', (t) => {
  t.deepEqual(WebAssembly.Module.imports(releaseModules.unavailable), []);
  t.deepEqual(listed(WebAssembly.Module.exports(releaseModules.unavailable)), [
    'fetch function',
    'loading function',
    'quarantined function',
  ]);
});
