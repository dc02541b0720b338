// What a guest writes, or says when it traps, reaches the log as text: it moves no cursor and
// forges no line of another cell.
import test from 'ava';
import { printable } from '../../host/lane/printable.ts';
import { ECHO, type WatCell } from '../lane/cells.ts';
import { Desk } from '../lane/desk.ts';

const FORGED = 'x\u001b[2J\u009b31m\nerror host: all is lost';

/** Its panic says FORGED, and so does its log. */
const guest: WatCell = {
  name: 'forger',
  imports: '(import "cell:log" "write" (func $log (param i32 i32 i32)))',
  extra: `(global (export "panic") i32 (i32.const 516))
    (data (i32.const 256) "${text('utf8')}") (data (i32.const 512) "${size('utf16le')}")
    (data (i32.const 516) "${text('utf16le')}")`,
  methods: [
    {
      name: 'write',
      body: `(call $log (i32.const 1) (i32.const 256)
        (i32.const ${Buffer.byteLength(FORGED)})) ${ECHO}`,
    },
    { name: 'panic', body: '(unreachable)' },
  ],
};

function text(encoding: BufferEncoding): string {
  return Buffer.from(FORGED, encoding).toString('hex').replace(/../g, '\\$&');
}

function size(encoding: BufferEncoding): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(Buffer.byteLength(FORGED, encoding));
  return bytes.toString('hex').replace(/../g, '\\$&');
}

const CLEAN = 'x\ufffd[2J\ufffd31m\n  error host: all is lost';

test('log lines and panics of a guest are only text', async (t) => {
  const desk = await Desk.open(t, { lanes: 1 });
  desk.session(1);
  const route = await desk.load(guest);
  t.is((await desk.call(route)).status, 0);
  await desk.call(route + 1);
  await desk.until(() => desk.log.filter(({ cell }) => cell === 'forger').length === 2);
  const told = desk.log.filter(({ cell }) => cell === 'forger').map((line) => line.text);
  t.deepEqual(told.sort(), [`panic: ${CLEAN}`, CLEAN].sort());
});

test('frames of a trap keep their own indent; a tab stays', (t) => {
  t.is(printable('a\n  at b\n\tc\r\n'), 'a\n  at b\n  \tc\ufffd\n  ');
});
