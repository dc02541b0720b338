// The flag file on disk: watched, replaced, broken and mended; and the OpenFeature provider on it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Flags } from '../../host/flags/definition.ts';
import { FILE_BYTES, FlagFile, loadFlags, saveFlags } from '../../host/flags/file.ts';
import { CellFlags } from '../../host/flags/openfeature.ts';

function folder(t: ExecutionContext): string {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-flags-'));
  t.teardown(() => fs.rmSync(cwd, { recursive: true, force: true }));
  return cwd;
}

/** A watched folder: what it has told so far, and a promise of the next. */
function watched(t: ExecutionContext, cwd: string) {
  const told: (Flags | Error)[] = [];
  let wake = (): void => {};
  const tell = (what: Flags | Error): void => {
    told.push(what);
    wake();
  };
  const file = new FlagFile(cwd, { flags: tell, wrong: tell });
  t.teardown(() => file.close());
  const alive = setInterval(() => {}, 1000);
  t.teardown(() => clearInterval(alive));
  const until = async (count: number) => {
    while (told.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return told[count - 1];
  };
  return { told, until, file };
}

test('no file: no flags; then one appears, changes, breaks, is mended and goes', async (t) => {
  const cwd = folder(t);
  const { told, until, file } = watched(t, cwd);
  t.deepEqual(Object.keys(told[0]), []);
  saveFlags(cwd, { flags: { f: false } });
  t.is(((await until(2)) as Flags).f.default, false);
  saveFlags(cwd, { flags: { f: true } });
  t.is(((await until(3)) as Flags).f.default, true);
  saveFlags(cwd, { flags: { f: 7 } });
  t.regex(((await until(4)) as Error).message, /flags\.f: expected an object, got 7/);
  saveFlags(cwd, { flags: { f: false } });
  t.is(((await until(5)) as Flags).f.default, false);
  file.look();
  t.is(told.length, 5, 'what is not new is not told');
  fs.rmSync(path.join(cwd, 'cell.flags.json'));
  t.deepEqual(Object.keys(await until(6)), []);
  t.false(fs.readdirSync(cwd).some((name) => name.endsWith('.draft')));
});

test('a file that is wrong from the beginning is an error at once', (t) => {
  const cwd = folder(t);
  fs.writeFileSync(path.join(cwd, 'cell.flags.json'), 'flags');
  const events = { flags: () => {}, wrong: () => {} };
  t.throws(() => new FlagFile(cwd, events), { message: /cell\.flags\.json:1:2: it is not JSON/ });
});

test('a file of the limit is read, one byte more is not', (t) => {
  const cwd = folder(t);
  const file = path.join(cwd, 'cell.flags.json');
  const text = '{"flags":{"f":true}}';
  fs.writeFileSync(file, text.padEnd(FILE_BYTES));
  t.true(loadFlags(cwd).f.default);
  fs.writeFileSync(file, text.padEnd(FILE_BYTES + 1));
  t.throws(() => loadFlags(cwd), { message: /it has 4194305 bytes/ });
});

test('a provider of OpenFeature: values, variants, reasons, errors, and flips', async (t) => {
  const cwd = folder(t);
  saveFlags(cwd, {
    flags: {
      pricing: { default: false, rules: [{ roles: ['staff'], give: true }] },
      look: { variants: ['a', 'b'], default: 'a', rules: [{ subjects: ['bob'], give: 'b' }] },
    },
  });
  const flags = new CellFlags(cwd);
  const bool = (context: object) => flags.resolveBooleanEvaluation('pricing', false, context);
  const on = { value: true, variant: 'on', reason: 'TARGETING_MATCH' };
  t.deepEqual(await bool({ targetingKey: 'x', roles: ['staff'] }), on);
  t.deepEqual(await bool({ roles: 'staff' }), on);
  t.deepEqual(await bool({}), { value: false, variant: 'off', reason: 'DEFAULT' });
  t.deepEqual(await flags.resolveStringEvaluation('look', 'z', { targetingKey: 'bob' }), {
    value: 'b',
    variant: 'b',
    reason: 'TARGETING_MATCH',
  });
  const error = (value: unknown, errorCode: string) => ({ value, reason: 'ERROR', errorCode });
  t.deepEqual(
    await flags.resolveBooleanEvaluation('none', true, {}),
    error(true, 'FLAG_NOT_FOUND') as never,
  );
  t.deepEqual(
    await flags.resolveStringEvaluation('pricing', 'z', {}),
    error('z', 'TYPE_MISMATCH') as never,
  );
  t.deepEqual(await flags.resolveNumberEvaluation('look', 4), error(4, 'TYPE_MISMATCH') as never);
  t.deepEqual(flags.variants('look'), ['a', 'b']);
  t.deepEqual(flags.metadata, { name: 'cell' });
  await flags.onClose();
});
