// Owns the rules of style that a machine can check, over every file of the project. A rule that
// fails lists what to mend as `file:line: what`. What a formatter or tsc checks is left to them.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { judgeImport } from './tidy/directions.ts';
import { functions, imports, lineOf, read } from './tidy/source.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LINE_COLUMNS = 100;
const FUNCTION_LINES = 70;
const FILE_LINES = 400;

/** Made by tools, or not text of this project. */
const SKIPPED = new Set(['node_modules', '.git', '.cell', 'out', 'golden', 'fixtures', 'LICENSE']);
const CODE = /\.(?:ts|mjs|js|wat|css)$/;
const SCRIPT = /\.(?:ts|mjs|js)$/;

function walk(folder: string): string[] {
  return fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const file = path.posix.join(folder, entry.name);
    return entry.isDirectory() ? walk(file) : [file];
  });
}

const files = walk('.').filter(
  (file) => !/package-lock\.json$|\.(?:png|jpg|ico|bin|wasm)$/.test(file),
);
const text = new Map(files.map((file) => [file, fs.readFileSync(path.join(ROOT, file), 'utf8')]));
const scripts = files.filter((file) => SCRIPT.test(file));
const sources = new Map(scripts.map((file) => [file, read(text.get(file) ?? '')]));

const lines = (file: string): string[] => (text.get(file) ?? '').split('\n');

function clean(t: ExecutionContext, rule: string, faults: string[]): void {
  if (faults.length === 0) t.pass();
  else t.fail(`${rule}:\n  ${faults.join('\n  ')}\n`);
}

test('the walk sees the project', (t) => {
  for (const known of ['package.json', 'assembly/shared/frame.ts', 'host/schema/types.ts']) {
    t.true(files.includes(known), known);
  }
});

test(`no line of code is longer than ${LINE_COLUMNS} columns`, (t) => {
  const faults = files
    .filter((file) => CODE.test(file))
    .flatMap((file) =>
      lines(file).flatMap((line, at) => {
        const columns = [...line].length;
        return columns > LINE_COLUMNS ? [`${file}:${at + 1}: ${columns} columns`] : [];
      }),
    );
  clean(t, `lines of at most ${LINE_COLUMNS} columns`, faults);
});

test(`no file of code is longer than ${FILE_LINES} lines`, (t) => {
  const faults = files
    .filter((file) => CODE.test(file) && !text.get(file)?.startsWith('// Generated '))
    .flatMap((file) => {
      const count = lines(file).length - 1;
      return count > FILE_LINES ? [`${file}: ${count} lines`] : [];
    });
  clean(t, `files of at most ${FILE_LINES} lines`, faults);
});

test(`no function is longer than ${FUNCTION_LINES} lines`, (t) => {
  const faults = [...sources].flatMap(([file, source]) =>
    functions(source).flatMap(({ name, from, to }) => {
      const count = to - from + 1;
      return count > FUNCTION_LINES ? [`${file}:${from}: ${name} has ${count} lines`] : [];
    }),
  );
  clean(t, `functions of at most ${FUNCTION_LINES} lines`, faults);
});

test('no file is named for nothing in particular', (t) => {
  const vague = /^(?:.*[-.])?(?:util|utils|helper|helpers|common|manager|misc)(?:[-.].*)?$/;
  const faults = files.filter((file) => file.split('/').some((part) => vague.test(part)));
  clean(t, 'files are named for their main noun', faults);
});

test('every file of code opens with what it owns', (t) => {
  const opening = /^(?:#![^\n]*\n)?\s*(?:\/\/|\/\*|;;|\(;)/;
  const faults = files.filter(
    (file) =>
      CODE.test(file) && !/\.(?:d|test)\.ts$/.test(file) && !opening.test(text.get(file) ?? ''),
  );
  clean(t, 'files open with a comment that says what they own and never do', faults);
});

test('nothing is left for later', (t) => {
  const words = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'];
  const later = new RegExp(`\\b(?:${words.join('|')})\\b`);
  const faults = files.flatMap((file) =>
    lines(file).flatMap((line, at) =>
      later.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : [],
    ),
  );
  clean(t, 'no notes to do later', faults);
});

test('no path of one machine is written down', (t) => {
  const machine = new RegExp(
    ['/wo' + 'rk/', '/ho' + 'me/\\w', '/Us' + 'ers/\\w', '/ro' + 'ot/'].join('|'),
  );
  const faults = files.flatMap((file) =>
    lines(file).flatMap((line, at) =>
      machine.test(line.replaceAll(/https?:\S+/g, '')) ? [`${file}:${at + 1}: ${line.trim()}`] : [],
    ),
  );
  clean(t, 'no absolute paths', faults);
});

/** The project file that a specifier in `file` names; null when it is no relative one. */
function target(file: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return path.posix.normalize(path.posix.join(path.posix.dirname(file), specifier));
}

test('imports point in the allowed direction', (t) => {
  const faults = [...sources].flatMap(([file, source]) =>
    imports(source).flatMap(({ specifier, line }) => {
      const why = judgeImport(file, target(file, specifier) ?? specifier);
      return why === null ? [] : [`${file}:${line}: imports ${specifier}: ${why}`];
    }),
  );
  clean(t, 'ARCHITECTURE.md, "Imports point one way"', faults);
});

test('no file of host or build is dead', (t) => {
  const used = new Set<string>();
  for (const [file, source] of sources) {
    if (file.startsWith('tests/')) continue;
    for (const { specifier } of imports(source)) used.add(target(file, specifier) ?? specifier);
  }
  // Entries of package.json, workers and generated programs are reached by a path in a string.
  const literal = /(?<=['"`/])[\w.-]+\.(?:ts|mjs)(?=['"`])/g;
  const named = new Set(
    files
      .filter((file) => SCRIPT.test(file) || file === 'package.json')
      .filter((file) => !file.startsWith('tests/'))
      .flatMap((file) => (text.get(file) ?? '').match(literal) ?? []),
  );
  for (const match of (text.get('package.json') ?? '').matchAll(/[\w.-]+\.(?:ts|mjs)/g)) {
    named.add(match[0]);
  }
  const faults = scripts.filter(
    (file) =>
      /^(?:host|build)\//.test(file) &&
      !file.endsWith('.d.ts') &&
      !used.has(file) &&
      !named.has(path.posix.basename(file)),
  );
  clean(t, 'files that nothing imports', faults);
});

test('every path that the guides name exists', (t) => {
  const guides = files.filter((file) => /^(?:ARCHITECTURE|README)\.md$|\/README\.md$/.test(file));
  const named = /(?<![\w./@-])(?:assembly|host|build|bench|tests|cells)\/[\w./-]*[\w/]/g;
  const faults = guides.flatMap((guide) =>
    [...(text.get(guide) ?? '').matchAll(named)].flatMap((match) => {
      const name = match[0];
      const after = (text.get(guide) ?? '')[match.index + name.length];
      // Patterns (`cells/std/<name>`), and what the build makes.
      if (after === '<' || after === '*' || name.startsWith('assembly/out')) return [];
      const beside = path.join(ROOT, path.dirname(guide), name);
      if (fs.existsSync(path.join(ROOT, name)) || fs.existsSync(beside)) return [];
      return [`${guide}:${lineOf(text.get(guide) ?? '', match.index)}: ${name} does not exist`];
    }),
  );
  clean(t, 'paths in guides', faults);
});

test('every const of assembly/shared is documented', (t) => {
  const faults = scripts
    .filter((file) => file.startsWith('assembly/shared/'))
    .flatMap((file) => {
      const all = lines(file);
      // A paragraph of consts is documented by a comment anywhere in it, the file's opening
      // included.
      return all.flatMap((line, at) => {
        const name = /^export const (\w+)/.exec(line)?.[1];
        if (name === undefined) return [];
        const begin = all.lastIndexOf('', at) + 1;
        const paragraph = all.slice(begin, at + 1).join('\n');
        return /\/\/|\*\//.test(paragraph) ? [] : [`${file}:${at + 1}: ${name}`];
      });
    });
  clean(t, 'undocumented consts', faults);
});

test('every function that host or build exports is documented', (t) => {
  const faults = scripts
    .filter((file) => /^(?:host|build)\//.test(file))
    .flatMap((file) => {
      const all = lines(file);
      return all.flatMap((line, at) => {
        const name = /^export (?:async )?function\*? (\w+)/.exec(line)?.[1];
        const documented = at > 0 && all[at - 1].trimEnd().endsWith('*/');
        // The overloads of a documented function share its text.
        const overload = at > 0 && all[at - 1].startsWith(`export function ${name}`);
        return name === undefined || documented || overload ? [] : [`${file}:${at + 1}: ${name}`];
      });
    });
  clean(t, 'functions without a docstring (shapes, units, errors)', faults);
});
