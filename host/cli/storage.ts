// The verb `storage`: shows and removes the durable fields of the cells of this folder. A store has
// one user at a time, so a host that serves the cell must have ended.
import fs from 'node:fs';
import path from 'node:path';
import { DROP, isFailure, type KvListed } from '../capability/kv/contract.ts';
import { kvFile, openStore } from '../capability/kv/open.ts';
import { Writes } from '../capability/kv/writes.ts';
import { loadConfig } from '../cell/config.ts';
import type { KvGrant } from '../lane/contract.ts';
import { nearest } from '../schema/nearest.ts';
import { table, UserError } from './print.ts';

interface Stored {
  cell: string;
  fields: KvListed[];
}

/** Prints the stored fields of each cell. Exit code 0. Throws UserError. */
export async function listStored(cwd: string, json: boolean): Promise<number> {
  const stored: Stored[] = [];
  for (const [cell, grant] of await storesOf(cwd)) {
    stored.push({ cell, fields: await fieldsOf(cwd, cell, grant) });
  }
  if (json) console.log(JSON.stringify({ cells: stored }));
  else if (stored.every(({ fields }) => fields.length === 0)) {
    console.log('nothing is stored here; `@Storage.persist` on a field of a service stores it');
  } else {
    const rows = stored.flatMap(({ cell, fields }) =>
      fields.map(({ name, type, entries }) => [`${cell}.${name}`, String(entries), type]),
    );
    console.log(table([['field', 'entries', 'type'], ...rows]));
  }
  return 0;
}

/** Removes `directory.visits`. Exit code 0. Throws UserError when there is none. */
export async function dropStored(cwd: string, name: string, json: boolean): Promise<number> {
  const [cell, field, ...more] = name.split('.');
  if (!cell || !field || more.length > 0) {
    throw new UserError(
      `\`${name}\` is no stored field`,
      undefined,
      'directory.visits, for example',
    );
  }
  const grant = (await storesOf(cwd)).get(cell);
  const there = grant === undefined ? [] : await fieldsOf(cwd, cell, grant);
  if (grant === undefined || !there.some((one) => one.name === field)) {
    const names = there.map((one) => one.name);
    const near = nearest(field, names);
    const cause = names.length > 0 ? `it has stored ${names.join(', ')}` : 'it has stored nothing';
    const fix = near === null ? 'see: cell storage list' : `did you mean \`${cell}.${near}\`?`;
    throw new UserError(`\`${cell}\` has no stored field \`${field}\``, cause, fix);
  }
  const store = openStore(cell, grant, cwd, [field]);
  try {
    const loaded = await store.load(0);
    const none = { at: 0, length: 0 };
    const writes = new Writes();
    writes.add(DROP, 0, new Uint8Array(), none, none);
    const failure = isFailure(loaded) ? loaded : await store.commit(writes.take());
    if (failure !== null) throw refused(cell, failure.text);
  } finally {
    await store.close();
  }
  if (json) console.log(JSON.stringify({ dropped: name }));
  else console.log(`${name} was removed`);
  return 0;
}

async function fieldsOf(cwd: string, cell: string, grant: KvGrant): Promise<KvListed[]> {
  const store = openStore(cell, grant, cwd, []);
  try {
    const listed = await store.list();
    if (isFailure(listed)) throw refused(cell, listed.text);
    return listed;
  } finally {
    await store.close();
  }
}

function refused(cell: string, text: string): UserError {
  const isTaken = /another host/.test(text);
  const fix = isTaken ? 'end the host that serves it, then try again' : undefined;
  return new UserError(`what \`${cell}\` has stored cannot be read`, text, fix);
}

/** Cells with a store, and what is granted to them. */
async function storesOf(cwd: string): Promise<Map<string, KvGrant>> {
  const { grants = {} } = await loadConfig(cwd);
  const stores = new Map<string, KvGrant>();
  const folder = path.dirname(kvFile(cwd, 'x'));
  const files = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  for (const file of files.filter((name) => name.endsWith('.sqlite')).sort()) {
    stores.set(file.slice(0, -'.sqlite'.length), {});
  }
  for (const [cell, { kv }] of Object.entries(grants)) {
    const isThere = kv?.redis !== undefined || fs.existsSync(kv?.file ?? kvFile(cwd, cell));
    if (kv !== undefined && isThere) stores.set(cell, kv);
    else if (kv !== undefined) stores.delete(cell);
  }
  return stores;
}
