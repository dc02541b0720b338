// Owns the canvas: what is drawn, in which order, and when. It draws only when something changed.

import type { Nearby, Place } from './calls.ts';
import { Flight } from './flight.ts';
import { drawGraticule } from './graticule.ts';
import type { Labels } from './labels.ts';
import { Light } from './light.ts';
import type { Points } from './points.ts';
import { drawBeacon, drawRays, type Rays } from './rays.ts';
import { type LatLon, View } from './view.ts';

const AMBER = '#ffc46b';
const MINT = '#7fe7d2';
const DAWN_MS = 1100;
const GROW_MS = 420;

export class AtlasMap {
  readonly view = new View();
  readonly canvas: HTMLCanvasElement;
  private readonly context: CanvasRenderingContext2D;
  private readonly points: Points;
  private readonly light = new Light();
  private labels: Labels | null = null;
  private flight: Flight | null = null;
  private rays: Rays | null = null;
  private raysBegan = 0;
  private chosen: Place | null = null;
  private hovered: Place | null = null;
  private dawn = 0;
  private frame = 0;

  constructor(canvas: HTMLCanvasElement, points: Points) {
    this.canvas = canvas;
    this.points = points;
    this.context = canvas.getContext('2d', { alpha: false })!;
    new ResizeObserver(() => this.fit()).observe(canvas);
    this.fit();
  }

  useLabels(labels: Labels): void {
    this.labels = labels;
  }

  /** Something changed: draw before the next screen. */
  touch(): void {
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
    this.touch();
  }

  clear(): void {
    this.rays = null;
    this.chosen = null;
    this.touch();
  }

  hover(place: Place | null): void {
    if (this.hovered?.id === place?.id) return;
    this.hovered = place;
    this.touch();
  }

  private fit(): void {
    const box = this.canvas.getBoundingClientRect();
    const ratio = Math.min(3, devicePixelRatio || 1);
    this.canvas.width = Math.max(1, Math.round(box.width * ratio));
    this.canvas.height = Math.max(1, Math.round(box.height * ratio));
    this.view.resize(box.width, box.height);
    this.touch();
  }

  private draw(now: number): void {
    this.frame = 0;
    if (this.flight && !this.flight.step(now)) this.flight = null;
    const { context, view } = this;
    const ratio = this.canvas.width / view.width;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.drawSea();
    drawGraticule(context, view);
    if (this.points.count > 0) {
      if (this.dawn === 0) this.dawn = now;
      const risen = Math.min(1, (now - this.dawn) / DAWN_MS);
      this.light.draw(context, this.points, view, 0.15 + 0.85 * risen * (2 - risen));
      if (risen < 1) this.touch();
    }
    this.drawOver(now);
    if (this.flight) this.touch();
  }

  private drawOver(now: number): void {
    const { context, view, rays } = this;
    const marks = [this.chosen, this.hovered].filter((place) => place !== null);
    const taken = marks.map((place) => {
      const { x, y } = view.toPixel(place.lat, place.lon);
      return { left: x - 10, top: y - 12, right: x + 20 + place.name.length * 8, bottom: y + 12 };
    });
    for (const { place } of rays?.found ?? []) {
      const { x, y } = view.toPixel(place.lat, place.lon);
      taken.push({ left: x - 10, top: y - 10, right: x + 10, bottom: y + 10 });
    }
    this.labels?.draw(context, this.points, view, taken);
    if (rays) {
      rays.grown = Math.min(1, (now - this.raysBegan) / GROW_MS);
      drawRays(context, view, rays);
      if (rays.grown < 1) this.touch();
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
      view.width / 2, view.height * 0.42, 0,
      view.width / 2, view.height * 0.42, Math.max(view.width, view.height) * 0.75,
    );
    glow.addColorStop(0, 'rgba(30, 44, 72, 0.55)');
    glow.addColorStop(1, 'rgba(7, 10, 17, 0)');
    context.fillStyle = glow;
    context.fillRect(0, 0, view.width, view.height);
  }
}
