// The verb `storage`, as a user types it.
import path from 'node:path';
import test from 'ava';
import { PUT, TYPE } from '../../host/capability/kv/contract.ts';
import { kvFile } from '../../host/capability/kv/open.ts';
import { SqliteStore } from '../../host/capability/kv/sqlite-store.ts';
import { batchOf } from '../storage/stores.ts';
import { Project } from './program.ts';

test('storage: lists what cells have stored, and removes a field', async (t) => {
  const project = new Project(t);
  const storage = (...args: string[]) => project.cell('storage', ...args);
  t.regex((await storage()).out, /nothing is stored here/);
  const file = kvFile(project.folder, 'shop');
  t.is(path.relative(project.folder, file), path.join('.cell', 'data', 'kv', 'shop.sqlite'));
  const store = new SqliteStore({ file, fields: ['items', 'total'] });
  const items = batchOf([TYPE, 0, '', 'map {string:u64}'], [PUT, 0, 'a', '1'], [PUT, 0, 'b', '2']);
  await store.commit(items);
  await store.commit(batchOf([TYPE, 1, '', 'value u64'], [PUT, 1, '', '3']));
  const taken = await storage('drop', 'shop.items');
  t.is(taken.code, 1);
  t.regex(taken.err, /is in use by another host/);
  t.regex(taken.err, /fix: end the host that serves it/);
  await store.close();
  const list = await storage('list');
  t.regex(list.out, /shop\.items +2 +map \{string:u64\}\nshop\.total +1 +value u64/, list.err);
  const missing = await storage('drop', 'shop.item');
  t.is(missing.code, 1);
  t.regex(missing.err, /has no stored field `item`.*did you mean `shop\.items`\?/s);
  t.is((await storage('drop', 'shop.items', '--json')).out, '{"dropped":"shop.items"}\n');
  const told = JSON.parse((await storage('--json')).out);
  t.deepEqual(told, {
    cells: [{ cell: 'shop', fields: [{ name: 'total', type: 'value u64', entries: 1 }] }],
  });
  t.is((await storage('drop', 'shop')).code, 1);
  t.is((await storage('wipe')).code, 2);
});
