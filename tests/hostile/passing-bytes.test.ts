// Calls from cell to cell share one place for their bytes: a cell that makes calls where it should
// only say where its arguments go does not get to see what others told each other there.
import test from 'ava';
import { REASON_REPLY_WILD } from '../../assembly/shared/reason.ts';
import { INTERNAL } from '../../assembly/shared/status.ts';
import { caller, outcome } from '../lane/callers.ts';
import { ECHO } from '../lane/cells.ts';
import { Desk } from '../lane/desk.ts';

test('a cell that calls from its alloc sees nothing of what the called one says', async (t) => {
  const desk = await Desk.open(t, { lanes: 0 });
  desk.session(1);
  await desk.load({ name: 'vault', methods: [{ name: 'put', body: ECHO }] });
  const secret = '(i64.store (local.get $ptr) (i64.const 0x746572636573))';
  const bank = caller('bank', [{ name: 'pay', target: 'vault.put', before: secret }]);
  await desk.load(bank, { call: ['vault'] });
  const spy = caller('spy', [{ name: 'never', target: 'bank.pay' }], {
    methods: [{ name: 'echo', body: ECHO }],
    alloc: `(drop (call $to_bank (i32.const 0) (i32.const 64) (i32.const 8))) (i32.const 1024)`,
  });
  await desk.load(spy, { call: ['bank'] });
  const shop = caller('shop', [{ name: 'ask', target: 'spy.echo' }]);
  const route = await desk.load(shop, { call: ['spy'] });
  const payload = Buffer.from('12345678');
  const { status, reason, payload: seen } = outcome(await desk.call(route, payload));
  t.false(Buffer.from(seen).includes('secret'));
  t.deepEqual([status, reason], [INTERNAL, REASON_REPLY_WILD]);
});
