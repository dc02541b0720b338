// The build's side of the macro protocol is made from the guest's, and both encode the same.
import fs from 'node:fs';
import test from 'ava';
import { generateProtocol } from '../../build/2-discover/generate.ts';
import { MACRO_METHODS, PROTOCOL } from '../../build/2-discover/protocol-schema.ts';
import { macroRefs } from '../../build/2-discover/wire.ts';
import { decodeArguments, encodeArguments } from '../../host/schema/dynamic.ts';
import type { Method } from '../../host/schema/types.ts';
import { site, spotRequest } from './requests.ts';

test('protocol.ts and protocol-schema.ts are current', async (t) => {
  for (const [name, text] of Object.entries(await generateProtocol())) {
    const file = new URL(`../../build/2-discover/${name}`, import.meta.url);
    t.is(fs.readFileSync(file, 'utf8'), text, 'run: node build/2-discover/generate.ts');
  }
});

test('a request travels whole', (t) => {
  const request = spotRequest([site(0, 'Auth', 'require'), site(7, 'Auth', 'public')]);
  const method = MACRO_METHODS[1] as Method;
  const bytes = encodeArguments(PROTOCOL, method, [request]);
  t.deepEqual(decodeArguments(PROTOCOL, method, bytes), [request]);
});

test('a cell is asked by its own name, on channel MACRO', (t) => {
  const refs = macroRefs('rate-limit');
  t.deepEqual(
    refs.map(({ name, channel }) => [name, channel]),
    ['$describe', '$plan', '$apply', '$rollback'].map((name) => [`rate-limit.${name}`, 3]),
  );
  for (const { name, text } of refs) t.true(text.startsWith(`${name}((`), text);
});
