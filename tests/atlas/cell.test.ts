// The Atlas cell behind a real host: what it answers over the wire, and what it refuses.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readRows } from '../../cells/apps/atlas/data/make.ts';
import { packPlaces } from '../../cells/apps/atlas/data/places.ts';
import { CellError, type StatusName } from '../../host/synapse/error.ts';
import { Oracle } from './oracle.ts';
import { seed, seeded } from './seeded.ts';
import { buildAtlas, runFolder, serveAtlas } from './serve.ts';

await buildAtlas();
const { Atlas } = await import('../../.cell/clients/atlas.ts');
const run = await runFolder();
const { host } = await serveAtlas(run);
const atlas = await Atlas.connect({ url: host.url, token: null });
const world = new Oracle(readRows());

test.after.always(async () => {
  await atlas.synapse.close();
  await host.stop();
  await rm(run, { recursive: true, force: true });
});

async function refused(
  t: ExecutionContext,
  call: () => Promise<unknown>,
  status: StatusName,
  message: RegExp,
): Promise<void> {
  const error = await t.throwsAsync(call, { instanceOf: CellError, message });
  t.is(error?.statusName, status);
}

test('stats count what is there', async (t) => {
  const stats = await atlas.stats();
  t.is(stats.places, world.rows.length);
  t.is(stats.countries, new Set(world.rows.map((row) => row.country)).size);
  t.true(stats.words > stats.places && stats.bytes > stats.places * 60);
});

test('search over the wire agrees with looking at every place', async (t) => {
  const random = seeded(seed + 5);
  const queries = ['', 'zürich', 'PARIS us', 'san ', '東京', 'xi’an', 'é', ' '];
  while (queries.length < 30) {
    const { name } = world.rows[Math.floor(random() * world.rows.length)]!;
    queries.push(name.slice(0, 1 + Math.floor(random() * name.length)));
  }
  const answers = await Promise.all(queries.map((query) => atlas.search(query, 12)));
  queries.forEach((query, index) => {
    const ids = answers[index]!.map((place) => place.id);
    t.deepEqual(ids, world.search(query, 12), `seed ${seed}, ${JSON.stringify(query)}`);
    for (const place of answers[index]!) {
      const { name, country, lat, lon, population } = world.rows[place.id]!;
      t.deepEqual(place, { id: place.id, name, country, lat, lon, population });
    }
  });
});

test('nearest over the wire agrees with measuring to every place', async (t) => {
  const random = seeded(seed + 6);
  for (let round = 0; round < 15; round++) {
    const lat = Math.round(random() * 180 - 90);
    const lon = Math.round(random() * 360 - 180);
    const found = await atlas.nearest(lat, lon, 8);
    const wanted = world.nearest(lat, lon, 8);
    t.is(found.length, 8);
    found.forEach(({ place, distanceKm }, rank) => {
      t.is(place.name, world.rows[place.id]!.name);
      t.true(Math.abs(distanceKm - wanted[rank]!.km) < 1e-5, `seed ${seed}, ${lat}, ${lon}`);
    });
  }
});

test('limits: none, few, and more than may be asked', async (t) => {
  for (const [limit, count] of [
    [0, 0],
    [1, 1],
    [99, 99],
    [100, 100],
    [101, 100],
    [2 ** 32 - 1, 100],
  ]) {
    t.is((await atlas.search('a', limit!)).length, count!);
    t.is((await atlas.nearest(0, 0, limit!)).length, count!);
  }
});

test('hostile arguments are refused by name, and the cell lives on', async (t) => {
  for (const lat of [NaN, Infinity, -Infinity, 90.0001, -91, 1e308]) {
    await refused(
      t,
      () => atlas.nearest(lat, 0, 1),
      'INVALID_ARGUMENT',
      /lat must be .* -90 to 90/,
    );
  }
  for (const lon of [NaN, Infinity, 180.0001, -1e308]) {
    await refused(
      t,
      () => atlas.nearest(0, lon, 1),
      'INVALID_ARGUMENT',
      /lon must be .* -180 to 180/,
    );
  }
  t.deepEqual(await atlas.search('x'.repeat(128), 5), []);
  const long = /prefix has 129 characters, at most 128/;
  await refused(t, () => atlas.search('x'.repeat(129), 5), 'INVALID_ARGUMENT', long);
  await refused(
    t,
    () => atlas.search('ß'.repeat(400_000), 5),
    'INVALID_ARGUMENT',
    /400000 characters/,
  );
  await t.throwsAsync(() => atlas.search('x'.repeat(1 << 20), 5), { instanceOf: CellError });
  t.deepEqual(await atlas.search('\ud800\0'.repeat(60), 5), []);
  // Every unit folds to the most bytes that one can.
  t.deepEqual(await atlas.search('\ufdfa'.repeat(128), 5), []);
  t.deepEqual(await atlas.search('Ǆ'.repeat(128), 5), []);
  t.is((await atlas.search('paris', 1))[0]!.name, 'Paris');
});

test('place: the first, the last, and none', async (t) => {
  const last = world.rows.length - 1;
  t.is((await atlas.place(0)).name, world.rows[0]!.name);
  t.is((await atlas.place(last)).name, world.rows[last]!.name);
  await refused(t, () => atlas.place(last + 1), 'NOT_FOUND', /no place \d+/);
  await refused(t, () => atlas.place(2 ** 32 - 1), 'NOT_FOUND', /no place 4294967295/);
});

test('points: every place once, whole chunks only, nothing behind the last', async (t) => {
  const total = world.rows.length;
  let at = 0;
  while (at < total) {
    const bytes = await atlas.points(at, 2 ** 32 - 1);
    t.true(bytes.length > 0 && bytes.length % 12 === 0 && bytes.length <= 32_768 * 12);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let index = 0; index < bytes.length / 12; index += 501) {
      const row = world.rows[at + index]!;
      t.is(view.getInt32(index * 12, true), Math.round(row.lat * 1e5));
      t.is(view.getInt32(index * 12 + 4, true), Math.round(row.lon * 1e5));
      t.is(view.getUint32(index * 12 + 8, true), row.population);
    }
    at += bytes.length / 12;
  }
  t.is(at, total);
  t.is((await atlas.points(total - 1, 5)).length, 12);
  for (const from of [total, total + 1, 2 ** 32 - 1]) t.is((await atlas.points(from, 5)).length, 0);
  t.is((await atlas.points(0, 0)).length, 0);
});

test('a damaged file of places, or none: the host says why and does not start', async (t) => {
  const own = await runFolder();
  t.teardown(() => rm(own, { recursive: true, force: true }));
  const places = join(own, 'places');
  await mkdir(places);
  const start = () => serveAtlas(own, { places });
  await t.throwsAsync(start, { message: /places\.bin/ });
  const file = packPlaces(readRows().slice(0, 100));
  file[3000]! ^= 1;
  await writeFile(join(places, 'places.bin'), file);
  await t.throwsAsync(start, { message: /places\.bin cannot be used: its sums do not match/ });
  file[3000]! ^= 1;
  await writeFile(join(places, 'places.bin'), file);
  const served = await start();
  const client = await Atlas.connect({ url: served.host.url, token: null });
  t.is((await client.stats()).places, 100);
  await client.synapse.close();
  await served.host.stop();
});
