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
      'conclude function',
      'context function',
      'drain function',
      'failCurrent function',
      'finish function',
      'inbox function',
      'memory memory',
      'nested function',
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
    'context function',
    'fail function',
    'failure function',
    'next function',
    'now function',
    'read function',
    'table table',
    'tag tag',
    'waits function',
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
    'caller function',
    'dispatch function',
    'enter function',
    'fetch function',
    'generation global',
    'serve function',
    'session global',
    'trace global',
  ]);
});

test('what links a cell that calls others imports and exports exactly this', (t) => {
  const { remote, taker, call } = releaseModules;
  t.deepEqual(listed(WebAssembly.Module.imports(remote)), [
    'calls.table table',
    'remote.count global',
    'remote.links global',
  ]);
  t.deepEqual(listed(WebAssembly.Module.exports(remote)), ['call function']);
  t.deepEqual(WebAssembly.Module.imports(taker), []);
  t.deepEqual(listed(WebAssembly.Module.exports(taker)), ['table table', 'take function']);
  t.deepEqual(listed(WebAssembly.Module.imports(call)), [
    'calls.table table',
    'cell.memory memory',
    'env.memory memory',
    'lane.acquire function',
    'lane.base global',
    'lane.cell global',
    'lane.conclude function',
    'lane.context function',
    'lane.explain function',
    'lane.first global',
    'lane.nested function',
    'lane.release function',
    'lane.replyBytes global',
    'lane.table table',
    'membrane.generation global',
    'membrane.session global',
    'membrane.trace global',
  ]);
  t.deepEqual(listed(WebAssembly.Module.exports(call)), ['begun global']);
});

test('the stub for absent cells imports nothing', (t) => {
  t.deepEqual(WebAssembly.Module.imports(releaseModules.unavailable), []);
  t.deepEqual(listed(WebAssembly.Module.exports(releaseModules.unavailable)), [
    'fetch function',
    'loading function',
    'quarantined function',
  ]);
});
