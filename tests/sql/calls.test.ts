// The imports of `cell:sql` in real lanes on a real server: what statements answer, what is
// refused, and with which words. The guest is a script (script-cell.ts).
import test from 'ava';
import * as S from '../../assembly/shared/status.ts';
import { SQL_ARGS_BYTES } from '../../host/capability/sql/contract.ts';
import { Desk } from '../lane/desk.ts';
import { u32 } from '../lane/waiters.ts';
import { type Step, scriptModule } from './script-cell.ts';
import {
  COUNT,
  INSERT,
  LOST,
  MANIFEST,
  NAME,
  one,
  randomOf,
  ScriptServer,
  steps,
  text,
} from './stand.ts';

const db = new ScriptServer(test);

for (const lanes of [0, 1]) {
  db.on(`statements, rows, failures and their words, --lanes ${lanes}`, async (t) => {
    const s = await db.stand(t, lanes);
    const got = await steps(s, [
      { run: INSERT, args: ['1', 'ünï'] },
      { run: INSERT, args: ['2', null] },
      { run: INSERT, args: ['2', 'SECRET'] },
      { run: NAME, args: ['1'] },
      { run: NAME, args: ['2'] },
      { run: LOST },
      { run: COUNT },
    ]);
    t.deepEqual(
      got.map(({ status }) => status),
      [0, 0, -S.ALREADY_EXISTS, 0, 0, -S.FAILED_PRECONDITION, 0],
    );
    t.is(text(got[2]), 'a row with the same key exists: unique `t_pkey` of `t`');
    t.deepEqual([one(got[3]), one(got[4]), one(got[6])], ['ünï', null, '2']);
    t.regex(text(got[5]), /column "lost" does not exist.*cell migrate/);
  });
}

db.on('what is wrong with arguments is said, and nothing is sent', async (t) => {
  const s = await db.stand(t, 0);
  const long = 'x'.repeat((1 << 20) - 100);
  const got = await steps(s, [
    { run: 'select 1' },
    { run: INSERT, args: ['1'] },
    { run: INSERT, args: ['1', '2', '3'] },
    { run: INSERT, bytes: Uint8Array.of(5, 0, 0, 0, 1) },
    { run: INSERT, bytes: Uint8Array.of(254, 255, 255, 255, 1) },
    { run: INSERT, args: ['1', 'a\0b'] },
    { run: INSERT, args: ['1', Uint8Array.of(0xc3, 0x28)] },
    { run: INSERT, args: ['1', Uint8Array.of(0xed, 0xa0, 0x80)] },
    { run: COUNT },
  ]);
  const wrong = -S.INVALID_ARGUMENT;
  t.deepEqual(
    got.map(({ status }) => status),
    [-S.PERMISSION_DENIED, wrong, wrong, wrong, wrong, wrong, wrong, wrong, 0],
  );
  t.regex(text(got[0]), /none of those that the build has seen/);
  t.regex(text(got[1]), /takes 2 arguments, not 1/);
  t.regex(text(got[3]), /no sequence of fields/);
  t.regex(text(got[5]), /argument 2 has the character U\+0000/);
  t.regex(text(got[6]), /not UTF-8/);
  t.is(one(got[8]), '0');
  await steps(s, [{ run: INSERT, args: ['9', long] }]);
  t.is(one((await steps(s, [{ run: NAME, args: ['9'] }]))[0]), long);
});

db.on('the order of things: take once, begin once, end what is open', async (t) => {
  const s = await db.stand(t, 0);
  const got = await steps(s, [
    { take: true },
    { end: true },
    { begin: 9 },
    { begin: 0 },
    { begin: 0 },
    { end: true },
    { end: true },
    { run: COUNT },
    { take: true },
  ]);
  const order = -S.FAILED_PRECONDITION;
  t.deepEqual(
    got.map(({ status }) => status),
    [order, order, -S.INVALID_ARGUMENT, 0, order, 0, order, 0, order],
  );
  t.is(text(got[4]), 'a transaction is open');
});

db.on('wild pointers and too many bytes are refused', async (t) => {
  const s = await db.stand(t, 0);
  const wild = (at: number, size: number): Step => ({ wild: COUNT, at, size });
  const end = 320 * 65536;
  const got = await steps(s, [
    ...[wild(-8, 4), wild(end + 1, 0), wild(end - 4, 5), wild(0, -1), wild(end, 0)],
    ...[wild(0, SQL_ARGS_BYTES), wild(0, SQL_ARGS_BYTES + 1)],
  ]);
  const wrong = -S.INVALID_ARGUMENT;
  t.deepEqual(
    got.map(({ status }) => status),
    [wrong, wrong, wrong, wrong, 0, wrong, -S.RESOURCE_EXHAUSTED],
  );
  t.regex(text(got[6]), /at most 16 MB/);
});

db.on('raw texts run where they are granted, and only there', async (t) => {
  const s = await db.stand(t, 0, { raw: true, grant: { raw: true } });
  const got = await steps(s, [
    { raw: 'select $1::int8 + 1 as n', args: ['41'] },
    { raw: "select 'a\0b'" },
    { raw: 'selec' },
    { raw: 'select 1; select 2' },
    { raw: 'begin' },
    { raw: 'select * from other.t' },
    { raw: 'delete from t returning id' },
  ]);
  t.is(one(got[0]), '42');
  for (const [i, why] of [/U\+0000/, /cannot be read/, /2 statements/, /transaction/].entries()) {
    t.regex(text(got[i + 1]), why);
  }
  t.is(got[5].status, -S.PERMISSION_DENIED);
  t.regex(text(got[5]), /other\.t, which is not granted/);
  t.is(got[6].status, 0);
  const desk = await Desk.open(t, { lanes: 0 });
  const module = scriptModule({ raw: true }, MANIFEST);
  await t.throwsAsync(desk.loadBytes(module, { sql: { url: db.server.url } }), { message: /raw/ });
});

db.on('random arguments: a status each, and the lane is whole', async (t) => {
  const seed = Number(process.env.CELL_SEED ?? Math.floor(Math.random() * 2 ** 32));
  t.log(`CELL_SEED=${seed}`);
  const random = randomOf(seed);
  const s = await db.stand(t, 0);
  const texts = [INSERT, COUNT, NAME, 'no such statement'];
  for (let i = 0; i < 300; i++) {
    const bytes = Uint8Array.from({ length: random() % 40 }, () =>
      random() % 3 === 0 ? 0 : random() % 256,
    );
    const [got] = await steps(s, [{ run: texts[random() % texts.length], bytes }]);
    t.true(got.status <= 0 && got.status >= -16);
    if (got.status < 0) t.true(text(got).length > 0);
  }
  const [last] = await steps(s, [{ run: COUNT }]);
  t.is(last.status, 0);
});

db.on('an echo beside waiting statements costs them nothing', async (t) => {
  const s = await db.stand(t, 0);
  const echo = await s.desk.call(s.route + 1, u32(7));
  t.deepEqual([...echo.payload], [...u32(7)]);
});
