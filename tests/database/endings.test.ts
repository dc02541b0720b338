// What may not stand in a migration: words that begin or end transactions, wherever they hide, and
// nothing that only looks like them.
import test from 'ava';
import { AdminError } from '../../host/database/admin.ts';
import { firstWords, refuseEndings } from '../../host/database/endings.ts';

test('the first words of statements, past comments, texts, names and bodies', (t) => {
  t.deepEqual(firstWords(''), []);
  t.deepEqual(firstWords(' ; ;; '), []);
  t.deepEqual(firstWords('-- commit;\nselect 1; /* ; rollback */ insert into a'), [
    'select',
    'insert',
  ]);
  t.deepEqual(firstWords('/* a /* ; b */ ; c */ Update t set a = 1'), ['update']);
  t.deepEqual(firstWords("select '; commit', 'it''s; commit'; delete"), ['select', 'delete']);
  t.deepEqual(firstWords('select ";commit"";" from a;commit'), ['select', 'commit']);
  t.deepEqual(firstWords('do $$ begin; commit; end $$; end'), ['do', 'end']);
  t.deepEqual(firstWords('do $x$ ; $$ ; commit $x$; drop'), ['do', 'drop']);
  t.deepEqual(firstWords("select 'open; commit"), ['select']);
  t.deepEqual(firstWords('do $x$ open; commit'), ['do']);
  t.deepEqual(firstWords('/* open; commit'), []);
});

test('a migration neither begins nor ends a transaction', (t) => {
  for (const word of ['begin', 'COMMIT', 'end', 'rollback', 'abort', 'savepoint a', 'release a']) {
    t.throws(() => refuseEndings(['create table a (b int4)', `select 1;\n ${word};`]), {
      instanceOf: AdminError,
      message: new RegExp(`step 2 of 2, .*cannot have \`${word.split(' ')[0]?.toLowerCase()}\``),
    });
  }
  t.throws(() => refuseEndings(["prepare transaction 'x'"]), { message: /`prepare`/ });
  t.throws(() => refuseEndings(['start transaction']), { message: /`start`/ });
  t.notThrows(() => refuseEndings(["comment on table a is 'commit'", 'drop table "begin"']));
});
