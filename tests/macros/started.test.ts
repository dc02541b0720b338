// Macro cells in a host that the build starts: real kernel, real sandbox, real watchdog. Cells that
// exchange facts, wait for each other, call another cell while they plan; and cells that crash,
// hang and flood.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { lines, type Town, town } from './town.ts';

/**
 * Two cells that ask each other different things; `Left.deadlock` and `Right.deadlock` the same.
 */
const pair = (own: string, other: string) => `
@service
class ${own} {
  @macro({ on: ["method"], stage: "validate" })
  private fact(spot: Spot): void {
    spot.provide("x", "of${own}", ["said by ${own}"]);
    const answer = spot.ask("${other.toLowerCase()}", "x", "of${other}");
    if (answer == null) return;
    spot.guard("\\"" + answer[0] + "\\" != \\"\\"", 9, "never");
  }
  @macro({ on: ["method"], stage: "validate" })
  private deadlock(spot: Spot): void {
    const answer = spot.ask("${other.toLowerCase()}", "y", "of${other}");
    if (answer == null && !spot.isLast) return;
    spot.provide("y", "of${own}", ["late"]);
    spot.guard("true", 9, "${own} alone");
  }
}`;

const ORACLE = `
@service
class Oracle {
  @Auth.public price(name: string): u32 { return <u32>name.length * 7; }
}`;

const ASKER = `
@remote("oracle") class Oracle {}
@service
class Asker {
  @macro({ on: ["method"], stage: "validate" })
  private price(spot: Spot): void {
    spot.guard(Oracle.price(spot.declaration.name).toString() + " > 0", 9, "no price");
  }
}`;

const WILD = `
@service
class Wild {
  @macro({ on: ["method"] }) private hang(spot: Spot): void { while (true) {} }
  @macro({ on: ["method"] }) private crash(spot: Spot): void { throw new Error("out of luck"); }
  @macro({ on: ["method"] }) private fail(spot: Spot): void {
    fail<i32>(Status.ABORTED, "not today");
  }
  @macro({ on: ["method"] }) private recurse(spot: Spot): void { this.deep(0); }
  @macro({ on: ["method"] }) private flood(spot: Spot): void {
    spot.wrap("$proceed;" + " ".repeat(3 << 20), "trace");
  }
  @macro({ on: ["method"] }) private fill(spot: Spot): void {
    const kept: StaticArray<u8>[] = [];
    for (;;) kept.push(new StaticArray<u8>(1 << 20));
  }
  @macro({ on: ["method"] }) private broken(spot: Spot): void { spot.guard("id >", 9, "x"); }
  @macro({ on: ["method"] }) private stranger(spot: Spot): void {
    spot.guard("nobody.knows(id)", 9, "x");
  }
  private deep(n: i32): i32 { return n < 0 ? 0 : this.deep(n + 1) + 1; }
}`;

let shared: Town;

test.before(async () => {
  shared = await town({
    'left.cell.ts': pair('Left', 'Right'),
    'right.cell.ts': pair('Right', 'Left'),
    'oracle.cell.ts': ORACLE,
    'asker.cell.ts': ASKER,
    'wild.cell.ts': WILD,
  });
});
test.after.always(() => shared?.remove());

const user = (name: string, uses: string) =>
  `@service class ${name} {\n  ${uses}\n  @Auth.public one(id: u32): u32 { return id; }\n}\n`;

/** What the cell said, as it stands in .cell/macros. */
function answers(cell: string): string {
  return fs.readFileSync(path.join(shared.cwd, '.cell/macros', `${cell}.json`), 'utf8');
}

test.serial('two cells that ask each other facts agree', async (t) => {
  const made = await shared.build('facts.cell.ts', user('Facts', '@Left.fact @Right.fact'));
  t.deepEqual(lines(made), []);
  t.true(answers('left').includes('said by Right'));
  t.true(answers('right').includes('said by Left'));
});

test.serial('a cycle is a warning with its path; both cells go on alone', async (t) => {
  const made = await shared.build('knot.cell.ts', user('Knot', '@Left.deadlock @Right.deadlock'));
  const path = 'left asks right for y.ofRight, right asks left for y.ofLeft';
  t.deepEqual(lines(made), [`CELL4014 2:3 questions wait for each other: ${path}`]);
  t.truthy(made.summary);
  t.true(answers('left').includes('Left alone'));
  t.true(answers('right').includes('Right alone'));
});

test.serial('a macro calls another cell while it plans', async (t) => {
  const made = await shared.build('priced.cell.ts', user('Priced', '@Asker.price'));
  t.deepEqual(lines(made), []);
  t.true(answers('asker').includes('21 > 0'));
});

const FAULTS: [string, string, RegExp][] = [
  ['crash', 'CELL4020', /`wild` failed .*out of luck/],
  ['fail', 'CELL4020', /`wild` failed .*not today/],
  ['recurse', 'CELL4020', /`wild` failed/],
  ['fill', 'CELL4020', /`wild` failed/],
  ['hang', 'CELL4021', /`wild` does not answer/],
  ['flood', 'CELL4022', /`wild` .* too large/],
];

for (const [name, code, what] of FAULTS) {
  test.serial(
    `a macro that does "${name}" ends the build with its name, and nothing else`,
    async (t) => {
      const made = await shared.build(
        `${name}.cell.ts`,
        user('Victim', `@Wild.${name} @Retry.onFailure`),
      );
      t.is(made.summary, null);
      t.is(made.findings.length, 1, lines(made).join('\n'));
      t.is(lines(made)[0].slice(0, 12), `${code} 2:3`);
      t.regex(made.findings[0].message, what);
    },
  );
}

test.serial('code that does not parse or names nobody is told at the decorator', async (t) => {
  for (const name of ['broken', 'stranger']) {
    const made = await shared.build(`${name}.cell.ts`, user('Victim', `@Wild.${name}`));
    t.is(made.summary, null);
    t.true(made.findings.length > 0);
    t.regex(lines(made)[0], /^CELL40\d\d 2:3 .*wild/i);
  }
});
