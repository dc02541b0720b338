// Calls from cell to cell that wait: which lane they run in, whose children their spans are, and
// whose bytes a cell sees that stands still where it should not.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { S_SUBJECT_AT, S_SUBJECT_BYTES } from '../../assembly/shared/layout.ts';
import { REASON_REPLY_WILD } from '../../assembly/shared/reason.ts';
import * as S from '../../assembly/shared/status.ts';
import type { SpanRecord } from '../../host/lane/contract.ts';
import { caller, counter, outcome } from './callers.ts';
import { ECHO, reply } from './cells.ts';
import { Desk, messageOf } from './desk.ts';
import * as W from './waiters.ts';
import { readU32, u32 } from './waiters.ts';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-crossing-lanes-'));
fs.writeFileSync(path.join(root, 'a'), 'five!');
test.after.always(() => fs.rmSync(root, { recursive: true }));
const blob = { root };

test.serial('actors that one cell calls share a lane when they come after it', async (t) => {
  const ways = ['x', 'y'].map((name) => ({ name, target: `${name}.count` }));
  const both = caller('a', ways);
  const grants = { call: ['x', 'y'] };
  const after = await Desk.open(t, { lanes: 2 });
  after.session(1);
  const a = await after.load(both, grants);
  await after.load(counter('x'));
  await after.load(counter('y'));
  for (const lane of [0, 1]) {
    for (const route of [a, a + 1]) {
      const { status, payload } = outcome(await after.call(route, u32(0), { lane }));
      t.deepEqual([status, readU32(payload)], [0, lane + 1]);
    }
  }
  const before = await Desk.open(t, { lanes: 2 });
  before.session(1);
  await before.load(counter('x'));
  await before.load(counter('y'));
  const late = await before.load(both, grants);
  for (const route of [late, late + 1]) {
    t.is(outcome(await before.call(route, u32(0))).status, 0, 'each method goes to its actor');
  }
  // One method that can reach both: the second one cannot be reached, and it is said.
  const mixed = caller('m', ways, { methods: [] });
  mixed.methods[1].calls = ['x.count', 'y.count'];
  const m = await before.load(mixed, grants);
  const answer = await before.call(m + 1, u32(0));
  const { status, payload } = outcome(answer);
  t.is(status, S.UNAVAILABLE);
  t.regex(messageOf({ ...answer, payload }), /`y.count` cannot be reached: .* another lane/);
});

for (const lanes of [0, 1]) {
  test.serial(`spans of called cells are children, --lanes ${lanes}`, async (t) => {
    const desk = await Desk.open(t, { lanes });
    desk.session(1);
    desk.lanes.collectSpans(true);
    const span = (name: string) => ({ span: { name, ratio: 1 } });
    const waiter = W.waiter('waiter', false);
    waiter.methods[W.ASK].policies = span('ask');
    waiter.methods[W.ECHO_METHOD].policies = span('echo');
    const b = caller('b', [
      { name: 'ask', target: 'waiter.ask' },
      { name: 'echo', target: 'waiter.echo' },
    ]);
    const a = caller('a', [
      { name: 'ask', target: 'b.ask' },
      { name: 'echo', target: 'b.echo' },
    ]);
    for (const { methods } of [a, b]) {
      methods[0].policies = span('ask');
      methods[1].policies = span('echo');
    }
    const route = await desk.load(a, { call: ['b'] });
    await desk.load(b, { call: ['waiter'] });
    await desk.load(waiter, { blob });
    for (const method of [0, 1]) {
      const answer = outcome(await desk.call(route + method, u32(2)));
      t.is(answer.status, 0);
      const spans: SpanRecord[] = [];
      await desk.soon(() => {
        desk.lanes.spans((s) => spans.push({ ...s }), 100);
        return spans.length >= 3;
      });
      t.is(new Set(spans.map((s) => s.traceId)).size, 1, 'one trace');
      const root = spans.find((s) => s.parentId === '') as SpanRecord;
      const middle = spans.find((s) => s.parentId === root.spanId) as SpanRecord;
      const leaf = spans.find((s) => s.parentId === middle?.spanId) as SpanRecord;
      const routes = [root, middle, leaf].map((s) => s?.route);
      t.deepEqual(routes, [route + method, route + 2 + method, route + 4 + method]);
    }
  });
}

test.serial('a cell that stands still taking arguments never gets those of others', async (t) => {
  const desk = await Desk.open(t, { lanes: 0 });
  desk.session(1);
  const ways = [{ name: 'go', target: 'h.echo' }];
  const a = await desk.load(caller('a', ways), { call: ['h'] });
  await desk.load(
    {
      name: 'h',
      imports: W.BLOB_IMPORTS,
      extra: '(data (i32.const 16) "a")',
      alloc: '(drop (call $size (i32.const 16) (i32.const 1))) (i32.const 1024)',
      methods: [{ name: 'echo', tier: 'waiting', body: ECHO }],
    },
    { blob },
  );
  const alone = outcome(await desk.call(a, u32(1)));
  t.deepEqual([alone.status, readU32(alone.payload)], [0, 1]);
  const ids = [1, 2, 3, 4];
  desk.push(
    0,
    1,
    ids.map((id) => ({ route: a, id, payload: u32(id) })),
  );
  await desk.until(() => ids.every((id) => desk.got(id).length === 1));
  let refused = 0;
  for (const id of ids) {
    const { status, reason, payload } = outcome(desk.got(id)[0]);
    if (status === 0) t.is(readU32(payload), id, 'its own');
    else {
      t.deepEqual([status, reason], [S.INTERNAL, REASON_REPLY_WILD]);
      refused++;
    }
  }
  t.true(refused > 0);
});

test.serial('a called cell that waits knows who calls, whoever calls beside them', async (t) => {
  const desk = await Desk.open(t, { lanes: 0 });
  for (const connection of [1, 2]) {
    desk.session(connection);
    const at = desk.memory.sessionAt(connection);
    const text = desk.memory.texts + 2 * connection * desk.memory.textBytes;
    desk.memory.bytes.set(Buffer.from(`user${connection}`), text);
    desk.memory.view.setUint32(at + S_SUBJECT_AT, text, true);
    desk.memory.view.setUint32(at + S_SUBJECT_BYTES, 5, true);
  }
  const a = await desk.load(caller('a', [{ name: 'who', target: 'h.who' }]), { call: ['h'] });
  const read = '(import "cell:caller" "read" (func $caller (param i32 i32) (result i32)))';
  await desk.load(
    {
      name: 'h',
      imports: W.BLOB_IMPORTS + read,
      extra: '(data (i32.const 16) "a")',
      methods: [
        {
          name: 'who',
          tier: 'waiting',
          body: `(drop (call $size (i32.const 16) (i32.const 1)))
            ${reply('(i32.const 512)', '(call $caller (i32.const 512) (i32.const 64))')}`,
        },
      ],
    },
    { blob },
  );
  for (let id = 1; id <= 20; id++) desk.push(0, 1 + (id % 2), [{ route: a, id }]);
  await desk.until(() => desk.total === 20);
  for (let id = 1; id <= 20; id++) {
    const { payload } = outcome(desk.got(id, 1 + (id % 2))[0]);
    t.is(Buffer.from(payload).toString(), `user${1 + (id % 2)}`);
  }
});
