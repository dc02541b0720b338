// What comes from a server that is slow, hostile or not a server at all: messages that are cut,
// lies about lengths, silence, noise. A job ends with a status, the pool goes on, nothing throws.
import { once } from 'node:events';
import net from 'node:net';
import test, { type ExecutionContext } from 'ava';
import * as S from '../../assembly/shared/status.ts';
import { HEAD } from '../../host/capability/sql/backend.ts';
import { Messages } from '../../host/capability/sql/messages.ts';
import { PostgresPool } from '../../host/capability/sql/postgres.ts';
import { ResultBytes } from '../../host/capability/sql/result.ts';
import { ROW_TAKEN, takeRow } from '../../host/capability/sql/rows.ts';
import { failureOf } from '../../host/capability/sql/sqlstate.ts';
import { Job, run, statement } from './conformance.ts';
import { rowsOf } from './script-cell.ts';
import { randomOf } from './stand.ts';

const seed = Number(process.env.CELL_SEED ?? Math.floor(Math.random() * 2 ** 32));

function message(type: string, ...parts: (Uint8Array | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const head = Buffer.alloc(HEAD);
  head.write(type);
  head.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const u16 = (value: number): Buffer => Buffer.of(value >>> 8, value & 255);
const i32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const dataRow = (...fields: (string | null)[]): Buffer =>
  message(
    'D',
    u16(fields.length),
    ...fields.flatMap((f) => (f === null ? [i32(-1)] : [i32(Buffer.byteLength(f)), f])),
  );

/** What a sink was told, as text. */
function heard(chunks: Buffer[]): string[] {
  const told: string[] = [];
  const messages = new Messages({
    row: (bytes, at, to) => told.push(`row ${bytes.toString('hex', at, to)}`),
    message: (type, bytes, at, to) => told.push(`${type} ${bytes.toString('hex', at, to)}`),
    hugeRow: () => told.push('huge'),
    confused: () => told.push('confused'),
  });
  for (const chunk of chunks) messages.data(chunk, chunk.length);
  return told;
}

test('a stream that is cut anywhere is the same stream', (t) => {
  const stream = Buffer.concat([
    message('1'),
    dataRow('a', null, ''),
    dataRow('x'.repeat(300), 'y', 'z'),
    message('C', 'SELECT 2\0'),
    message('Z', 'I'),
  ]);
  const whole = heard([stream]);
  t.is(whole.length, 5);
  for (let cut = 0; cut <= stream.length; cut++) {
    t.deepEqual(heard([stream.subarray(0, cut), stream.subarray(cut)]), whole);
  }
  t.deepEqual(heard([...stream].map((byte) => Buffer.of(byte))), whole);
});

test('lengths that cannot be are the end; a huge row is passed over', (t) => {
  t.deepEqual(heard([Buffer.from([0x44, 0, 0, 0, 3, 1, 1])]), ['confused']);
  t.deepEqual(heard([Buffer.from([0x54, 0x7f, 0xff, 0xff, 0xff])]), ['confused']);
  const size = (17 << 20) + 4;
  const head = Buffer.concat([Buffer.of(0x44), i32(size)]);
  const chunk = Buffer.alloc(1 << 20);
  const chunks = Array.from({ length: 17 }, () => chunk);
  t.deepEqual(heard([head, ...chunks, message('Z', 'I')]), ['huge', `${0x5a} 49`]);
});

test('rows: any bytes are taken or refused, and never read beyond', (t) => {
  t.log(`CELL_SEED=${seed}`);
  const random = randomOf(seed);
  const result = new ResultBytes();
  for (let i = 0; i < 20_000; i++) {
    const good = dataRow(...Array.from({ length: random() % 4 }, () => 'v'.repeat(random() % 9)));
    const body = good.subarray(HEAD);
    for (let n = random() % 3; n > 0 && body.length > 0; n--)
      body[random() % body.length] = random();
    const cut = random() % 2 === 0 ? body.length : random() % (body.length + 1);
    result.reset(2);
    const places = random() % 2 === 0 ? null : [1, 0];
    const taken = takeRow(result, body, 0, cut, 2, places);
    if (taken !== ROW_TAKEN) continue;
    result.finish(1);
    t.is(rowsOf(result.bytes.subarray(0, result.length)).rows.length, 1);
  }
  t.pass();
});

test('every SQLSTATE has a status, and words without the server’s details', (t) => {
  const random = randomOf(seed);
  const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  for (let i = 0; i < 5000; i++) {
    const code = Array.from({ length: 5 }, () => letters[random() % 36]).join('');
    const message = 'invalid input: "SECRET"';
    const error = { code, message, fatal: false, table: '', column: '', constraint: '' };
    const { status, text } = failureOf(error);
    t.true(status > 0 && status <= 16);
    if (!/^42/.test(code)) t.notRegex(text, /SECRET/);
  }
});

/** A server that logs everybody in, then does what `then` says with each turn. */
async function fake(
  t: ExecutionContext,
  then: (socket: net.Socket, turn: Buffer) => void,
  login: Buffer = Buffer.concat([
    message('R', i32(0)),
    message('K', i32(1), i32(2)),
    message('Z', 'I'),
  ]),
): Promise<PostgresPool> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(login);
      socket.on('data', (turn) => then(socket, turn as Buffer));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const config = {
    host: '127.0.0.1',
    port,
    user: 'u',
    database: 'd',
    connectionTimeoutMillis: 2000,
  };
  const pool = new PostgresPool({
    ...{ schema: 's', connections: 2, timeoutMs: 400, cancelMs: 200 },
    server: async () => config,
  });
  t.teardown(async () => {
    await pool.close();
    server.close();
  });
  return pool;
}

const READ = statement('select a from t', [], ['a']);
const WRITE = statement('insert into t values (1)');
const PARSED = Buffer.concat([
  message('3'),
  message('1'),
  message('t', u16(0)),
  message('T', u16(1), 'a\0', Buffer.alloc(18)),
  message('Z', 'I'),
]);
const isParse = (turn: Buffer): boolean => turn.includes('select') || turn.includes('insert');

test('a server that ends the connection: a read is UNAVAILABLE, a write UNKNOWN', async (t) => {
  const pool = await fake(t, (socket, turn) => {
    if (isParse(turn)) socket.write(PARSED);
    else socket.destroy();
  });
  t.is((await run(pool, READ)).status, S.UNAVAILABLE);
  const wrote = await run(pool, WRITE);
  t.is(wrote.status, S.UNKNOWN);
  t.regex(wrote.error, /nobody knows whether the statement was done/);
});

test('a server that sends noise, or rows that were not asked for', async (t) => {
  const noise = [
    message('D', u16(9)),
    Buffer.concat([message('2'), dataRow('a', 'b'), message('Z', 'I')]),
    Buffer.from([1, 0, 0, 0, 1, 255]),
    message('G', Buffer.of(0), u16(0)),
    message('E', 'SFATAL\0VFATAL\0C57P01\0Mbye SECRET\0\0'),
  ];
  for (const bytes of noise) {
    const pool = await fake(t, (socket, turn) => {
      socket.write(isParse(turn) ? PARSED : bytes);
    });
    const { status, error } = await run(pool, READ);
    t.true([S.INTERNAL, S.INVALID_ARGUMENT, S.UNAVAILABLE].includes(status), error);
    t.notRegex(error, /SECRET/);
  }
});

test('a disk that is full is RESOURCE_EXHAUSTED, and the connection stays', async (t) => {
  let turns = 0;
  const full = message('E', 'SERROR\0VERROR\0C53100\0Mcould not extend file "SECRET"\0\0');
  const pool = await fake(t, (socket, turn) => {
    if (isParse(turn)) socket.write(PARSED);
    else socket.write(Buffer.concat([turns++ === 0 ? full : message('2'), message('Z', 'I')]));
  });
  const { status, error } = await run(pool, WRITE);
  t.is(status, S.RESOURCE_EXHAUSTED);
  t.regex(error, /disk of the database is full/);
  t.is((await run(pool, WRITE)).status, 0);
});

test('a server that says nothing: the deadline is ours', async (t) => {
  const pool = await fake(t, (socket, turn) => {
    if (isParse(turn)) socket.write(PARSED);
  });
  const job = new Job(READ);
  const ended = job.begin(() => pool.run(job));
  // It does not answer the cancel request either: the connection is ended.
  const outcome = await ended;
  t.is(outcome.status, S.DEADLINE_EXCEEDED);
});

test('random answers: each job ends', async (t) => {
  t.log(`CELL_SEED=${seed}`);
  const random = randomOf(seed);
  const pool = await fake(t, (socket, turn) => {
    const answer = Buffer.concat([
      ...(isParse(turn) ? [PARSED] : [message('2'), dataRow('x'), message('C', 'SELECT 1\0')]),
      ...(isParse(turn) ? [] : [message('Z', 'I')]),
    ]);
    if (random() % 2 === 0) answer[random() % answer.length] = random();
    const cut = random() % answer.length;
    socket.write(answer.subarray(0, cut));
    setImmediate(() => {
      socket.write(answer.subarray(cut));
      if (random() % 4 === 0) socket.destroy();
    });
  });
  for (let i = 0; i < 12; i++) {
    const { status } = await run(pool, i % 2 === 0 ? READ : WRITE);
    t.true(status >= 0 && status <= 16);
  }
});

test('nobody listens, a login is refused, the server is no database', async (t) => {
  const closed = net.createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as net.AddressInfo;
  closed.close();
  await once(closed, 'close');
  const server = async () => ({ host: '127.0.0.1', port, user: 'u', database: 'd' });
  const away = new PostgresPool({ schema: 's', connections: 2, timeoutMs: 9000, server });
  const first = await run(away, READ);
  t.is(first.status, S.UNAVAILABLE);
  t.regex(first.error, /cannot be reached: nothing listens there/);
  const many = await Promise.all(Array.from({ length: 50 }, () => run(away, READ)));
  t.true(
    many.every(({ status }) => status === S.UNAVAILABLE),
    'none waits for what may not come',
  );
  await away.close();
  const refusal = message('E', 'SFATAL\0VFATAL\0C28P01\0Mpassword of "SECRET" failed\0\0');
  const login = await fake(t, () => {}, refusal);
  const refused = await run(login, READ);
  t.is(refused.status, S.UNAVAILABLE);
  t.regex(refused.error, /refuses the login/);
  t.notRegex(refused.error, /SECRET/);
  const full = await fake(t, () => {}, message('E', 'SFATAL\0VFATAL\0C53300\0Mfull\0\0'));
  t.is((await run(full, READ)).status, S.RESOURCE_EXHAUSTED);
  const http = await fake(t, () => {}, Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
  t.is((await run(http, READ)).status, S.DEADLINE_EXCEEDED);
});
