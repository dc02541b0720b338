// Owns the panel with the answer to "nearest to where I click", and the asking: for a click the
// nearest eight, for a resting or moving pointer the nearest one (one call out at a time).

import type { AtlasCalls, Nearby, Place } from './calls.ts';
import { drawLoupe } from './loupe.ts';
import type { AtlasMap } from './map.ts';
import type { LatLon } from './view.ts';
import { coordinates, country, distance, failure, people } from './wording.ts';

const LIMIT = 8;
/** Pixels around the pointer in which a place is named. */
const REACH = 26;
/** Pixels that the point asked about keeps from the panel. */
const MARGIN = 40;
/** Pixels at the top of narrow screens that the search box takes. */
const MASTHEAD = 104;

export interface NearbyEvents {
  chosen(place: Place): void;
  seen(places: Place[]): void;
  failed(text: string): void;
}

export class NearbyPanel {
  private readonly root: HTMLElement;
  private readonly list: HTMLElement;
  private readonly map: AtlasMap;
  private readonly atlas: AtlasCalls;
  private readonly events: NearbyEvents;
  private asked = 0;
  private shown: { at: LatLon; found: Nearby[] } | null = null;
  private hovering = false;
  private wanted: LatLon | null = null;

  constructor(root: HTMLElement, map: AtlasMap, atlas: AtlasCalls, events: NearbyEvents) {
    this.root = root;
    this.list = root.querySelector('ol')!;
    this.map = map;
    this.atlas = atlas;
    this.events = events;
    root.querySelector('button')!.addEventListener('click', () => this.close());
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !(event.target instanceof HTMLInputElement)) this.close();
    });
  }

  /** Asks for the nearest places and shows them. */
  ask(at: LatLon): void {
    const turn = ++this.asked;
    this.atlas.nearest(at.lat, at.lon, LIMIT).then(
      (found) => {
        if (turn === this.asked) this.show(at, found);
      },
      (error) => this.events.failed(`The nearest places did not come. ${failure(error)}`),
    );
  }

  /** The pointer is over a place of the map; null: it left. */
  over(at: LatLon | null): void {
    this.wanted = at;
    if (at === null) this.map.hover(null);
    else if (!this.hovering) void this.follow();
  }

  private async follow(): Promise<void> {
    this.hovering = true;
    while (this.wanted !== null) {
      const at = this.wanted;
      try {
        const [near] = await this.atlas.nearest(at.lat, at.lon, 1);
        if (this.wanted !== null)
          this.map.hover(near && this.reaches(at, near.place) ? near.place : null);
      } catch {
        // The pointer asks again when it moves; a lost connection is told elsewhere.
        this.map.hover(null);
      }
      if (this.wanted === at) break;
    }
    this.hovering = false;
  }

  private reaches(at: LatLon, place: Place): boolean {
    const here = this.map.view.toPixel(at.lat, at.lon);
    const there = this.map.view.toPixel(place.lat, place.lon);
    return Math.hypot(here.x - there.x, here.y - there.y) <= REACH;
  }

  private show(at: LatLon, found: Nearby[]): void {
    this.events.seen(found.map((near) => near.place));
    this.map.showRays(at, found);
    this.root.querySelector('.from')!.textContent = coordinates(at);
    this.list.replaceChildren(...found.map((near, index) => this.row(near, index)));
    this.root.hidden = false;
    this.shown = { at, found };
    this.mark(-1);
    this.uncover(at);
    const first = found[0];
    this.root.querySelector('[aria-live]')!.textContent =
      first === undefined
        ? 'There are no places.'
        : `Nearest: ${first.place.name}, ${country(first.place.country)}, ` +
          `${distance(first.distanceKm)} away. ${found.length} places listed.`;
  }

  /** Moves the map when the panel lies on the point that was asked about. */
  private uncover(at: LatLon): void {
    const { view } = this.map;
    const box = this.root.getBoundingClientRect();
    const { x, y } = view.toPixel(at.lat, at.lon);
    if (x < box.left - MARGIN || y < box.top - MARGIN || y > box.bottom + MARGIN) return;
    const beside = box.left > view.width / 2;
    const to = beside
      ? view.centreFor(at, box.left - 3 * MARGIN, y)
      : view.centreFor(at, view.width / 2, MASTHEAD + (box.top - MASTHEAD) / 2);
    this.map.lookAt(to, view.scale);
  }

  private row(near: Nearby, index: number): HTMLElement {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    const text = (kind: string, content: string) => {
      const span = document.createElement('span');
      span.className = kind;
      span.textContent = content;
      return span;
    };
    button.append(
      text('rank', String(index + 1)),
      text('name', near.place.name),
      text('km', distance(near.distanceKm)),
      text('where', `${country(near.place.country)} · ${people(near.place.population)}`),
    );
    button.addEventListener('click', () => this.events.chosen(near.place));
    for (const on of ['pointerenter', 'focus']) {
      button.addEventListener(on, () => this.mark(index));
    }
    for (const off of ['pointerleave', 'blur']) {
      button.addEventListener(off, () => this.mark(-1));
    }
    item.append(button);
    return item;
  }

  /** Shows one of the places found as the one meant; -1: none. */
  private mark(index: number): void {
    this.map.markRay(index);
    if (this.shown === null || this.root.hidden) return;
    drawLoupe(this.root.querySelector('canvas')!, this.shown.at, this.shown.found, index);
  }

  private close(): void {
    this.asked++;
    this.root.hidden = true;
    this.shown = null;
    this.map.clearRays();
  }
}
