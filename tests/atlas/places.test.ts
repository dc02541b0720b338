// The file of places: same rows, same bytes; limits; and no damaged file is taken.

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FOLD_LIMIT, fold, foldTable } from '../../cells/apps/atlas/data/fold.ts';
import { blobRoot, makePlaces } from '../../cells/apps/atlas/data/make.ts';
import { packPlaces, type Row, sums } from '../../cells/apps/atlas/data/places.ts';
import * as L from '../../cells/apps/atlas/index/layout.ts';
import { openProbe } from './probe.ts';
import { seed, seeded } from './seeded.ts';

const row = (key: number, over: Partial<Row> = {}): Row => {
  const lat = ((key * 37) % 180) - 90;
  const lon = ((key * 53) % 360) - 180;
  return { key, name: `Place ${key}`, country: 'CH', lat, lon, population: key % 7, ...over };
};
const small = Array.from({ length: 60 }, (_, key) => row(key));

function resummed(file: Uint8Array): Uint8Array {
  const header = new Uint32Array(file.buffer, 0, L.HEADER_BYTES / 4);
  [header[L.H_SUM_EVEN_WORD], header[L.H_SUM_ODD_WORD]] = sums(file);
  return file;
}

test('the same rows make the same bytes, in whatever order they come', (t) => {
  const random = seeded(seed);
  const shuffled = small
    .map((one) => ({ one, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ one }) => one);
  t.deepEqual(packPlaces(shuffled), packPlaces(small));
});

test('making is skipped when nothing changed, and done again when the file did', async (t) => {
  const project = await mkdtemp(join(tmpdir(), 'atlas-'));
  t.teardown(() => rm(project, { recursive: true }));
  const first = await makePlaces(project, () => small);
  const never = () => {
    throw new Error('rows are read only when the file has to be made');
  };
  t.true(first.made);
  const bytes = await readFile(first.file);
  t.is(bytes.length, first.bytes);
  t.deepEqual(await makePlaces(project, never), { ...first, made: false });
  await writeFile(first.file, bytes.subarray(0, 100));
  t.true((await makePlaces(project, () => small)).made);
  t.deepEqual(await readFile(first.file), bytes);
  t.deepEqual((await readdir(blobRoot(project))).sort(), ['places.bin', 'places.bin.origin']);
});

test('rows that break a limit are named', (t) => {
  const wrong: [Partial<Row>, RegExp][] = [
    [{ country: 'ch' }, /place 5 .*country/],
    [{ country: 'CHE' }, /country/],
    [{ lat: 90.1 }, /lat/],
    [{ lat: Number.NaN }, /lat/],
    [{ lon: -180.1 }, /lon/],
    [{ lon: Infinity }, /lon/],
    [{ population: -1 }, /population/],
    [{ population: 1.5 }, /population/],
    [{ population: 2 ** 32 }, /population/],
    [{ name: ' ' }, /name/],
  ];
  for (const [over, message] of wrong) {
    t.throws(() => packPlaces([row(1), row(5, over)]), { instanceOf: RangeError, message });
  }
  const edges = [
    row(1, { lat: 90, lon: 180, population: 2 ** 32 - 1 }),
    row(2, { lat: -90, lon: -180 }),
  ];
  t.notThrows(() => packPlaces(edges));
});

test('a name may fold to what an offset can hold, and no more', async (t) => {
  const longest = L.FOLDED_BYTES_MAX - 3;
  const name = `${'a'.repeat(longest - 2)} b`;
  const probe = await openProbe();
  t.is(probe.open(packPlaces([row(1, { name })])), null);
  t.deepEqual(probe.search('b', 3), [0]);
  t.throws(() => packPlaces([row(1, { name: `${name}c` })]), { message: /127/ });
});

test('folding', (t) => {
  const folded = (text: string) => fold(text).text;
  t.is(folded('  Saint-Étienne  '), 'saint etienne');
  t.is(folded('Zürich (Kreis 7) / Witikon'), 'zurich kreis 7 witikon');
  t.is(folded('Thành phố Hồ Chí Minh'), 'thanh pho ho chi minh');
  t.is(folded('Straße Æøł İı'), 'strasse aeol ii');
  t.deepEqual(fold("L'Aquila").words, [0, 1]);
  t.deepEqual(fold('...').words, []);
  const table = foldTable();
  for (let index = 0; index < table.length; index++) {
    const { point, text } = table[index]!;
    t.true(Buffer.byteLength(text) <= L.FOLD_TEXT_BYTES, `U+${point.toString(16)}`);
    t.true(point < FOLD_LIMIT && (index === 0 || point > table[index - 1]!.point));
    // What is folded stays as it is: a table that folds further could never be matched.
    t.is(fold(text).text, text.trim(), `U+${point.toString(16)}`);
  }
});

test('a file cut short at any length is refused', async (t) => {
  const file = packPlaces(small);
  const probe = await openProbe();
  t.is(probe.open(file), null);
  for (const bytes of [0, 1, 8, 127, 128, 136, 1000, file.length - 8, file.length - 1]) {
    t.not(probe.open(file.slice(0, bytes)), null, `${bytes} bytes`);
  }
  const longer = new Uint8Array(file.length + 8);
  longer.set(file);
  t.not(probe.open(longer), null);
});

test('every kind of damage is named', async (t) => {
  const probe = await openProbe();
  const words = new Uint32Array(packPlaces(small).buffer);
  const at = (section: number) => words[L.H_SECTIONS_WORD + section]! / 4;
  /** Word, what is put there, what is said. */
  const damage: [number, number, RegExp][] = [
    [L.H_MAGIC_WORD, 1, /no file of places/],
    [L.H_FORMAT_WORD, 2, /another format/],
    [L.H_FILE_BYTES_WORD, words.byteLength + 8, /length/],
    [L.H_COUNT_WORD, L.COUNT_MAX + 1, /counts more/],
    [L.H_SUFFIXES_WORD, 0xffffffff, /counts more/],
    [L.H_FOLDS_WORD, 0xffffffff, /counts more/],
    [L.H_SECTIONS_WORD + L.LON, at(L.LON) * 4 + 4, /section/],
    [L.H_SECTIONS_WORD + L.FOLD, 0xfffffff8, /section/],
    [L.H_COUNT_WORD, small.length + 50, /section|name/],
    [at(L.NAME_AT) + 5, 1, /name/],
    [at(L.FOLDED_AT) + small.length, 0xffff, /name/],
    [at(L.SUFFIX), small.length << L.SUFFIX_BITS, /search index/],
    [at(L.SUFFIX), 127, /search index/],
    [at(L.SUFFIX_BEST), small.length - 1, /search index/],
    [at(L.NODE_PLACE), small.length, /nearest index/],
    [at(L.NODE_AXIS), 3, /nearest index/],
  ];
  for (const [word, value, message] of damage) {
    const file = packPlaces(small);
    new Uint32Array(file.buffer)[word] = value;
    t.regex(String(probe.open(resummed(file))), message, `word ${word}`);
  }
  const file = packPlaces(small);
  file[500]! ^= 1;
  t.regex(String(probe.open(file)), /sums/);
});

test('random damage is refused, and behind right sums it cannot lead outside', async (t) => {
  const random = seeded(seed + 3);
  const good = packPlaces(small);
  const probe = await openProbe();
  for (let round = 0; round < 400; round++) {
    const file = good.slice();
    const at = L.HEADER_BYTES + Math.floor(random() * (file.length - L.HEADER_BYTES));
    file[at]! ^= 1 + Math.floor(random() * 255);
    t.not(probe.open(file), null, `seed ${seed}, round ${round}`);
    if (probe.open(resummed(file)) !== null) continue;
    t.notThrows(() => {
      for (const query of ['', 'p', 'place 1', 'x ']) probe.search(query, 70).forEach(probe.name);
      probe.nearest(random() * 180 - 90, random() * 360 - 180, 70).forEach(({ id }) => {
        probe.name(id);
      });
    }, `seed ${seed}, round ${round}`);
  }
});
