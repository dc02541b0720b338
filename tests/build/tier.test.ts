// Tiers must be sound: a method that can wait is never `pure`, however it reaches the waiting
// import.
import test from 'ava';
import { CallGraph } from '../../build/5-compile/call-graph.ts';
import { callsIn } from '../../build/5-compile/instructions.ts';
import { ByteReader } from '../../build/5-compile/module-bytes.ts';
import { graphOf } from '../../build/5-compile/reach.ts';
import { compiled, described } from './project.ts';

const TEXT = `
class Source { size(): i64 { return 1; } }
class FileSource extends Source { size(): i64 { return Blob.size("a"); } }
function sizeOf(name: string): i64 { return Blob.size(name); }
function twice(n: i64): i64 { return n * 2; }
function viaFunction(work: (name: string) => i64): i64 { return work("a"); }
const works: ((name: string) => i64)[] = [sizeOf];
interface Sized { bytes(): i64 }
class Big implements Sized { bytes(): i64 { return Blob.size("b"); } }
@service class Example {
  direct(): i64 { return Blob.size("a"); }
  indirect(): i64 { return viaFunction(sizeOf); }
  tabled(): i64 { return works[0]("a"); }
  caught(): u32 { return attempt<string, i64>(sizeOf, "a").status; }
  virtual(big: bool): i64 {
    const s: Source = big ? new FileSource() : new Source(); return s.size();
  }
  byInterface(): i64 { const s: Sized = new Big(); return s.bytes(); }
  sorted(): i32 {
    const l = [3, 1];
    l.sort((a, b) => { return a < <i32>Blob.size("x") ? 1 : -1; });
    return l[0];
  }
  plain(n: i64): i64 { return twice(n); }
  other(name: string): string { return "x" + name; }
  logs(): void { log.info("x"); }
}`;

test('every way to wait is found, and nothing else waits', async (t) => {
  const { schema, manifest } = await compiled(TEXT);
  const waiting = schema.methods.filter((m) => m.tier === 'waiting').map((m) => m.name);
  t.deepEqual(waiting, [
    'direct',
    'indirect',
    'tabled',
    'caught',
    'virtual',
    'byInterface',
    'sorted',
  ]);
  t.deepEqual(
    manifest.capabilities.map((c) => [c.name, c.imports]),
    [
      ['blob', ['cell:blob.size']],
      ['log', ['cell:log.write']],
    ],
  );
  t.is(manifest.capabilities[1].broughtBy, 'Example.logs');
});

test('data: what asks a database or stores waits, what takes an answer does not', async (t) => {
  const [run, begin, pair] = ['i32, b: i32, c: i32', 'i32, b: i32', 'i32'];
  const imports: Record<string, [params: string, result: string, waits: boolean, needs: string]> = {
    'sql.run': [run, 'i64', true, 'sql'],
    'sql.raw': [`${run}, d: i32`, 'i64', true, 'sql:raw'],
    'sql.take': [pair, 'i32', false, 'sql'],
    'sql.error': ['', 'i32', false, 'sql'],
    'sql.begin': [begin, 'i32', true, 'sql'],
    'sql.end': [pair, 'i32', true, 'sql'],
    'kv.load': [begin, 'i64', true, 'kv'],
    'kv.take': [pair, 'i32', false, 'kv'],
    'kv.error': ['', 'i32', false, 'kv'],
    'kv.put': [`${run}, d: i32, e: i32, f: i32`, 'i32', true, 'kv'],
    'kv.remove': [`${run}, d: i32`, 'i32', true, 'kv'],
    'database.ask': [run, 'i64', true, 'database'],
    'database.take': [pair, 'i32', false, 'database'],
    'database.error': ['', 'i32', false, 'database'],
  };
  const named = Object.entries(imports).map(([name, of]) => ({
    ...{ name, module: name.split('.')[0], of },
    own: name.replace('.', '_'),
  }));
  const text = [
    ...named.map(({ name, module, own, of: [params, result] }) => {
      const list = params === '' ? '' : `a: ${params}`;
      const from = `@external("cell:${module}", "${name.split('.')[1]}")`;
      return `${from}\ndeclare function ${own}(${list}): ${result};`;
    }),
    '@service class Example {',
    ...named.map(({ own, of: [params, result] }) => {
      const zeros =
        params === ''
          ? ''
          : params
              .split(',')
              .map(() => '0')
              .join(', ');
      return `  m_${own}(): ${result} { return ${own}(${zeros}); }`;
    }),
    '}',
  ].join('\n');
  const { schema, manifest } = await compiled(text);
  t.deepEqual(
    schema.methods.map((m) => [m.name, m.tier]),
    named.map(({ own, of }) => [`m_${own}`, of[2] ? 'waiting' : 'pure']),
  );
  t.deepEqual(
    manifest.capabilities.map((c) => [c.name, c.imports]),
    [...new Set(named.map(({ of }) => of[3]))].sort().map((capability) => [
      capability,
      named
        .filter(({ of }) => of[3] === capability)
        .map(({ name }) => `cell:${name}`)
        .sort(),
    ]),
  );
});

test('a hook that waits leaves the methods pure', async (t) => {
  const { schema, manifest } = await compiled(`
@service class Example {
  private bytes: i64 = 0;
  start(): void { this.bytes = Blob.size("a"); }
  size(): i64 { return this.bytes; }
}`);
  t.is(schema.methods[0].tier, 'pure');
  t.true(manifest.start);
  t.is(manifest.capabilities[0].broughtBy, 'Example.start');
});

test('without an import that waits everything is pure', async (t) => {
  const { schema } = await compiled('@service class Example { a(): u32 { return 1; } }');
  t.is(schema.methods[0].tier, 'pure');
});

test('instructions: calls are found behind every kind of immediate', (t) => {
  const body = [
    [0x41, 0x10], // i32.const 16, which looks like a call
    [0x43, 0x10, 0, 0, 0, 0x44, 0x10, 0, 0, 0, 0, 0, 0, 0],
    [0x0e, 2, 0x10, 0x11, 0x10], // br_table
    [0x28, 2, 0x10, 0x28, 0x42, 1, 0x10], // loads, one with a memory index
    [0xfd, 0x0c, ...new Array(16).fill(0x10), 0xfd, 0x15, 0x10, 0xfd, 0x54, 0, 0x10, 0x10],
    [0xfc, 10, 0, 0, 0xfc, 11, 0x00, 0xfe, 0x10, 2, 0x10, 0xfe, 3, 0],
    [0x10, 0x85, 0x01], // call 133
    [0x11, 0x03, 0x00], // call_indirect type 3
    [0x12, 0x07, 0x0b],
  ].flat();
  t.deepEqual(callsIn(new ByteReader(Uint8Array.from(body))), [
    { kind: 'call', target: 133 },
    { kind: 'indirect', type: 3 },
    { kind: 'call', target: 7 },
  ]);
  for (const unknown of [[0x06], [0xff], [0xfc, 40], [0xfd, 0x94, 0x02], [0xfe, 0x4f]]) {
    t.throws(() => callsIn(new ByteReader(Uint8Array.from(unknown))), { instanceOf: RangeError });
  }
});

test('a module with instructions that the graph does not know: everything may wait', async (t) => {
  const { wasm } = await compiled('@service class Example { a(): i64 { return Blob.size("x"); } }');
  const { service } = await described(
    '@service class Example { a(): u32 { return 1; } start(): void {} }',
  );
  if (service === null) return t.fail();
  const { reach } = graphOf(wasm.subarray(0, 40), service, ['cell:blob.size', 'cell:log.write']);
  t.deepEqual(
    [...reach],
    [
      ['Example.a', new Set(['cell:blob.size', 'cell:log.write'])],
      ['Example.start', new Set(['cell:blob.size', 'cell:log.write'])],
    ],
  );
});

test('a module cut anywhere is an error, never a wrong graph', async (t) => {
  const { wasm } = await compiled('@service class Example { a(): i64 { return Blob.size("x"); } }');
  let refused = 0;
  for (let cut = 9; cut < wasm.length; cut += 97) {
    try {
      new CallGraph(wasm.subarray(0, cut));
    } catch {
      refused++;
    }
  }
  t.true(refused > 0);
});
