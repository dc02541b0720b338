// The standard cell `service`: what it answers to bare decorators, what it says of wrong ones, and
// that it builds itself: from its seed, from a module, and to the same bytes again.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { readAnswers } from '../../build/2-discover/answers.ts';
import { kept } from '../../build/2-discover/offline.ts';
import type { Declaration, Plan } from '../../build/2-discover/protocol.ts';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import { readTools } from '../../build/6-lock/tools.ts';
import { printFinding } from '../../build/diagnostics/findings.ts';
import { buildService } from '../../build/driver.ts';
import { buildStandardCells } from '../../cells/std/build.ts';
import {
  Code,
  declaration,
  discoveryOf,
  type InProcess,
  request,
  site,
  use,
} from '../macros/in-process.ts';
import { answering, builtWith, standard, told } from './standard.ts';

const STD = fileURLToPath(new URL('../../cells/std/', import.meta.url));

let service: InProcess;
let discovery: Discovery;
test.before(async () => {
  service = await standard('service');
  discovery = await answering({});
});

const onClass = (macro: string, ...args: unknown[]): Promise<Plan> => {
  const own = declaration({ kind: 'class', name: 'Ledger', uses: [use(macro, ...args)] });
  return service.plan(request([{ ...site([]), declaration: own, owner: own }]));
};
const onMethod = (macro: string, args: unknown[], fields: Partial<Declaration> = {}) =>
  service.plan(request([site([use(macro, ...args)], { name: 'twice', ...fields })]));

test('it describes every bare decorator, none in the order of stages', async (t) => {
  const { ns, macros } = await service.describe();
  t.is(ns, '');
  t.deepEqual(
    macros.map((m) => m.name),
    [
      ...['macro', 'macro.bare', 'macro.bindings', 'macro.commit', 'macro.prepare'],
      ...['macro.profiles', 'macro.rollback', 'macro.round', 'macro.settings', 'remote', 'service'],
    ],
  );
  for (const macro of macros) {
    t.is(macro.stage, '');
    t.not(macro.doc, '', macro.name);
  }
});

test('@service: a name and limits, 0 and "" where nothing is said', async (t) => {
  const of = async (...args: unknown[]) => {
    const { contributions, complaints } = await onClass('service', ...args);
    t.deepEqual(complaints, []);
    return contributions.map(({ kind, name, text, numbers }) => [kind, name, text, numbers]);
  };
  t.deepEqual(await of(), [['service', 'Ledger', '', [0, 0, 0]]]);
  t.deepEqual(await of({ name: 'rate-limit', pages: 16, cpuMs: 50, payloadBytes: '64KB' }), [
    ['service', 'Ledger', 'rate-limit', [16, 50, 65536]],
  ]);
});

for (const name of ['Rate', '-a', '1a', '', 'a_b', 'a'.repeat(65), 'a b']) {
  test(`@service and @remote: "${name.slice(0, 8)}" is no name of a cell`, async (t) => {
    const [complaint] = (await onClass('service', { name })).complaints;
    t.like(complaint, { path: '0.name', warning: false });
    t.like((await onClass('remote', name)).complaints[0], { path: '0' });
  });
}

test('@remote: an empty class that is no service', async (t) => {
  const plan = await onClass('remote', 'ledger');
  t.like(plan.contributions[0], { kind: 'remote', name: 'Ledger', text: 'ledger' });
  const full = declaration({
    ...{ kind: 'class', name: 'Ledger' },
    uses: [use('remote', 'ledger'), use('service')],
  });
  const members = [declaration({ name: 'own' })];
  const { complaints } = await service.plan(
    request([{ ...site([]), declaration: full, owner: full, members }]),
  );
  t.deepEqual(
    complaints.map((c) => c.message),
    [
      'a class is a service or a remote cell, not both',
      'the members of `Ledger` come from the cell `ledger`',
    ],
  );
});

test('@macro: what was written comes out as JSON, whatever is in it', async (t) => {
  const said = {
    ...{ name: 'x', doc: 'a "b"\\ \n\u2028 é 😀', on: ['method'], stage: 'cache' },
    ...{ repeatable: true, needs: ['body'], example: '@A.b' },
    args: [
      { type: 'integer', min: -1.5, max: 7, optional: true },
      { type: 'list', items: { type: 'oneOf', choices: [{ type: 'string' }, { type: 'bool' }] } },
    ],
  };
  // An argument that is needed behind one that is not: a complaint of its own.
  const plan = await onMethod('macro', [{ ...said, args: [said.args[1], said.args[0]] }]);
  t.deepEqual(plan.complaints, []);
  const [{ kind, name, type, text }] = plan.contributions;
  t.deepEqual([kind, name, type], ['macro', 'twice', 'macro']);
  t.deepEqual(JSON.parse(text), { ...said, args: [said.args[1], said.args[0]] });
  t.like((await onMethod('macro', [said])).complaints[0], { path: '0.args.1' });
});

test('the other decorators of macro cells name their method', async (t) => {
  for (const name of ['round', 'prepare', 'commit', 'rollback']) {
    const { contributions } = await onMethod(`macro.${name}`, []);
    t.like(contributions[0], { kind: 'macro', name: 'twice', type: name, text: '' });
  }
  t.like((await onClass('macro.bare')).contributions[0], { name: 'Ledger', type: 'bare' });
  const settings = [{ name: 'roles', type: 'list', items: { type: 'string' } }];
  const said = (await onClass('macro.settings', settings)).contributions[0];
  t.deepEqual([said.type, JSON.parse(said.text)], ['settings', settings]);
  const profiles = (await onClass('macro.profiles', [{ name: 'quiet' }])).contributions[0];
  t.deepEqual([profiles.type, JSON.parse(profiles.text)], ['profiles', [{ name: 'quiet' }]]);
});

const nested = (levels: number): object =>
  levels === 0 ? { type: 'string' } : { type: 'list', items: nested(levels - 1) };

for (const [what, shape, at] of [
  ['a text', 'string', ''],
  ['code', new Code('SHAPE'), ''],
  ['an unknown type', { type: 'strin' }, '.type'],
  ['a type that is no text', { type: 7 }, '.type'],
  ['an unknown key', { type: 'string', vals: [] }, '.vals'],
  ['an object without keys', { type: 'object' }, ''],
  ['a list without items', { type: 'list' }, ''],
  ['oneOf without choices', { type: 'oneOf' }, ''],
  ['items of a text', { type: 'string', items: { type: 'string' } }, '.items'],
  ['a key without a name', { type: 'object', keys: [{ type: 'string' }] }, '.keys.0'],
  ['a bad shape inside', { type: 'list', items: { type: 'x' } }, '.items.type'],
  ['min above max', { type: 'integer', min: 2, max: 1 }, '.min'],
  ['shapes without end', nested(8), '.items'.repeat(8)],
] as [string, unknown, string][]) {
  test(`a shape that is ${what} is refused where it stands`, async (t) => {
    const { complaints } = await onMethod('macro', [{ on: ['method'], args: [shape] }]);
    t.is(complaints.length, 1, JSON.stringify(complaints));
    t.is(complaints[0].path, `0.args.0${at}`);
    t.not(complaints[0].fix, '');
    const settings = await onClass('macro.settings', [shape]);
    t.true(settings.complaints.length > 0);
  });
}

test('shapes nest as deep as the limit says', async (t) => {
  const plan = await onMethod('macro', [{ on: ['method'], args: [nested(7)] }]);
  t.deepEqual(plan.complaints, []);
});

test('a macro cell that is wrong: a finding each, where it stands', async (t) => {
  const of = async (member: string): Promise<string[]> => {
    const built = await builtWith(discovery, `@service class Bad {\n${member}\n}`);
    t.is(built.compiled, null, member);
    return told(built);
  };
  t.regex((await of('@macro({ on: ["method"] }) one(spot: Spot): void {}')).join(), /CELL4041 2:/);
  for (const signature of [
    ...['private static one(spot: Spot): void {}', 'private one(): void {}'],
    ...['private one(spot: Spot): u32 { return 1; }', 'private one(at: Planning): void {}'],
    ...['private one(spot: Spot, more: u32): void {}', 'private one<T>(spot: Spot): void {}'],
    ...['protected one(spot: Spot): void {}', 'private one(spot: Spot | null): void {}'],
  ]) {
    const found = await of(`@macro({ on: ["method"] }) ${signature}`);
    t.deepEqual(found.length, 1, found.join('\n'));
    t.regex(found[0], /CELL4041/, signature);
  }
  t.regex((await of('@macro private one(spot: Spot): void {}')).join(), /CELL40\d\d 2:1/);
  t.regex(
    (await of('@macro({ on: ["metod"] }) private one(spot: Spot): void {}')).join(),
    /method/,
  );
  const misspelt = '@service class Bad { @macro.rond private one(at: Planning): void {} }';
  const { findings } = await builtWith(discovery, misspelt);
  t.true(
    findings.some((f) => /macro\.round/.test(f.fix)),
    findings.map(printFinding).join('\n'),
  );
});

test('it is built by its seed and by itself to the bytes that are there', async (t) => {
  const { out } = await buildStandardCells();
  const there = fs.readFileSync(path.join(out, 'service.wasm'));
  const seed = readAnswers(STD, 'service');
  if (typeof seed === 'string') throw new Error(`the seed is ${seed}`);
  for (const provider of [kept(seed), service]) {
    const built = await buildService(
      path.join(STD, 'service/service.cell.ts'),
      STD,
      readTools().versions,
      { discovery: discoveryOf({ '': provider }), features: new Map(), settings: new Map() },
    );
    t.deepEqual(built.findings.map(printFinding), []);
    t.true(there.equals(built.compiled?.wasm as Uint8Array), provider.from);
  }
});

test('the standard cells that package.json brings are those that are built', async (t) => {
  const { out } = await buildStandardCells();
  const file = new URL('../../package.json', import.meta.url);
  const { brings } = JSON.parse(fs.readFileSync(file, 'utf8')).cell;
  const cells = fs.readdirSync(out).filter((name) => name.endsWith('.wasm'));
  t.deepEqual(
    Object.entries(brings).map(([cell, at]) => [cell, path.basename(at as string)]),
    cells.sort().map((name) => [name.slice(0, -5), name]),
  );
});
