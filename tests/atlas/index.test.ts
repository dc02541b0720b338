// The Atlas indexes against plain answers: all real places, and small worlds made to be awkward.

import test from 'ava';
import { readRows } from '../../cells/apps/atlas/data/make.ts';
import { packPlaces, type Row } from '../../cells/apps/atlas/data/places.ts';
import { haversine, Oracle } from './oracle.ts';
import { openProbe, type Probe } from './probe.ts';
import { seed, seeded } from './seeded.ts';

const rows = readRows();
const world = new Oracle(rows);
const probe = await openProbe();
const fault = probe.open(packPlaces(rows));

async function open(made: Row[]): Promise<Probe> {
  const fresh = await openProbe();
  const why = fresh.open(packPlaces(made));
  if (why !== null) throw new Error(why);
  return fresh;
}

const at = (lat: number, lon: number, index: number): Row => {
  return { key: index, name: `p${index}`, country: 'XX', lat, lon, population: 0 };
};

test('all places are there as they were', (t) => {
  t.is(fault, null);
  t.true(rows.length > 130_000);
  for (let id = 0; id < rows.length; id += 1009) {
    const row = world.rows[id]!;
    t.is(probe.name(id), row.name);
    t.is(probe.country(id), row.country);
    t.is(probe.population(id), row.population);
    t.true(Math.abs(probe.lat(id) - row.lat) < 1e-9);
    t.true(Math.abs(probe.lon(id) - row.lon) < 1e-9);
  }
});

test('search agrees with looking at every place', (t) => {
  const random = seeded(seed);
  const accents = ['\u0301', '\u0308', '\u0327'];
  for (let round = 0; round < 60; round++) {
    const name = rows[Math.floor(random() * rows.length)]!;
    const words = name.name.split(/[\s-]+/);
    const from = Math.floor(random() * words.length);
    let query = words.slice(from).join(random() < 0.5 ? ' ' : '  - ');
    if (random() < 0.7) query = query.slice(0, 1 + Math.floor(random() * query.length));
    if (random() < 0.3) query = query.toUpperCase();
    if (random() < 0.2) query += ` ${name.country}`;
    if (random() < 0.2) query += ' ';
    if (random() < 0.2)
      query = query.replace(/[aeou]/, (v) => v + accents[Math.floor(random() * 3)]);
    const limit = 1 + Math.floor(random() * 40);
    t.deepEqual(
      probe.search(query, limit),
      world.search(query, limit),
      `seed ${seed}, round ${round}, query ${JSON.stringify(query)}, limit ${limit}`,
    );
  }
});

test('short prefixes, which match thousands, give their best', (t) => {
  for (const query of [
    '',
    ' ',
    's',
    'la',
    'san',
    'san ',
    'paris',
    'paris us',
    'a',
    'st',
    '-',
    'zz',
  ]) {
    t.deepEqual(probe.search(query, 100), world.search(query, 100), JSON.stringify(query));
  }
});

test('what people type finds what they mean', (t) => {
  const first = (query: string) => {
    const [id] = probe.search(query, 1);
    return id === undefined ? null : `${probe.name(id)} ${probe.country(id)}`;
  };
  t.is(first('zurich'), 'Zürich CH');
  t.is(first('ZÜRICH'), 'Zürich CH');
  t.is(first('Zu\u0308rich'), 'Zürich CH');
  t.is(first('sao pau'), 'São Paulo BR');
  t.is(first('xian'), 'Xi’an CN');
  t.is(first("xi'an"), 'Xi’an CN');
  t.is(first('l’aquila'), "L'Aquila IT");
  t.is(first('paris'), 'Paris FR');
  t.is(first('paris, us'), 'Paris US');
  t.is(first('łodz'), 'Łódź PL');
  t.is(first('крукети'), 'Kalimpong, Крукети IN');
  t.is(first('no such place'), null);
  t.is(first('\ud800'), null);
});

test('nearest agrees with measuring to every place', (t) => {
  const random = seeded(seed + 1);
  const points: [number, number][] = [
    [90, 0],
    [-90, 0],
    [90, 180],
    [-90, -180],
    [0, 180],
    [0, -180],
    [-17, 179.9999],
    [-17, -179.9999],
    [66, -170],
    [66, 180],
    [0, 0],
    [51.5, -0.1],
    [-41.3, 174.8],
    [89.9999, 45],
  ];
  for (let round = 0; round < 40; round++) {
    points.push([Math.asin(random() * 2 - 1) * (180 / Math.PI), random() * 360 - 180]);
  }
  for (const [lat, lon] of points) {
    const limit = 1 + Math.floor(random() * 30);
    sameNear(t, probe, world, lat, lon, limit);
  }
});

test('the date line and the poles are no borders', async (t) => {
  const made = [
    at(10, 179.95, 0),
    at(10, -179.9, 1),
    at(10, 178, 2),
    at(10, -177.9, 3),
    at(90, 0, 4),
    at(90, 120, 5),
    at(89, 10, 6),
    at(89, -170, 7),
    at(-90, 0, 8),
    at(-89.5, 60, 9),
  ];
  const small = await open(made);
  t.deepEqual(
    small.nearest(10, 180, 4).map((near) => near.id),
    [0, 1, 2, 3],
  );
  t.deepEqual(
    small.nearest(10, -180, 4).map((near) => near.id),
    [0, 1, 2, 3],
  );
  t.deepEqual(
    small.nearest(90, -77, 4).map((near) => near.id),
    [4, 5, 6, 7],
  );
  t.deepEqual(
    small.nearest(-90, 33, 2).map((near) => near.id),
    [8, 9],
  );
  const [pole] = small.nearest(90, 45, 1);
  t.true(pole!.km < 1e-6);
  const opposite = small.nearest(-10, 0.1, 10).at(-1)!;
  t.is(opposite.id, 1);
  t.true(Math.abs(opposite.km - Math.PI * 6371.0088) < 0.1);
});

test('equal distances are ordered by id, whatever the tree made of them', async (t) => {
  const made = Array.from({ length: 100 }, (_, index) => at(5, 5, index));
  const same = await open(made);
  t.deepEqual(
    same.nearest(5, 5, 7).map((near) => near.id),
    [0, 1, 2, 3, 4, 5, 6],
  );
  t.deepEqual(
    same.nearest(-60, 5, 100).map((near) => near.id),
    made.map((row) => row.key),
  );
  t.deepEqual(
    same.search('p', 100),
    made.map((row) => row.key),
  );
});

test('small worlds around the size of a leaf, and awkward ones', async (t) => {
  const random = seeded(seed + 2);
  for (const size of [0, 1, 2, 7, 8, 9, 16, 17, 18, 63, 64, 65, 500]) {
    // A coarse net: many places share coordinates, planes and whole points.
    const made = Array.from({ length: size }, (_, index) => ({
      ...at(Math.round(random() * 6 - 3) * 30, Math.round(random() * 12 - 6) * 30, index),
      population: Math.floor(random() * 4),
    }));
    const small = await open(made);
    const truth = new Oracle(made);
    for (let round = 0; round < 12; round++) {
      const lat = Math.round(random() * 12 - 6) * 15;
      const lon = Math.round(random() * 24 - 12) * 15;
      sameNear(t, small, truth, lat, lon, 1 + Math.floor(random() * (size + 3)));
    }
    t.deepEqual(small.search('p', size + 1), truth.search('p', size + 1), `${size} places`);
    t.deepEqual(small.search('p1', 9), truth.search('p1', 9), `${size} places`);
  }
});

/** Same distances in the same order; ids are those at these distances. */
function sameNear(
  t: { is(a: unknown, b: unknown, m: string): void; true(a: boolean, m: string): void },
  has: Probe,
  truth: Oracle,
  lat: number,
  lon: number,
  limit: number,
): void {
  const where = `seed ${seed}, ${lat}, ${lon}, limit ${limit}`;
  const found = has.nearest(lat, lon, limit);
  const wanted = truth.nearest(lat, lon, limit);
  t.is(found.length, wanted.length, where);
  t.is(new Set(found.map((near) => near.id)).size, found.length, where);
  found.forEach(({ id, km }, rank) => {
    const row = truth.rows[id]!;
    const measured = haversine(lat, lon, row.lat, row.lon);
    // Near the antipode both formulas lose digits: a metre there, far less elsewhere.
    const slack = measured > 20_000 ? 0.3 : 1e-5;
    t.true(Math.abs(km - measured) < slack, `${where}: place ${id}`);
    t.true(Math.abs(km - wanted[rank]!.km) < slack, `${where}: rank ${rank}`);
  });
}
