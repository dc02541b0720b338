// The example app does what its comments say.
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { buildService } from '../../build/driver.ts';
import { link } from './linked.ts';
import { STANDARD } from './project.ts';

const FILE = fileURLToPath(new URL('../../cells/apps/hello/hello.cell.ts', import.meta.url));

test('hello greets, in languages, and says why it does not', async (t) => {
  const { compiled, findings } = await buildService(FILE, '/', {}, STANDARD);
  t.deepEqual(findings, []);
  if (compiled === null) return t.fail();
  const x = await link(compiled);
  t.deepEqual(x.call('greet', 'you'), { value: 'Hello, you!' });
  t.deepEqual(x.call('ping'), { value: 'pong' });
  t.like(x.call('greetIn', 'toi', 2), {
    value: { text: 'Bonjour, toi !', language: 2, by: null, at: 1_700_000_000_000_000n },
  });
  x.caller('ann\0admin\0\0');
  t.like(x.call('greetIn', 'ich', 1), { value: { text: 'Hallo, ich!', by: 'ann' } });
  t.deepEqual(x.call('shout', 'you'), { value: 'Hello, you!!!' });
  t.deepEqual(x.log(), ['1 shouting at you']);
  t.like(x.call('greet', '  '), { status: 3, message: 'a name, please' });
  t.like(x.call('greet', 'x'.repeat(80)), { value: `Hello, ${'x'.repeat(80)}!` });
  t.like(x.call('greet', 'x'.repeat(81)), { status: 3, type: 'TooLong' });
  const access = Object.fromEntries(compiled.schema.methods.map((m) => [m.name, m.access]));
  t.true(access.ping.public);
  t.deepEqual(access.shout.anyRole, ['admin']);
  t.false(access.greet.public);
  t.false(compiled.manifest.actor);
});
