// Owns the putting together of the page: one connection, one map, and what each part tells the
// others. Every keystroke and every click below ends in a typed call to the cell.

import type { Place } from './calls.ts';
import { Courier } from './courier.ts';
import { listen, zoom } from './gestures.ts';
import { type Box, Labels } from './labels.ts';
import { LiveLine } from './live.ts';
import { AtlasMap } from './map.ts';
import { NearbyPanel } from './nearby.ts';
import { Points } from './points.ts';
import { SearchBox } from './search.ts';
import { failure, number } from './wording.ts';

const TROUBLE_MS = 7000;

const find = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

let troubleTimer = 0;
/** Says plainly what went wrong, for a while. */
function trouble(text: string): void {
  const box = find('trouble');
  box.textContent = text;
  box.hidden = false;
  clearTimeout(troubleTimer);
  troubleTimer = window.setTimeout(() => {
    box.hidden = true;
  }, TROUBLE_MS);
}

/** Parts of the map that lie under something of the page. */
function covered(): Box[] {
  return [...document.querySelectorAll<HTMLElement>('.over')]
    .map((element) => element.getBoundingClientRect())
    .filter((box) => box.width > 0)
    .map(({ left, top, right, bottom }) => ({
      left: left - 6,
      top: top - 4,
      right: right + 4,
      bottom,
    }));
}

const points = new Points();
const map = new AtlasMap(
  find<HTMLCanvasElement>('map'),
  find<HTMLCanvasElement>('over'),
  points,
  covered,
);
const live = new LiveLine(find('live'), () => atlas.burst(), trouble);
const atlas = new Courier('/atlas-worker.js', {
  link: (state, words) => live.link(state, words),
  restored: () => void load(),
  reading: (reading, history) => live.show(reading, history),
});
const labels = new Labels(atlas, () => map.touch());
map.useLabels(labels);

const seen = (places: Place[]) => {
  labels.know(places);
  map.touch();
};
new SearchBox(find('finder'), atlas, {
  seen,
  chosen: (place) => map.flyTo(place),
  emptied: () => map.unchoose(),
  failed: trouble,
});
const panel = new NearbyPanel(find('nearby'), map, atlas, {
  seen,
  chosen: (place) => map.flyTo(place),
  failed: trouble,
});
listen(map, {
  near: (at) => {
    find('hint').classList.add('gone');
    panel.ask(at);
  },
  over: (at) => panel.over(at),
});
if (matchMedia('(pointer: coarse)').matches) {
  find('hint').textContent = 'Tap for the nearest places';
}
find('zoom-in').addEventListener('click', () => zoom(map, 1.8));
find('zoom-out').addEventListener('click', () => zoom(map, 1 / 1.8));

let loading = false;
let restored = false;

/** Loads the points, or the rest of them after a loss. */
async function load(): Promise<void> {
  // A loss in the middle of it: what is restored meanwhile is not to be forgotten.
  restored = true;
  if (loading) return;
  loading = true;
  while (restored) {
    restored = false;
    const had = points.total;
    try {
      await points.load(atlas, () => {
        say();
        map.touch();
      });
      if (had !== points.total) labels.forget();
      say();
    } catch (error) {
      trouble(`The places did not come. ${failure(error)}`);
    }
  }
  loading = false;
  map.touch();
}

function say(): void {
  const { count, total } = points;
  const done = count === total && total > 0;
  find('count').textContent = done
    ? `${number(total)} places`
    : `Loading ${number(count)} of ${number(total)} places`;
  if (done) find<HTMLInputElement>('search').placeholder = `Search ${number(total)} places`;
}
