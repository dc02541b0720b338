// Cell: users.cell.ts behind the real host, with its defaults (one lane on two cores,
// uWebSockets.js where it loads), called by the generated client. The module is compiled by the
// bin, in a process of its own, so that the server is what `cell run` would be.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defaultLanes } from '../../host/cli/doctor.ts';
import { startHost } from '../../host/host.ts';
import { AUDIENCE, type Client, ISSUER, SECRET, type Service, type User } from './peer.ts';

const ROOT = new URL('../../', import.meta.url);
/** The project that the cell is built in; all of it is generated. */
const PROJECT = new URL('.cell/out/bench-peers/', ROOT);

/** What the generated client of users.cell.ts exports, as far as it is used here. */
interface Generated {
  Users: {
    connect(options: object): Promise<{
      readonly synapse: { close(): unknown };
      get(id: string): Promise<User>;
    }>;
  };
}

function build(): void {
  fs.mkdirSync(PROJECT, { recursive: true });
  const bin = fileURLToPath(new URL('host/cli/cell.mjs', ROOT));
  const source = fileURLToPath(new URL('users.cell.ts', import.meta.url));
  const cwd = fileURLToPath(PROJECT);
  const built = spawnSync(process.execPath, [bin, 'build', source], { cwd, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`cell build failed:\n${built.stdout}${built.stderr}`);
}

export async function serve(): Promise<Service> {
  build();
  const host = await startHost({
    cwd: fileURLToPath(PROJECT),
    modules: [fileURLToPath(new URL('.cell/out/users.wasm', PROJECT))],
    config: {
      issuers: [{ issuer: ISSUER, audience: AUDIENCE, algorithms: ['HS256'], secret: SECRET }],
    },
    lanes: defaultLanes(),
    host: '127.0.0.1',
    port: 0,
    events: { log: ({ level, text }) => level === 'error' && console.error(text) },
  });
  return { url: host.url, close: () => host.stop() };
}

export async function connect(url: string, token: string): Promise<Client> {
  const file = new URL('.cell/clients/users.ts', PROJECT);
  const { Users } = (await import(file.href)) as Generated;
  const users = await Users.connect({ url, token: token === '' ? null : token });
  return {
    get: (id) => users.get(id),
    close: async () => void users.synapse.close(),
  };
}
