// Owns an Atlas for tests: the real build, the real file of places, the real host on a free port,
// with a folder of its own.

import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { blobRoot, makePlaces } from '../../cells/apps/atlas/data/make.ts';
import type { Page } from '../../host/gateway/pages.ts';
import { type Host, startHost } from '../../host/host.ts';
import { make } from '../std/make.ts';

export const project = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

export interface Served {
  host: Host;
  /** Lines that the host logged as errors. */
  errors: string[];
}

let built: Promise<void> | undefined;

/** Builds the cell and its places where `npm start` would: once per process, cached on disk. */
export function buildAtlas(): Promise<void> {
  built ??= (async () => {
    const [made] = await make({ files: ['cells/apps/atlas/atlas.cell.ts'], cwd: project });
    if (!made?.summary) throw new Error(made?.findings.map((one) => one.message).join('\n'));
    await makePlaces(project);
  })();
  return built;
}

/** A folder of its own for a host's keys and state. */
export const runFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'atlas-run-'));

/**
 * A port that is free now, for a host that is to come back on it. A listener that was given port 0
 * would hold its port for a minute after its connections: uSockets sets SO_REUSEADDR on named ports
 * only.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export async function serveAtlas(
  cwd: string,
  over: { port?: number; page?: Page; places?: string; lanes?: number } = {},
): Promise<Served> {
  await buildAtlas();
  const errors: string[] = [];
  const root = over.places ?? blobRoot(project);
  const host = await startHost({
    cwd,
    modules: [join(project, '.cell/out/atlas.wasm')],
    config: { grants: { atlas: { blob: { root } } } },
    lanes: over.lanes ?? 1,
    port: over.port ?? 0,
    host: '127.0.0.1',
    ...(over.page ? { page: over.page } : {}),
    events: {
      log: (line) => {
        if (line.level === 'error') errors.push(line.text);
      },
    },
  });
  return { host, errors };
}
