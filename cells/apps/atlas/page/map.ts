// Owns the canvas: what is drawn, in which order, and when. It draws only when something changed.

import type { Nearby, Place } from './calls.ts';
import { drawDiscs } from './discs.ts';
import { Flight } from './flight.ts';
import { drawGraticule } from './graticule.ts';
import type { Box, Labels } from './labels.ts';
import { Light } from './light.ts';
import type { Points } from './points.ts';
import { drawBeacon, drawRays, type Rays } from './rays.ts';
import { type LatLon, View } from './view.ts';

const AMBER = '#ffc46b';
const MINT = '#7fe7d2';
const DAWN_MS = 1100;
const GROW_MS = 420;

/** What has to be drawn again: only what lies over the map, or the map as well. */
const OVER = 1;
const ALL = 2;

export class AtlasMap {
  readonly view = new View();
  readonly canvas: HTMLCanvasElement;
  private readonly over: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private readonly overContext: CanvasRenderingContext2D;
  private readonly points: Points;
  private readonly covered: () => Box[];
  private readonly light = new Light();
  private labels: Labels | null = null;
  private flight: Flight | null = null;
  private rays: Rays | null = null;
  private raysBegan = 0;
  private chosen: Place | null = null;
  private hovered: Place | null = null;
  private dawn = 0;
  private frame = 0;
  private stale = 0;

  /**
   * `over` lies on `canvas` and takes what changes often. `covered` tells which parts of the map
   * lie under panels: no name is put there.
   */
  constructor(
    canvas: HTMLCanvasElement,
    over: HTMLCanvasElement,
    points: Points,
    covered: () => Box[],
  ) {
    this.canvas = canvas;
    this.over = over;
    this.points = points;
    this.covered = covered;
    this.context = canvas.getContext('2d', { alpha: false })!;
    this.overContext = over.getContext('2d')!;
    new ResizeObserver(() => this.fit()).observe(canvas);
    this.fit();
  }

  useLabels(labels: Labels): void {
    this.labels = labels;
  }

  /** Something changed: draw before the next screen. */
  touch(what = ALL): void {
    this.stale = Math.max(this.stale, what);
    if (this.frame === 0) this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  stopFlight(): void {
    this.flight = null;
  }

  flyTo(place: Place): void {
    this.chosen = place;
    const scale = place.population > 1_000_000 ? 60 : place.population > 50_000 ? 130 : 220;
    this.lookAt(place, Math.max(scale, Math.min(this.view.scale, 400)));
  }

  lookAt(centre: LatLon, scale: number): void {
    this.flight = new Flight(this.view, centre, scale, performance.now());
    this.touch();
  }

  showRays(from: LatLon, found: Nearby[]): void {
    this.rays = { from, found, marked: -1, grown: 0 };
    this.raysBegan = performance.now();
    this.hovered = null;
    this.touch();
  }

  markRay(index: number): void {
    if (this.rays) this.rays.marked = index;
    this.touch(OVER);
  }

  clearRays(): void {
    this.rays = null;
    this.touch();
  }

  unchoose(): void {
    this.chosen = null;
    this.touch();
  }

  hover(place: Place | null): void {
    if (this.hovered?.id === place?.id) return;
    this.hovered = place;
    this.touch(OVER);
  }

  private fit(): void {
    const box = this.canvas.getBoundingClientRect();
    const ratio = Math.min(3, devicePixelRatio || 1);
    for (const canvas of [this.canvas, this.over]) {
      canvas.width = Math.max(1, Math.round(box.width * ratio));
      canvas.height = Math.max(1, Math.round(box.height * ratio));
    }
    this.view.resize(box.width, box.height);
    this.touch();
  }

  private draw(now: number): void {
    const all = this.stale === ALL;
    this.frame = 0;
    this.stale = 0;
    if (this.flight && !this.flight.step(now)) this.flight = null;
    if (all) this.drawMap(now);
    this.drawOver(now);
    if (this.flight) this.touch();
  }

  private drawMap(now: number): void {
    const { context, view } = this;
    const ratio = this.canvas.width / view.width;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawSea();
    drawGraticule(context, view);
    if (this.points.count === 0) return;
    if (this.dawn === 0) this.dawn = now;
    const risen = Math.min(1, (now - this.dawn) / DAWN_MS);
    this.light.draw(context, this.points, view, 0.15 + 0.85 * risen * (2 - risen));
    drawDiscs(context, this.points, view);
    this.labels?.draw(context, this.points, view, this.taken());
    if (risen < 1) this.touch();
  }

  /** Where no name may be: under panels, and where something else is named or numbered. */
  private taken(): Box[] {
    const boxes = this.covered();
    if (this.chosen) {
      const { x, y } = this.view.toPixel(this.chosen.lat, this.chosen.lon);
      const right = x + 30 + this.chosen.name.length * 8;
      boxes.push({ left: x - 10, top: y - 14, right, bottom: y + 14 });
    }
    for (const { place } of this.rays?.found ?? []) {
      const { x, y } = this.view.toPixel(place.lat, place.lon);
      boxes.push({ left: x - 10, top: y - 10, right: x + 10, bottom: y + 10 });
    }
    return boxes;
  }

  private drawOver(now: number): void {
    const { overContext: context, view, rays } = this;
    const ratio = this.over.width / view.width;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    if (rays) {
      rays.grown = Math.min(1, (now - this.raysBegan) / GROW_MS);
      drawRays(context, view, rays);
      if (rays.grown < 1) this.touch(OVER);
    }
    if (this.hovered && this.hovered.id !== this.chosen?.id) {
      drawBeacon(context, view, this.hovered, MINT);
    }
    if (this.chosen) drawBeacon(context, view, this.chosen, AMBER);
  }

  private drawSea(): void {
    const { context, view } = this;
    context.fillStyle = '#070a11';
    context.fillRect(0, 0, view.width, view.height);
    const glow = context.createRadialGradient(
      view.width / 2,
      view.height * 0.42,
      0,
      view.width / 2,
      view.height * 0.42,
      Math.max(view.width, view.height) * 0.75,
    );
    glow.addColorStop(0, 'rgba(30, 44, 72, 0.55)');
    glow.addColorStop(1, 'rgba(7, 10, 17, 0)');
    context.fillStyle = glow;
    context.fillRect(0, 0, view.width, view.height);
  }
}
