// Owns the databases that the tests of builds' work with databases run on: each version of a real
// server that can be had, the embedded one in a folder of its own, and SQLite.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestFn } from 'ava';
import { type Place, resolveTarget, type Target } from '../../host/database/targets.ts';
import { postgresVersions, startPostgres } from '../sql/servers.ts';

/** A database of a test file. `text` resolved in `place` is `target`. */
export interface Engine {
  name: string;
  text: string;
  place: Place;
  target: Target;
}

/** A folder that goes with the process. */
export function temporary(name: string): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `cell-${name}-`));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Makes a test of `body` for each engine; one server a version and a file. The embedded one ends
 * itself soon after its last client.
 */
export function onEngines(
  test: TestFn,
  kinds: readonly ('postgres' | 'sqlite')[],
  body: (name: string, engine: () => Engine) => void,
): void {
  process.env.CELL_PGLITE_IDLE_MS ??= '1000';
  const made = new Map<string, Engine>();
  const add = (name: string, text: string, env: NodeJS.ProcessEnv = {}): void => {
    const place = { project: temporary('database'), env };
    made.set(name, { name, text, place, target: resolveTarget(text, place) });
  };
  const engine = (name: string) => (): Engine => made.get(name) as Engine;
  if (kinds.includes('postgres')) {
    for (const version of postgresVersions(test)) {
      const name = `PostgreSQL ${version}`;
      test.before(`${name} starts`, async () => {
        const server = await startPostgres(version);
        stops.push(() => server.stop());
        add(name, 'default', { DATABASE_URL: server.url });
      });
      body(name, engine(name));
    }
    add('PGlite', 'default');
    body('PGlite', engine('PGlite'));
  }
  if (kinds.includes('sqlite')) {
    add('SQLite', 'file:data/app.db');
    body('SQLite', engine('SQLite'));
  }
  const stops: (() => Promise<unknown>)[] = [];
  test.after.always('servers stop', async () => {
    await Promise.all(stops.map((stop) => stop()));
  });
}
