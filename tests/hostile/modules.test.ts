// Modules that a hostile compiler writes: what would get out of the bounds of a cell is refused
// before any of it runs.

import test from 'ava';
import binaryen from 'binaryen';
import { ModuleError, readModule } from '../../host/cell/module.ts';
import { ECHO, manifestOf, schemaOf, type WatCell, watOf, wrap } from '../lane/cells.ts';

const cell: WatCell = { name: 'evil', methods: [{ name: 'go', body: ECHO }] };

/** The cell with more text before its end, and after its types. */
function hostile(more: string): Uint8Array {
  const module = binaryen.parseText(watOf(cell).replace(/\)$/, `${more})`));
  const F = binaryen.Features;
  module.setFeatures(
    F.BulkMemory | F.ReferenceTypes | F.GC | F.ExceptionHandling | F.MutableGlobals | F.Multivalue,
  );
  const bytes = module.emitBinary();
  module.dispose();
  return wrap(bytes, schemaOf(cell), manifestOf(cell));
}

const refused = (t: import('ava').ExecutionContext, more: string, why: RegExp): void => {
  const error = t.throws(() => readModule(hostile(more), 'evil.wasm'), { instanceOf: ModuleError });
  t.regex(error.message, why);
};

test('the same module with nothing added is taken', (t) => {
  t.is(readModule(hostile(''), 'evil.wasm').name, 'evil');
});

// It would run while the instance is linked, when no route is marked as having the CPU: the
// watchdog would never find it.
test('a start section is refused: an endless loop in it would take the lane for ever', (t) => {
  refused(t, '(func $boot (loop $l (br $l))) (start $boot)', /runs code when it is instantiated/);
});

// Running out of the engine's heap ends the process, not the worker.
test('values in the heap of the engine are refused: arrays, structs, groups', (t) => {
  refused(
    t,
    `(type $list (array (mut i64))) (global $g (mut (ref null $list)) (ref.null $list))
     (func (export "fill") (global.set $g (array.new_default $list (i32.const 10000000))))`,
    /type at byte \d+ is not that of a function/,
  );
  refused(
    t,
    `(type $node (struct (field (ref null $node))))
     (func (export "x") (result i32) (ref.is_null (struct.new $node (ref.null $node))))`,
    /type at byte \d+ is not that of a function/,
  );
});

test('exceptions that hold exceptions are refused: a list of them has no end', (t) => {
  refused(
    t,
    '(tag $keep (param exnref)) (func (export "x") (throw $keep (ref.null exn)))',
    /value at byte \d+ is of a type that cells lack/,
  );
});

test('references to functions and of the host are no harm', (t) => {
  const more = '(func (export "x") (param funcref externref) (result v128) (unreachable))';
  t.notThrows(() => readModule(hostile(more), 'evil.wasm'));
});

test('a table that may grow without end is refused, one that grows within bounds is not', (t) => {
  const grown = (limits: string): Uint8Array => {
    const wat = watOf(cell).replace(' 1 1 funcref)', ` ${limits} funcref)`);
    const module = binaryen.parseText(wat);
    module.setFeatures(binaryen.Features.ReferenceTypes | binaryen.Features.BulkMemory);
    const bytes = module.emitBinary();
    module.dispose();
    return wrap(bytes, schemaOf(cell), manifestOf(cell));
  };
  const load = (limits: string) => readModule(grown(limits), 'evil.wasm');
  t.throws(() => load('1'), { instanceOf: ModuleError, message: /grow without end/ });
  t.throws(() => load('1 10000000'), { instanceOf: ModuleError, message: /10000000 elements/ });
  t.notThrows(() => load('1 64'));
});
