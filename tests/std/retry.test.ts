// The standard cell `retry`: what is made again, how often, and never past a deadline; what it says
// of wrong arguments.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { Discovery } from '../../build/3-negotiate/contract.ts';
import { CellError } from '../../host/synapse/index.ts';
import { type Failure, type Linked, link } from '../build/linked.ts';
import { client, folder, moduleOf, serve, until } from './served.ts';
import { answering, builtWith, told } from './standard.ts';

let discovery: Discovery;
test.before(async () => {
  discovery = await answering({ Retry: 'retry' });
});

/** Fails with `status` until the `good`-th attempt. `use` stands on `get`; `drop` is void. */
const flaky = (use: string): string => `
@service class Flaky {
  tries: u32 = 0;
  ${use}
  get(status: u32, good: u32): string {
    this.tries++;
    log.info("attempt");
    if (this.tries < good) return fail<string>(status, "try " + this.tries.toString());
    return "after " + this.tries.toString();
  }
  ${use}
  drop(status: u32): void { log.info("attempt"); fail<void>(status, "gone"); }
  /** What calls itself has one retry around it, not two. */
  ${use}
  outer(status: u32): string { return this.inner(status); }
  private inner(status: u32): string { log.info("inner"); return fail<string>(status, "inside"); }
  @Retry.onFailure({ max: 2 })
  private twice(status: u32): string { log.info("private"); return fail<string>(status, "inside"); }
  through(status: u32): string { return this.twice(status); }
}`;

const UNAVAILABLE = 14;
const ABORTED = 10;
const NOT_FOUND = 5;
const RESOURCE_EXHAUSTED = 8;
const DEADLINE_EXCEEDED = 4;

/** The service, whose calls cannot wait: its pauses would trap. */
async function linked(use: string): Promise<Linked> {
  const built = await builtWith(discovery, flaky(use));
  if (built.compiled === null) throw new Error(told(built).join('\n'));
  return link(built.compiled, {
    'cell:retry': {
      pause: () => {
        throw new Error('a call that cannot wait paused');
      },
    },
  });
}

const attempts = (cell: Linked): number => cell.log().length;

test('a call that cannot wait is made again at once, at most `max` times in all', async (t) => {
  const cell = await linked('@Retry.onFailure({ max: 4, backoff: "10ms" })');
  t.deepEqual(cell.call('get', UNAVAILABLE, 3), { value: 'after 3' });
  t.is(attempts(cell), 3);
  const lost = cell.call('drop', ABORTED) as Failure;
  t.deepEqual([lost.status, lost.message], [ABORTED, 'gone']);
  t.is(attempts(cell), 7, 'four attempts of a void method');
});

test('the last failure is passed on as it was, with what was tried', async (t) => {
  const cell = await linked('@Retry.onFailure');
  const lost = cell.call('get', UNAVAILABLE, 9) as Failure;
  t.deepEqual([lost.status, lost.message, attempts(cell)], [UNAVAILABLE, 'try 3', 3]);
});

test('what will not pass is not tried again', async (t) => {
  const cell = await linked('@Retry.onFailure({ max: 5 })');
  for (const [i, status] of [NOT_FOUND, DEADLINE_EXCEEDED, 2, 13, 16].entries()) {
    t.is((cell.call('drop', status) as Failure).status, status);
    t.is(attempts(cell), i + 1, `status ${status}`);
  }
});

test('against an exhausted resource nothing is tried at once, even by name', async (t) => {
  const cell = await linked('@Retry.onFailure({ on: ["RESOURCE_EXHAUSTED", "INTERNAL"] })');
  t.is((cell.call('drop', RESOURCE_EXHAUSTED) as Failure).status, RESOURCE_EXHAUSTED);
  t.is(attempts(cell), 1);
  cell.call('drop', 13);
  t.is(attempts(cell), 4, 'INTERNAL was named');
  cell.call('drop', UNAVAILABLE);
  t.is(attempts(cell), 5, 'UNAVAILABLE was not');
});

test('calls inside are as written; private methods may have their own retry', async (t) => {
  const cell = await linked('@Retry.onFailure({ max: 3 })');
  t.is((cell.call('outer', UNAVAILABLE) as Failure).message, 'inside');
  t.is(cell.log().filter((line) => line.endsWith('inner')).length, 3);
  t.is((cell.call('through', UNAVAILABLE) as Failure).message, 'inside');
  t.is(cell.log().filter((line) => line.endsWith('private')).length, 2);
});

const WAITER = `
@service class Waiter {
  @Retry.onFailure({ max: 4, backoff: "1ms" })
  soon(): string {
    log.info("attempt " + Blob.size("there").toString());
    return fail<string>(Status.UNAVAILABLE, "not yet");
  }
  @Retry.onFailure({ max: 10, backoff: "10s" })
  late(): string {
    log.info("attempt " + Blob.size("there").toString());
    return fail<string>(Status.UNAVAILABLE, "not yet");
  }
}`;

test('a call that waits pauses between attempts, and gives up before its deadline', async (t) => {
  const cwd = folder(t);
  fs.writeFileSync(path.join(cwd, 'there'), 'x');
  const module = await moduleOf(cwd, discovery, WAITER);
  t.deepEqual(
    module.schema.methods.map((m) => m.tier),
    ['waiting', 'waiting'],
  );
  const grants = { waiter: { blob: { root: cwd } } };
  const host = await serve(t, cwd, [module], { config: { grants } });
  const { call } = await client(t, host, module, { subject: 'a' }, { timeout: 4000 });
  const failed = async (name: string): Promise<[number, string]> => {
    const error = await t.throwsAsync(() => call(name), { instanceOf: CellError });
    return [error?.status as number, error?.message as string];
  };
  t.deepEqual(await failed('soon'), [UNAVAILABLE, 'not yet']);
  const lines = () => host.log.filter((line) => line.endsWith('attempt 1')).length;
  await until(() => lines() >= 4);
  t.is(lines(), 4);
  // A pause of at least 5 s would pass the deadline: the failure itself comes back, and at once.
  t.deepEqual(await failed('late'), [UNAVAILABLE, 'not yet']);
  await until(() => lines() >= 5);
  t.is(lines(), 5);
});

for (const [use, line] of [
  ['@Retry.onFailure({ max: 1 })', /max/],
  ['@Retry.onFailure({ max: 11 })', /max/],
  ['@Retry.onFailure({ max: 2.5 })', /max/],
  ['@Retry.onFailure({ max: "3" })', /max/],
  ['@Retry.onFailure({ backoff: 50 })', /backoff/],
  ['@Retry.onFailure({ backoff: "50" })', /backoff/],
  ['@Retry.onFailure({ backoff: "11s" })', /backoff/],
  ['@Retry.onFailure({ on: ["NOT_FOUND"] })', /on/],
  ['@Retry.onFailure({ on: [] })', /on/],
  ['@Retry.onFailure({ tries: 3 })', /tries/],
  ['@Retry.onFailure(3)', /onFailure/],
  ['@Retry.onFailure @Retry.onFailure', /onFailure/],
  ['@Retry.onfailure', /onFailure|onfailure/],
] as [string, RegExp][]) {
  test(`refused: ${use}`, async (t) => {
    const built = await builtWith(
      discovery,
      `@service class Bad { ${use} get(): u32 { return 1; } }`,
    );
    t.is(built.compiled, null);
    t.is(built.findings.length, 1, told(built).join('\n'));
    t.regex(told(built)[0], line);
    t.true(built.findings[0].column > 20, 'it points into the decorator');
  });
}

test('on a class it would mean nothing', async (t) => {
  const built = await builtWith(
    discovery,
    '@Retry.onFailure @service class Bad { get(): u32 { return 1; } }',
  );
  t.is(built.compiled, null);
  t.regex(told(built).join('\n'), /onFailure/);
});

test('off: the module is that of the undecorated source', async (t) => {
  const source = (use: string): string =>
    `@service class Plain {\n  ${use}\n  get(id: u32): u32 { return id; }\n}`;
  const features = { retry: 'off' };
  const off = await builtWith(discovery, source('@Retry.onFailure({ max: 3 })'), { features });
  const bare = await builtWith(discovery, source(''));
  t.deepEqual(off.compiled?.wasm, bare.compiled?.wasm);
});
