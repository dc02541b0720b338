// Answers that were committed before the protocol had calls: read, and completed with what says
// nothing.
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {
  answersFile,
  answersText,
  hashOf,
  merged,
  readAnswers,
} from '../../build/2-discover/answers.ts';
import { description, macro, plan } from './fake-cell.ts';
import { folderWith } from './folder.ts';

test('what they lack was never said; what was always there must be', (t) => {
  const effect = { key: 'a', preview: '', data: '', destructive: false, site: 0, use: 0 };
  const complaint = { site: 1, use: 0, path: '', message: 'm', fix: '', warning: true };
  const said = plan({ effects: [effect], complaints: [{ ...complaint, offset: -1, length: 0 }] });
  const today = merged(null, 'till', 'shop', {
    ...{ digest: 'a1', description: description('Till', [macro('scope')]), schema: null },
    plans: { 0: said },
  });
  const { folder, remove } = folderWith({ [answersFile('till')]: '' });
  t.teardown(remove);
  const write = (answers: object): void => {
    const text = JSON.stringify({ ...answers, hash: hashOf(answers) });
    fs.writeFileSync(path.join(folder, answersFile('till')), text);
  };
  const before = JSON.parse(JSON.stringify(today));
  const late: [object, string[]][] = [
    [before.description, ['bindings']],
    [before.description.macros[0], ['rest', 'result']],
    [before.plans.shop[0], ['lock', 'documents']],
    [before.plans.shop[0].effects[0], ['site', 'use']],
    [before.plans.shop[0].complaints[0], ['offset', 'length']],
  ];
  for (const [record, keys] of late) for (const key of keys) Reflect.deleteProperty(record, key);
  write(before);
  const read = readAnswers(folder, 'till');
  t.is(typeof read === 'string' ? read : answersText(read), answersText(today));
  delete before.description.macros[0].name;
  write(before);
  t.is(readAnswers(folder, 'till'), 'damaged');
});
