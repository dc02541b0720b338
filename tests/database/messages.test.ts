// The protocol as the embedded server cuts and makes it: any split of the bytes gives the same
// messages, and no length is believed.
import test from 'ava';
import {
  eachMessage,
  errorFields,
  errorMessage,
  Incoming,
  MESSAGE_BYTES,
  message,
  ProtocolError,
  query,
  STARTUP_BYTES,
  sync,
  T,
  text,
  textAt,
} from '../../host/database/pglite/messages.ts';
import { readStartup, settle } from '../../host/database/pglite/settings.ts';

const startup = Buffer.alloc(20);
startup.writeUInt32BE(20, 0);
startup.writeUInt32BE(3 << 16, 4);
startup.write('user\0me\0\0', 8, 'latin1');

test('any split of a stream gives the same messages', (t) => {
  const messages = [query('select 1'), sync(), query('x'.repeat(5000)), message(T.flush)];
  const whole = Buffer.concat([startup, ...messages]);
  for (const size of [1, 2, 3, 7, 64, 4096, whole.length]) {
    const incoming = new Incoming();
    const found: Buffer[] = [];
    let greeted = false;
    for (let at = 0; at < whole.length; at += size) {
      incoming.add(whole.subarray(at, at + size));
      if (!greeted) greeted = incoming.startup() !== null;
      for (let one = greeted ? incoming.message() : null; one; one = incoming.message()) {
        found.push(one);
      }
    }
    t.deepEqual(Buffer.concat(found), Buffer.concat(messages), `pieces of ${size}`);
    t.is(found.length, messages.length);
    t.is(incoming.bytes, 0);
  }
});

test('lengths at their limits', (t) => {
  const first = (length: number): Incoming => {
    const incoming = new Incoming();
    const head = Buffer.alloc(9);
    head.writeUInt32BE(length, 1);
    incoming.add(head);
    return incoming;
  };
  t.is(first(MESSAGE_BYTES).message(), null);
  t.throws(() => first(MESSAGE_BYTES + 1).message(), { instanceOf: ProtocolError });
  t.is(first(4).message()?.length, 5);
  t.throws(() => first(3).message(), { instanceOf: ProtocolError });
  const packet = (length: number): Incoming => {
    const incoming = new Incoming();
    const head = Buffer.alloc(8);
    head.writeUInt32BE(length, 0);
    incoming.add(head);
    return incoming;
  };
  t.is(packet(STARTUP_BYTES).startup(), null);
  t.throws(() => packet(STARTUP_BYTES + 1).startup(), { instanceOf: ProtocolError });
  t.throws(() => packet(7).startup(), { instanceOf: ProtocolError });
});

test('errors are read as they were made, and texts need an end', (t) => {
  const told = errorMessage({ code: '57014', message: 'stop', hint: 'go', fatal: true });
  const seen: string[] = [];
  eachMessage(Buffer.concat([told, sync()]), (type, whole) => {
    seen.push(String.fromCharCode(type));
    if (type !== T.errorB) return;
    const fields = errorFields(whole);
    t.deepEqual([...fields.values()], ['FATAL', 'FATAL', '57014', 'stop', 'go']);
  });
  t.deepEqual(seen, ['E', 'S']);
  t.throws(() => textAt(Buffer.from('open'), 0), { instanceOf: ProtocolError });
});

test('startup options become settings, quoted', (t) => {
  const body = (...texts: string[]): Buffer =>
    Buffer.concat([...texts.map(text), Buffer.from([0])]);
  const read = readStartup(
    body('user', 'u', 'options', "-c a.b=it's\\ x --work-mem=1 -crole=r", 'TimeZone', 'UTC'),
  );
  t.deepEqual(
    read?.settings,
    new Map([
      ['a.b', "it's x"],
      ['work_mem', '1'],
      ['role', 'r'],
      ['timezone', 'UTC'],
    ]),
  );
  t.is(read?.database, 'u');
  t.is(
    settle(
      new Map([
        ['role', 'r'],
        ['a.b', "it's\\"],
      ]),
    ),
    'reset session authorization; reset role; reset all; ' +
      "select pg_catalog.set_config(E'a.b', E'it\\'s\\\\', false); " +
      "select pg_catalog.set_config(E'role', E'r', false)",
  );
  for (const options of ['-x', '-c', '-c a', 'a=b', '-c =b']) {
    t.is(readStartup(body('user', 'u', 'options', options)), null, options);
  }
  t.deepEqual(readStartup(body('_pq_.x', '1'))?.unknown, ['_pq_.x']);
});
