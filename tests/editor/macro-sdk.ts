// Owns the making of assembly/guest/macro.d.ts, what editors know of the names that macro cells
// see: TypeScript's own declarations of assembly/guest/macro, with their comments. A test holds
// the file to this; CELL_GOLDEN=1 writes it.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { MACRO_NAMES } from '../../build/4-emit/sdk.ts';

const require = createRequire(import.meta.url);
const GUEST = new URL('../../assembly/guest/', import.meta.url);
export const FILE = new URL('macro.d.ts', GUEST);

interface TypeScript {
  transpileDeclaration(
    text: string,
    options: { compilerOptions: object },
  ): { outputText: string; diagnostics?: { messageText: unknown }[] };
}

/** The whole file. Throws when TypeScript cannot declare something without being told its type. */
export function macroSdkTypes(): string {
  const ts = require('typescript6') as TypeScript;
  const files = [...new Set(Object.values(MACRO_NAMES))].sort();
  const inside = files.map((file) => {
    const text = fs.readFileSync(new URL(`${file}.ts`, GUEST), 'utf8');
    const { outputText, diagnostics = [] } = ts.transpileDeclaration(text, {
      compilerOptions: { isolatedDeclarations: false, noLib: true, stripInternal: true },
    });
    if (diagnostics.length > 0) throw new Error(`${file}: ${diagnostics[0].messageText}`);
    return outputText
      .replace(/^\/\/.*\n/gm, '')
      .replace(/^import [\s\S]*?;\n/gm, '')
      .replace(/^export \{\};\n/gm, '')
      .replace(/^export declare /gm, 'export ')
      .replace(/(?:^ {4}\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?^ {4}private .*\n/gm, '')
      .replaceAll('    ', '  ');
  });
  const names = Object.keys(MACRO_NAMES).sort();
  const shared = names.map((name) => {
    const value = `  const ${name}: typeof macro_.${name};`;
    return /^[a-z]/.test(name) ? value : `  type ${name} = macro_.${name};\n${value}`;
  });
  return [
    '// Generated from assembly/guest/macro by tests/editor/macro-sdk.ts. Do not edit.',
    '//',
    '// What an editor knows of the names that cells with macros see without importing them.',
    '// `cell build` copies it to `.cell/types/macro.d.ts`.',
    'export {};',
    '',
    'declare namespace macro_ {',
    reached(inside.join(''), names).trimEnd(),
    '}',
    '',
    'declare global {',
    ...shared,
    '}',
    '',
  ].join('\n');
}

/** Declarations, with their comments, that `names` need, directly or not. */
function reached(text: string, names: readonly string[]): string {
  const doc = String.raw`(?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?`;
  const body = String.raw`export (?:function (\w+).*;|(?:class|enum) (\w+)[\s\S]*?\n\})\n`;
  const found = new Map(
    [...text.matchAll(new RegExp(doc + body, 'g'))].map((m) => [m[1] ?? m[2], m[0]]),
  );
  const wanted = new Set(names);
  for (const name of wanted) {
    for (const [word] of (found.get(name) ?? '').matchAll(/\b[A-Z]\w*/g)) {
      if (found.has(word)) wanted.add(word);
    }
  }
  return [...found].flatMap(([name, declared]) => (wanted.has(name) ? [declared] : [])).join('');
}
