// Cells that call others, before they are loaded: what is refused, what has to be granted, and
// which of them belong together.
import test from 'ava';
import { checkConfig } from '../../host/cell/config.ts';
import { kinOf } from '../../host/cell/kin.ts';
import { admit, readModule } from '../../host/cell/module.ts';
import type { Manifest } from '../../host/schema/types.ts';
import { caller } from '../lane/callers.ts';
import { assemble, makeCell, manifestOf, schemaOf, watOf, wrap } from '../lane/cells.ts';

const shop = caller('shop', [{ name: 'pay', target: 'ledger.debit' }]);
const read = (change: Partial<Manifest> = {}) =>
  readModule(wrap(assemble(watOf(shop)), schemaOf(shop), { ...manifestOf(shop), ...change }), 'x');

test('each called cell has to be granted, by name', (t) => {
  const cell = readModule(makeCell(shop), 'shop.wasm');
  t.notThrows(() => admit(cell, { grants: { call: ['other', 'ledger'] } }));
  for (const grants of [{}, { call: [] }, { call: ['ledge'] }]) {
    t.throws(() => admit(cell, { grants }), {
      message: /capability call:ledger; grant it .*shop: \{ call: \['ledger'\] \}/,
    });
  }
});

test('a cell says against what it was built, and is another one', (t) => {
  const grants = { call: ['ledger', 'shop'] };
  const { remotes: _, ...silent } = manifestOf(shop);
  const unsaid = readModule(wrap(assemble(watOf(shop)), schemaOf(shop), silent), 'x');
  t.throws(() => admit(unsaid, { grants }), { message: /does not say what it was built against/ });
  t.throws(() => read({ remotes: { shop: { pay: 'shop.pay()->void' } } }), {
    message: /\$\.remotes: expected names of other cells/,
  });
  const itself = caller('shop', [{ name: 'pay', target: 'shop.pay' }]);
  t.throws(() => readModule(makeCell(itself), 'x'), { message: /names of other cells/ });
});

test('remotes of another shape are refused with the path', (t) => {
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`c${i}`, {}]));
  const wrong: [unknown, RegExp][] = [
    [[], /\$\.remotes: expected an object/],
    [{ Ledger: {} }, /\$\.remotes: expected names of other cells/],
    [{ ledger: 1 }, /\$\.remotes\.ledger: expected an object/],
    [{ ledger: { 'a b': '' } }, /\$\.remotes\.ledger: expected a name/],
    [{ ledger: { a: 1 } }, /\$\.remotes\.ledger\.a: expected a string/],
    [many, /at most 64 cells/],
  ];
  for (const [remotes, message] of wrong) {
    t.throws(() => read({ remotes: remotes as Manifest['remotes'] }), { message });
  }
  const { c64: _, ...most } = many;
  t.notThrows(() => read({ remotes: most as Manifest['remotes'] }));
});

test('the configuration grants calls by the names of cells', (t) => {
  const grants = { shop: { call: ['ledger', 'rate-limit'] } };
  t.deepEqual(checkConfig({ grants }).grants, grants);
  for (const call of ['ledger', [1], [''], ['Ledger'], ['a.b']]) {
    t.throws(() => checkConfig({ grants: { shop: { call } } }), { message: /grants\.shop\.call/ });
  }
});

test('cells that call each other, through whomever, are kin', (t) => {
  const cell = (name: string, ...calls: string[]) => ({
    name,
    manifest: { remotes: Object.fromEntries(calls.map((c) => [c, {}])) } as unknown as Manifest,
  });
  const kin = kinOf([
    cell('a', 'b'),
    cell('b'),
    cell('c', 'missing'),
    cell('d', 'e'),
    cell('e', 'd', 'f'),
    cell('f', 'b'),
    cell('alone'),
  ]);
  const groups = new Map<string, number[]>();
  for (const [i, name] of kin.entries()) groups.set(name, [...(groups.get(name) ?? []), i]);
  t.deepEqual([...groups.values()], [[0, 1, 3, 4, 5], [2], [6]]);
});
