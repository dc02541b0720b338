// The four methods of the macro protocol: their own channel, their own scope, and out of the way of
// clients and of `cell call`.
import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { macroRefs } from '../../build/2-discover/wire.ts';
import { buildStandardCells } from '../../cells/std/build.ts';
import { readModule } from '../../host/cell/module.ts';
import { startHost } from '../../host/host.ts';
import { CellError, type MethodRef, Status, Synapse } from '../../host/synapse/node/index.ts';
import { folderWith } from '../build/folder.ts';

async function retryHost(t: ExecutionContext) {
  const { out } = await buildStandardCells();
  const { folder: cwd, remove } = folderWith({});
  const host = await startHost({
    ...{ cwd, modules: [path.join(out, 'retry.wasm')], config: {}, lanes: 1, port: 0 },
    ...{ host: '127.0.0.1', events: { log: () => {} } },
  });
  t.teardown(async () => {
    await host.stop();
    remove();
  });
  return host;
}

/** The status of a call of the first method of `refs` with an empty payload of a request. */
async function status(url: string, refs: MethodRef[], token: string | null): Promise<number> {
  const synapse = await Synapse.open(refs, { url, token, reconnect: false });
  try {
    const at = synapse.begin();
    const payload = new Uint8Array([
      24, 0, 0, 0, 8, 0, 0, 0, 20, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
    ]);
    synapse.outbox.grow(at + payload.length);
    synapse.outbox.bytes.set(payload, at);
    await synapse.end(0, payload.length, () => null, { timeout: 10_000 });
    return 0;
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    return error.status;
  } finally {
    await synapse.close();
  }
}

test('the scope cell:build opens them, no other does; strangers learn nothing', async (t) => {
  const host = await retryHost(t);
  const mint = host.mintToken!;
  const refs = macroRefs('retry');
  const may = await mint({ subject: 'build', scopes: ['cell:build'] });
  const mayNot = await mint({ subject: 'build', scopes: ['cell:builds'], roles: ['cell:build'] });
  const opened = await status(host.url, refs, may);
  t.false(
    [Status.PERMISSION_DENIED, Status.UNIMPLEMENTED, Status.UNAUTHENTICATED].includes(
      opened as never,
    ),
  );
  t.is(await status(host.url, refs, mayNot), Status.PERMISSION_DENIED);
  t.is(await status(host.url, refs, null), Status.UNAUTHENTICATED);
});

test('a frame on another channel does not reach them', async (t) => {
  const host = await retryHost(t);
  const token = await host.mintToken!({ subject: 'build', scopes: ['cell:build'] });
  for (const channel of [0, 1, 2]) {
    const refs = macroRefs('retry').map((ref) => ({ ...ref, channel }));
    t.is(await status(host.url, refs, token), Status.UNIMPLEMENTED, `channel ${channel}`);
  }
});

test('schema, client and lock: marked, and left out where clients look', async (t) => {
  const { out } = await buildStandardCells();
  const file = path.join(out, 'retry.wasm');
  const { schema, manifest } = readModule(fs.readFileSync(file), file);
  const macros = schema.methods.filter((m) => m.channel === 'macro');
  t.deepEqual(
    macros.map((m) => m.name),
    ['$describe', '$plan', '$apply', '$rollback'],
  );
  for (const { access } of macros) t.deepEqual(access.scopes, ['cell:build']);
  t.deepEqual(manifest.macros, { ns: 'Retry', names: ['onFailure'] });
});
