// The codec where there is no Buffer, as in a browser: TextEncoder and TextDecoder instead, the
// same bytes and the same values. Its modules are loaded a second time with Buffer hidden.

import test from 'ava';
import { encodeArguments } from '../../host/schema/dynamic.ts';
import { type Codecs, loadClient } from './clients.ts';
import { Random, randomSchema, randomValue, seedOf, settled } from './random.ts';
import { echoSchema, list, text } from './schemas.ts';

const url = (name: string): string => new URL(`../../host/synapse/${name}`, import.meta.url).href;

/** What a client imports from "cell/synapse", made without Buffer. */
const BROWSER = `
const { Buffer } = globalThis;
Reflect.deleteProperty(globalThis, 'Buffer');
const { Reader } = await import('${url('codec-read.ts?browser')}');
const { Writer } = await import('${url('codec-write.ts?browser')}');
globalThis.Buffer = Buffer;
const reader = new Reader();
const writer = new Writer();
export { explain } from '${url('codec.ts')}';
export { reader, Reader, writer, Writer };
`;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test.serial('random values without Buffer', async (t) => {
  const random = new Random(seedOf((line) => t.log(line)));
  const schema = randomSchema(random, 12);
  const client = await loadClient(schema, BROWSER);
  for (let round = 0; round < 40; round++) {
    for (const method of schema.methods) {
      const value = randomValue(random, schema, method.params[0]!.type);
      const bytes = encodeArguments(schema, method, [value]);
      t.is(hex(client.encode(method.index, [value])), hex(bytes));
      t.deepEqual(client.decode(method.index, bytes), settled(value));
    }
  }
});

test.serial('text of every width and length without Buffer', async (t) => {
  const schema = echoSchema([list(text)]);
  const [browser, node] = await Promise.all([loadClient(schema, BROWSER), loadClient(schema)]);
  const sides: Codecs[] = [browser, node];
  for (const char of ['x', 'é', '日', '🙂', '\ud800', '\ufeff']) {
    for (const size of [0, 1, 12, 13, 24, 63, 64, 65, 255, 256, 300, 16_383, 16_384, 40_000]) {
      const value = ['before', char.repeat(size), `${'a'.repeat(size)}${char}`, 'after'];
      const bytes = encodeArguments(schema, schema.methods[0]!, [value]);
      for (const side of sides) {
        t.true(Buffer.compare(side.encode(0, [value]), bytes) === 0, `${char} ${size}`);
        t.deepEqual(side.decode(0, bytes), settled(value));
      }
    }
  }
});
