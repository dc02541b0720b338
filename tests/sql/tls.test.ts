// Connections over TLS: the same statements, the same cancelling, on a server with a certificate of
// its own.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import * as S from '../../assembly/shared/status.ts';
import { PostgresPool } from '../../host/capability/sql/postgres.ts';
import { readServerUrl } from '../../host/database/connection-url.ts';
import { begin, end, Job, run, statement } from './conformance.ts';
import { postgresVersions, startPostgres } from './servers.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cell-tls-'));
fs.chmodSync(folder, 0o755);
test.after.always(() => fs.rmSync(folder, { recursive: true, force: true }));

/** A certificate for 127.0.0.1, for the user that servers run as; null: there is no openssl. */
function certificate(): { cert: string; key: string } | null {
  const [cert, key] = ['server.crt', 'server.key'].map((name) => path.join(folder, name));
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject],
    ...['-keyout', key, '-out', cert],
  ]);
  if (made.status !== 0) return null;
  fs.chmodSync(key, 0o600);
  const { uid, gid } = nobody();
  if (process.getuid?.() === 0) fs.chownSync(key, uid, gid);
  return { cert, key };
}

function nobody(): { uid: number; gid: number } {
  const line = fs
    .readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((l) => /^nobody:/.test(l));
  const [, , uid, gid] = (line ?? 'nobody:x:65534:65534').split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

const made = certificate();
const version = postgresVersions(test).find((found) => found === 15);

if (made === null || version === undefined) {
  test('TLS: NOTHING OF THIS FILE RAN', (t) => {
    t.log(made === null ? 'there is no openssl here' : 'there is no PostgreSQL with TLS here');
    t.pass();
  });
} else {
  test('statements, transactions and cancelling over TLS', async (t) => {
    const server = await startPostgres(version, {
      ...{ ssl: 'on', ssl_cert_file: made.cert, ssl_key_file: made.key },
    });
    t.teardown(() => server.stop());
    const url = `${server.url}?sslmode=verify-full&sslrootcert=${encodeURIComponent(made.cert)}`;
    const pool = new PostgresPool({
      ...{ schema: 'public', connections: 2, timeoutMs: 30_000 },
      server: async () => readServerUrl(url, 'test'),
    });
    t.teardown(() => pool.close());
    const HOW = statement(
      'select ssl::text as ssl, $1 as echo from pg_stat_ssl where pid = pg_backend_pid()',
      ['text'],
      ['ssl', 'echo'],
    );
    const long = 'x'.repeat(300_000);
    t.deepEqual((await run(pool, HOW, [long])).rows, [['true', long]]);
    const session = await begin(pool, 2);
    t.is((await run(session, HOW, ['y'])).status, 0);
    t.is((await end(session, true)).status, 0);
    const job = new Job(statement('select pg_sleep(600)::text as s', [], ['s']));
    const ended = job.begin(() => pool.run(job));
    for (let i = 0; i < 20; i++) await run(pool, HOW, ['z']);
    pool.cancel(job, S.CANCELLED);
    t.is((await ended).status, S.CANCELLED);
    t.is((await run(pool, HOW, ['whole'])).status, 0);
  });
}
