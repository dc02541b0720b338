// What macro cells say is printed, kept and put beside the user's text: it moves no cursor, leaves
// no comment, hides no line among the user's own, and is no code where names belong.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { type Answers, answersText, readAnswers } from '../../build/2-discover/answers.ts';
import type { Description, Plan } from '../../build/2-discover/protocol.ts';
import { Findings, printFinding } from '../../build/diagnostics/findings.ts';
import { emitFile } from '../../build/driver.ts';
import { expandedText } from '../../build/expand.ts';
import type { Schema } from '../../host/schema/types.ts';
import { contribution, description, macro, plan, shape } from '../build/fake-cell.ts';
import { folderWith } from '../build/folder.ts';
import { type Answer, discoveryOf, madeWith } from '../build/macros.ts';
import { ENTRY } from '../build/project.ts';
import { village } from '../build/village.ts';

type Kept = Record<string, Record<string, Plan>>;

const TEXT = `@service class Example {
  @Test.it ask(id: u32): u32 { return id; }
}
`;

async function expanded(gives: Answer['gives']): Promise<string> {
  const { folder, remove } = folderWith({ [ENTRY]: TEXT });
  try {
    const findings = new Findings();
    const none = { features: new Map(), settings: new Map() };
    const macros = { discovery: discoveryOf({ it: { gives } }), ...none };
    const made = await emitFile(path.join(folder, ENTRY), folder, macros, findings);
    if (!made?.emission) throw new Error(findings.sorted().map(printFinding).join('\n'));
    return expandedText(made.project, made.negotiated, made.emission);
  } finally {
    remove();
  }
}

const FORGED = 'x\n@Auth.public forged(): void;\u001b[2J\r\u2028evil';

test('policies in words stay in their comments', async (t) => {
  const shown = await expanded([
    { kind: 'policy', name: 'span', text: FORGED, numbers: [1] },
    { kind: 'policy', name: 'memo', numbers: [1000, 0], values: ['', FORGED] },
    { kind: 'policy', name: 'counter', text: 'asked', values: ['plan:\u001b[2J\r\u2028evil'] },
  ]);
  const lines = shown.split(/\r\n|[\n\r\u2028\u2029]/).filter((line) => /forged|evil/.test(line));
  t.true(lines.length > 0);
  for (const line of lines) t.regex(line, /^\s*\/\/ /, JSON.stringify(line));
  t.notRegex(shown, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
});

test('code of a cell with a template in it is announced as its own', async (t) => {
  const text = 'private made(): string {\n    return `a\n    b`;\n  }';
  const shown = await expanded([{ kind: 'method', name: 'made', text }]);
  const lines = shown.split('\n');
  const at = lines.findIndex((line) => line.includes('private made()'));
  t.regex(lines[at - 1], /^\s*\/\/ @Test\.it, the next 4 lines:$/);
  const shownControls = await expanded([
    { kind: 'guard', text: 'id != 7 /* \u001b[2J\r */', status: 9, type: 'no' },
  ]);
  t.notRegex(shownControls, /[\u001b\r]/);
});

test('a finding that quotes a cell forges no line and moves no cursor', async (t) => {
  const text = '\u001b[2J\u009b31m (';
  const { findings } = await madeWith(TEXT, {
    it: { gives: [{ kind: 'guard', text, status: 9 }] },
  });
  t.deepEqual(
    findings.map((f) => f.code),
    ['CELL4060'],
  );
  t.notRegex(findings.map(printFinding).join('\n'), /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  const [finding] = findings;
  const message = 'a\nerror CELL1: b';
  t.regex(printFinding({ ...finding, message }), /^error CELL4060: a\n {2}error CELL1: b\n/);
});

test('a kept schema with code for names is damaged, whatever hash it carries', async (t) => {
  const [[, { schema }]] = await village([
    `export enum Kind { Plain, Gold } export class Entry { id: u32 = 0; kind: Kind = Kind.Plain; }
    @service class Ledger { @Auth.public debit(id: u32): Entry { return new Entry(); } }`,
  ]);
  const { folder, remove } = folderWith({ 'x.ts': '' });
  t.teardown(remove);
  fs.mkdirSync(path.join(folder, '.cell/macros'), { recursive: true });
  const told = (change: (schema: Schema) => void) => {
    const changed = structuredClone(schema);
    change(changed);
    const answers = {
      version: 1,
      cell: 'ledger',
      digest: 'd',
      description: null,
      plans: {},
    } as const;
    const text = answersText({ ...answers, schema: changed, callers: ['shop'] });
    fs.writeFileSync(path.join(folder, '.cell/macros/ledger.json'), text);
    const found = readAnswers(folder, 'ledger');
    return typeof found === 'string' ? found : 'sound';
  };
  const code = 'A {} @external("cell:blob", "size") declare function s(): i64; class B';
  t.is(
    told(() => {}),
    'sound',
  );
  for (const change of [
    (s: Schema) => void (s.records[0].name = code),
    (s: Schema) => void (s.records[0].fields[0].name = code),
    (s: Schema) => void (s.enums[0].members[0].name = code),
    (s: Schema) => void (s.enums[0].members[0].value = '0 } class X {' as never),
    (s: Schema) => void (s.methods[0].name = 'debit(): void {} function x'),
    (s: Schema) => void (s.methods[0].params[0].name = code),
    (s: Schema) => void (s.methods[0].result = { kind: 'record', name: code }),
    (s: Schema) => void (s.cell = 'bank'),
    (s: Schema) => void (s.cell = 'ledger"); evil("'),
    (s: Schema) => void (s.records = null as never),
  ]) {
    t.is(told(change), 'damaged', change.toString());
  }
});

test('kept answers of other shapes than the protocol has are damaged', async (t) => {
  const { folder, remove } = folderWith({ 'x.ts': '' });
  t.teardown(remove);
  fs.mkdirSync(path.join(folder, '.cell/macros'), { recursive: true });
  const told = (change: (answers: { description: Description; plans: Kept }) => void) => {
    const answers: Answers & { description: Description } = {
      ...{ version: 1, cell: 'till', digest: 'd', schema: null, callers: [] },
      description: description('Till', [
        macro('scope', { args: [shape('string')] }),
      ]) as Description,
      plans: {
        shop: { ab: plan({ contributions: [contribution('guard', { site: 0, use: 0 })] }) },
      },
    };
    change(answers);
    fs.writeFileSync(path.join(folder, '.cell/macros/till.json'), answersText(answers));
    const found = readAnswers(folder, 'till');
    return typeof found === 'string' ? found : 'sound';
  };
  t.is(
    told(() => {}),
    'sound',
  );
  for (const change of [
    (a) => void (a.description.macros = null as never),
    (a) => void (a.description.macros[0].needs = null as never),
    (a) => void (a.description.macros[0].args[0].values = null as never),
    (a) => void (a.description.doc = 7 as never),
    (a) => void (a.plans.shop.ab.contributions[0].type = 7 as never),
    (a) => void (a.plans.shop.ab.orders = [null] as never),
    (a) => void (a.plans.shop.ab = null as never),
    (a) => void (a.plans.shop = null as never),
  ] as ((answers: { description: Description; plans: Kept }) => void)[]) {
    t.is(told(change), 'damaged', change.toString());
  }
});

test('no other macro names the service: grants and locks go by that name', async (t) => {
  const text = `@service @Test.it class Example { ask(id: u32): u32 { return id; } }`;
  const on = ['service', 'class'];
  for (const gives of [{ text: 'billing' }, { numbers: [9, 9, 9] }]) {
    const { findings } = await madeWith(text, {
      it: { on, gives: [{ kind: 'service', ...gives }] },
    });
    t.deepEqual(
      findings.map(({ code, message }) => `${code} ${message}`),
      ['CELL4012 @Test.it and @service both name the service'],
    );
  }
});
