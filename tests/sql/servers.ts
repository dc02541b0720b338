// Owns which real servers the tests of data run on. A server that cannot be had here is told loudly
// and by name; with CELL_POSTGRES=required that is a failure.
import type { TestFn } from 'ava';
import {
  missingPostgres,
  type PostgresServer,
  type PostgresVersion,
  startPostgres,
} from '../../bench/postgres-server.ts';

export { missingPostgres, type PostgresServer, type PostgresVersion, startPostgres };

/** The versions that can be had; the others become a test that says what did not run. */
export function postgresVersions(test: TestFn): PostgresVersion[] {
  return ([15, 18] as const).filter((version) => {
    const why = missingPostgres(version);
    if (why === null) return true;
    test(`PostgreSQL ${version}: NOTHING OF THIS FILE RAN ON IT`, (t) => {
      t.log(why);
      if (process.env.CELL_POSTGRES === 'required') t.fail(why);
      else t.pass();
    });
    return false;
  });
}
