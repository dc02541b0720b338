// The browser's build: one module, nothing of Node in it, and the same names as Node's entry.

import test from 'ava';
import { build } from 'esbuild';
import * as page from '../../host/synapse/index.ts';
import * as node from '../../host/synapse/node/index.ts';

test('the browser entry bundles without Node', async (t) => {
  const entry = new URL('../../host/synapse/index.ts', import.meta.url).pathname;
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    minify: true,
    metafile: true,
    logLevel: 'silent',
  });
  t.deepEqual(result.warnings, []);
  const inputs = Object.keys(result.metafile.inputs);
  t.true(inputs.some((name) => name.endsWith('host/synapse/browser.ts')));
  t.deepEqual(
    inputs.filter((name) => /node_modules|synapse\/node\//.test(name)),
    [],
  );
  const { text } = result.outputFiles[0];
  t.false(/\bfrom ?["']node:|require\(/.test(text));
  t.log(`${text.length} bytes`);
});

test('both entries export the same names', (t) => {
  t.deepEqual(Object.keys(node).sort(), Object.keys(page).sort());
});
