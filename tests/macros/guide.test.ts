// Every listing of cells/WRITING-MACROS.md is built, in its order: an `audit.cell.ts` becomes the
// cell that answers from there on, a `notes.cell.ts` is built with it, and what it prints is what
// is written.
import fs from 'node:fs';
import test from 'ava';
import type { Provider } from '../../build/3-negotiate/contract.ts';
import { printFinding } from '../../build/diagnostics/findings.ts';
import type { Built } from '../../build/driver.ts';
import { link } from '../build/linked.ts';
import { builtWith, standard } from '../std/standard.ts';
import { discoveryOf, inProcess } from './in-process.ts';

const GUIDE = fs.readFileSync(new URL('../../cells/WRITING-MACROS.md', import.meta.url), 'utf8');
const FENCE = /^```(\S+) ?(.*)\n([\s\S]*?)^```$/gm;

/** Listings in order: language, what follows it, text. */
const listings = [...GUIDE.matchAll(FENCE)].map(([, language, name, text]) => ({
  language,
  name,
  text,
}));

const printed = ({ findings }: Built): string =>
  findings
    .map((f) => `${printFinding(f)}\n`.replaceAll('example.cell.ts', 'notes.cell.ts'))
    .join('');

let audit: Provider | undefined;

async function build(text: string): Promise<Built> {
  const providers: Record<string, Provider> = {
    '': await standard('service'),
    Auth: await standard('auth'),
    Cache: await standard('cache'),
    ...(audit === undefined ? {} : { Audit: audit }),
  };
  return builtWith(discoveryOf(providers), text);
}

for (const [i, { language, name, text }] of listings.entries()) {
  if (language !== 'ts') continue;
  test.serial(`listing ${i + 1}: ${name}`, async (t) => {
    const built = await build(text);
    if (name.endsWith(' fails')) {
      t.is(built.compiled, null);
      t.is(printed(built), listings[i + 1].text);
      return;
    }
    t.is(printed(built), '');
    if (built.compiled === null) return;
    if (name === 'audit.cell.ts') audit = await inProcess(built.compiled);
    else {
      const cell = await link(built.compiled);
      t.deepEqual(cell.call('remove', ...[7, 'a typo'].slice(0, paramsOf(built))), { value: true });
      if (text.includes('@Audit.list')) {
        t.deepEqual(cell.call('audited'), { value: ['Notes.remove', 'Notes.change'] });
      }
    }
  });
}

const paramsOf = (built: Built): number =>
  built.compiled?.schema.methods.find((m) => m.name === 'remove')?.params.length ?? 0;

test('the package that the guide ships says what `cell build` reads', (t) => {
  const json = listings.find(({ language }) => language === 'json')?.text ?? '';
  t.deepEqual(JSON.parse(json).cell, { brings: { audit: './audit.wasm' } });
});

test('the guide has a listing for each of its parts', (t) => {
  const names = listings.filter(({ language }) => language === 'ts').map(({ name }) => name);
  t.is(names.filter((name) => name === 'audit.cell.ts').length, 5);
  t.is(names.filter((name) => name === 'notes.cell.ts').length, 4);
  t.is(names.filter((name) => name === 'notes.cell.ts fails').length, 2);
});
