// Macros that answer with anything at all: the build ends, with findings or with texts that hold
// what was said where it belongs. Nothing closes what it was put into.
import test from 'ava';
import { readSource } from '../../build/1-read/read.ts';
import { ENTRY as CELL_ENTRY } from '../../build/4-emit/user-text.ts';
import { ENTRY } from './folder.ts';
import { type Answers, madeWith } from './macros.ts';

const SEED = Number(process.env.CELL_SEED ?? 20_261_120);
const CASES = 1200;

/** mulberry32: a small seeded generator. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const PIECES = (
  '{ } ( ) ; , . : => = == + - < > [ ] " \' ` ${ /* */ // \\ ? ! ' +
  '$proceed $attempt $fail $proceed; $fail; result this id name true 1 "a" `b` null ' +
  'return class function if else for while let const var export import new @x @Auth.public ' +
  'private static x(): void {} fail Session Status.ABORTED __cell __cell_get \n'
)
  .split(' ')
  .concat([' ', '\n', '\r\n', '\u2028', '']);
const METHODS = 'guard wrap parameter field method handler'.split(' ');
const DATA = 'member database initial start codec'.split(' ');
const CALLS = ['call', 'statement'];
const KINDS = [...METHODS, ...DATA, ...CALLS];

const TEXT = `class Row { id: u32 = 0; @Test.data x: u32 = 0; }
@service class Example {
  @Test.data x: u32 = 0;
  private asked(): void { Test.called("x"); }
  @Test.it get(id: u32, name: string): string { return x; }
  @Test.other two(): Row { return new Row(); }
}
function last(): u32 { return 1; }
`;

test(`any text of any kind, seed ${SEED}`, async (t) => {
  const random = generator(SEED);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  let taken = 0;
  for (let i = 0; i < CASES; i++) {
    const gives = Array.from({ length: 1 + Math.floor(random() * 2) }, () => {
      const some = Array.from({ length: 1 + Math.floor(random() * 7) }, () => pick(PIECES));
      const kind = pick(KINDS);
      // A shell that fits, more often than chance would have it.
      const text = some.join(random() < 0.5 ? ' ' : '');
      const shells: Record<string, string> = {
        method: `private x(): void { ${text} }`,
        handler: `${pick(['private ', ''])}x(): void { ${text} }`,
        member: `${pick(['static ', ''])}x(): void { ${text} }`,
        call: `function $name(): void { ${text} }`,
      };
      const whole = random() < 0.9 ? (shells[kind] ?? text) : text;
      const type = pick(['u32', 'string', text]);
      const values = kind === 'codec' ? pick([[], ['value'], ['map'], [text]]) : [text];
      const numbers = [pick([0, 1, 2]), pick([0, 1])];
      return { kind, name: 'x', text: whole, type, status: 3, values, numbers };
    });
    const stage = pick(['cache', 'retry', '']);
    const [it, data, called] = [METHODS, DATA, CALLS].map((kinds) =>
      gives.filter((one) => kinds.includes(one.kind)),
    );
    const answers: Answers = {
      it: { stage, gives: it },
      data: { gives: data },
      called: { on: ['call'], gives: called },
      other: { gives: [] },
    };
    const text = called.length > 0 ? TEXT : TEXT.replace('Test.called("x");', '');
    const made = await madeWith(text, answers, { compile: false });
    const shown = `case ${i}: ${JSON.stringify(gives)}`;
    const errors = made.findings.filter((f) => f.warning !== true);
    t.true(errors.length > 0 || made.emission !== null, shown);
    for (const { code, line } of errors)
      t.true(/^CELL4(?:0|11)|^CELL3/.test(code) && line > 0, `${code} ${shown}`);
    if (made.emission === null) continue;
    taken++;
    const user = await readSource(made.emission.texts.get(ENTRY)?.text ?? '', ENTRY);
    const entry = await readSource(made.emission.texts.get(CELL_ENTRY)?.text ?? '', CELL_ENTRY);
    t.deepEqual([...user.faults, ...entry.faults], [], shown);
    t.deepEqual(
      user.classes.map((c) => c.name),
      ['Row', 'Example'],
      shown,
    );
    t.is(entry.classes.length, 0, shown);
    t.true(user.functions.includes('last'), shown);
    for (const name of user.functions) t.regex(name, /^(last$|__cell)/, shown);
  }
  t.true(taken > 10, `${taken} were taken`);
});
