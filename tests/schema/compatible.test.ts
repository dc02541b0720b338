// Which caller may call which method, and the words for what keeps it from doing so.

import test from 'ava';
import { compatible, differences } from '../../host/schema/compatible.ts';

const SAME = ['c.m(u32)->string', 'c.m((a:u32,b:[^1]?))->void'];

/** Either side may be the older one. */
const COMPATIBLE: [string, string][] = [
  ['c.m(u32)->string', 'c.m(u32,string?)->string'],
  ['c.m((a:u32))->u8', 'c.m((a:u32,b:string?,c:[u8]?))->u8'],
  ['c.m()->(a:u32)?', 'c.m(bytes?)->(a:u32,b:instant?)?'],
  ['c.m()->[(a:u32)]', 'c.m()->[(a:u32,b:^1?)]'],
  ['c.m({u8:(a:u32)})->u8', 'c.m({u8:(a:u32,b:string?)})->u8'],
  ['c.m((a:u32,n:^1?))->u8', 'c.m((a:u32,n:^1?,z:uuid?))->u8'],
  ['c.m((a:(b:^2?)?))->u8', 'c.m((a:(b:(a:^2?)?)?))->u8'],
];

const DIFFERENT: [string, string, string][] = [
  ['c.m(string,u32)->u8', 'c.m(string,string)->u8', 'parameter 2 `limit`: u32 became string'],
  [
    'c.m(string)->u8',
    'c.m(string,u32)->u8',
    'parameter 2 `limit`: was added as u32; only nullable ones may be added',
  ],
  [
    'c.m(string,u32)->u8',
    'c.m(string)->u8',
    'parameter 2 `limit`: u32 was removed; only nullable ones may be absent',
  ],
  ['c.m()->u8', 'c.m()->u16', 'result: u8 became u16'],
  ['c.m()->u8', 'c.m()->void', 'result: u8 became void'],
  ['c.m()->void', 'c.m()->u8?', 'result: void became u8?'],
  ['c.m()->u8', 'c.m()->u8?', 'result: u8 became u8?'],
  [
    'c.m()->(a:u8,b:u8)',
    'c.m()->(b:u8,a:u8)',
    'result, field `b`: stands where `a` stood; fields may only be added at the end',
  ],
  [
    'c.m()->(a:u8)',
    'c.m()->(a:u8,b:u8)',
    'result, field `b`: was added as u8; only nullable ones may be added',
  ],
  ['c.m()->[(a:u8)]', 'c.m()->[(a:i8)]', 'result, element, field `a`: u8 became i8'],
  ['c.m()->{u8:string}', 'c.m()->{u16:bytes}', 'result, key: u8 became u16'],
  ['c.m()-><a=0>', 'c.m()-><a=0|b=1>', 'result: <a=0> became <a=0|b=1>'],
  ['c.m()-><a=0>', 'c.m()-><b=0>', 'result: <a=0> became <b=0>'],
  ['c.m()->string', 'c.m()->bytes', 'result: string became bytes'],
  ['c.m()->u8', 'c.n()->u8', 'c.m: became c.n'],
  [
    'c.m((a:u8,n:^1?))->u8',
    'c.m((a:u8,n:(a:u8,n:string?)?))->u8',
    'parameter 1 `filter`, field `n`, field `n`: (a:u8,n:^1?) became string',
  ],
];

const NAMES = ['filter', 'limit'];

test('the same text is compatible with itself', (t) => {
  for (const text of SAME) t.deepEqual(differences(text, text), []);
});

test('appended nullable fields and parameters are compatible, both ways', (t) => {
  for (const [a, b] of COMPATIBLE) {
    t.deepEqual(differences(a, b), [], `${a} and ${b}`);
    t.deepEqual(differences(b, a), [], `${b} and ${a}`);
    t.true(compatible(a, b));
  }
});

test('anything else is not, and the words say what changed', (t) => {
  for (const [from, to, words] of DIFFERENT) {
    t.is(differences(from, to, NAMES)[0], words);
    t.false(compatible(from, to));
  }
});

test('without names parameters are counted', (t) => {
  t.deepEqual(differences('c.m(u8)->u8', 'c.m(i8)->i8'), [
    'parameter 1: u8 became i8',
    'result: u8 became i8',
  ]);
});

test('reports are bounded: in number and in length', (t) => {
  const many = (type: string): string => `c.m(${Array(40).fill(type).join(',')})->u8`;
  t.is(differences(many('u8'), many('u16')).length, 8);
  const wide = (type: string): string => `c.m((${'abcdefghij'.repeat(90)}:${type}))->u8`;
  t.true(differences('c.m(u8)->u8', wide('u8')).every((line) => line.length < 200));
});

test('a text that is none is not compatible with anything', (t) => {
  t.false(compatible('rubbish', 'c.m()->u8'));
  t.throws(() => differences('rubbish', 'c.m()->u8'), { instanceOf: RangeError });
});

test('a hostile text of back references is judged quickly', (t) => {
  const text = `c.m((a:${'(a:'.repeat(50)}^7?${')?'.repeat(50)}))->u8`;
  const ours = 'c.m((a:^1?))->u8';
  t.deepEqual(differences(text, ours), []);
});
