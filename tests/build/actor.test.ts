// State makes an actor, constants do not.
import test from 'ava';
import { described } from './project.ts';

const method = 'get(): u32 { return 1; }';
const CASES: [string, boolean, Record<string, string>][] = [
  ['no state', false, { 'example.cell.ts': `@service class Example { ${method} }` }],
  ['a field', true, { 'example.cell.ts': `@service class Example { n: u32 = 0; ${method} }` }],
  [
    'a readonly field',
    true,
    {
      'example.cell.ts': `@service class Example { private readonly n: u32 = 0; ${method} }`,
    },
  ],
  [
    'a static constant',
    false,
    {
      'example.cell.ts': `@service class Example { static readonly n: u32 = 0; ${method} }`,
    },
  ],
  [
    'a static variable',
    true,
    {
      'example.cell.ts': `@service class Example { static n: u32 = 0; ${method} }`,
    },
  ],
  [
    'a static variable of another class',
    true,
    {
      'example.cell.ts': `class A { static n: u32 = 0; } @service class Example { ${method} }`,
    },
  ],
  [
    'a module variable',
    true,
    {
      'example.cell.ts': `let n: u32 = 0; @service class Example { get(): u32 { return n++; } }`,
    },
  ],
  [
    'a module constant',
    false,
    {
      'example.cell.ts': `const names = ["a"]; @service class Example { ${method} }`,
    },
  ],
  [
    'a variable of a function',
    false,
    {
      'example.cell.ts': '@service class Example { get(): u32 { let n: u32 = 1; return n; } }',
    },
  ],
  [
    'a variable of an imported module',
    true,
    {
      'example.cell.ts':
        'import { next } from "./lib"; @service class Example { get(): u32 { return next(); } }',
      'lib.ts': 'let n: u32 = 0; export function next(): u32 { return n++; }',
    },
  ],
  [
    'a variable of a namespace',
    true,
    {
      'example.cell.ts': `namespace N { export let n: u32 = 0; }
        @service class Example { ${method} }`,
    },
  ],
  [
    'fields of a value',
    false,
    {
      'example.cell.ts': `class V { n: u32 = 0; }
        @service class Example { get(v: u32): u32 { return new V().n; } }`,
    },
  ],
];

for (const [what, actor, files] of CASES) {
  test(`${what}: ${actor ? 'an actor' : 'stateless'}`, async (t) => {
    const { service, findings } = await described(files);
    t.deepEqual(findings, []);
    t.is(service?.actor, actor);
  });
}
