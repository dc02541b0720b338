// A macro cell that asks `postgres` about tables: what a search or a cache would want to know.
import test from 'ava';
import { History } from '../std/schemas.ts';
import { builtWith, standardAnswers, told } from '../std/standard.ts';
import { inProcess } from './in-process.ts';

/** Says what it has learnt of the class that it names, as warnings. */
const SEARCH = `
@service
class Search {
  @macro({ on: ["service"], args: [{ type: "string" }] })
  private over(spot: Spot): void {
    const about = spot.args.text("0");
    const keys = ["table", "columns", "fields", "types", "primaryKey", "changes"];
    const known: string[] = [];
    for (let i = 0; i < keys.length; i++) {
      const values = spot.ask("postgres", about, keys[i]);
      if (values) known.push(keys[i] + "=" + values.join(","));
    }
    if (known.length == 0) spot.warn("nobody knows of " + about, "");
    else spot.warn(known.join(" "), "");
  }
}`;

const users = (asked: string): string => `
@Postgres.table({ name: "users" })
class User {
  @Postgres.primaryKey id: string = uuid();
  @Postgres.column({ name: "mail" }) email: string | null = null;
  createdAt: Instant = Instant.unset;
}
@Search.over("${asked}")
@service
class Directory {
  ping(): void {}
}
`;

test('facts of tables reach whoever asks for them', async (t) => {
  const built = await builtWith(standardAnswers(), SEARCH);
  if (built.compiled === null) throw new Error(told(built).join('\n'));
  const Search = await inProcess(built.compiled);
  const { findings } = await (await History.begin({ Search })).build(users('User'));
  t.deepEqual(
    findings.map(({ message }) => message.replace(/^[^:]*: /, '')),
    [
      'table=users columns=id,mail,created_at fields=id,email,createdAt ' +
        'types=id text,mail text null,created_at timestamptz primaryKey=id ' +
        'changes=insert,update,delete',
    ],
  );
  const nobody = await (await History.begin({ Search })).build(users('Nobody'));
  t.regex(nobody.told.join(), /nobody knows of Nobody/);
});
