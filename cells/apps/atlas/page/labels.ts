// Owns names on the map: which places are named in a view (the most populous first, none over
// another) and the names themselves, asked for one call a place and kept.

import type { AtlasCalls, Place } from './calls.ts';
import type { Points } from './points.ts';
import type { View } from './view.ts';

/** Names on the screen at once, per 100,000 square pixels. */
const DENSITY = 4.2;
/** Places tried per drawing: bounds the time when everything overlaps. */
const TRIES = 700;
/** Calls for names out at once. */
const ASKING = 48;
const FONT = '"Inter", "Segoe UI", system-ui, sans-serif';

/** Part of the map, in its pixels. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export class Labels {
  private readonly names = new Map<number, { name: string; width: number }>();
  private readonly asking = new Set<number>();
  private readonly atlas: AtlasCalls;
  private readonly changed: () => void;

  /** `changed` runs when a name has come that was wanted. */
  constructor(atlas: AtlasCalls, changed: () => void) {
    this.atlas = atlas;
    this.changed = changed;
  }

  /** The cell holds other places now. */
  forget(): void {
    this.names.clear();
  }

  /** Names that came with other answers need no call of their own. */
  know(places: Place[]): void {
    for (const place of places) this.keep(place);
  }

  /** Draws names where there is room; `taken` are boxes to keep clear. */
  draw(context: CanvasRenderingContext2D, points: Points, view: View, taken: Box[]): void {
    const most = Math.min(90, Math.round(((view.width * view.height) / 100_000) * DENSITY));
    const boxes = [...taken];
    let drawn = 0;
    let tried = 0;
    context.textBaseline = 'middle';
    context.lineJoin = 'round';
    for (let id = 0; id < points.count && drawn < most && tried < TRIES; id++) {
      const { x, y } = view.toPixel(points.lat[id]!, points.lon[id]!);
      if (x < 0 || y < 8 || x > view.width || y > view.height - 8) continue;
      tried++;
      const known = this.names.get(id);
      const size = labelSize(points.population[id]!, view.scale);
      const wide = (known?.width ?? 60) * (size / 12);
      const box = { left: x - 5, top: y - size * 0.8, right: x + 9 + wide, bottom: y + size * 0.8 };
      if (box.right > view.width - 4 || boxes.some((other) => overlaps(box, other))) continue;
      boxes.push(box);
      drawn++;
      if (known) paint(context, known.name, x, y, size);
      else this.ask(id);
    }
  }

  private ask(id: number): void {
    if (this.asking.size >= ASKING || this.asking.has(id)) return;
    this.asking.add(id);
    this.atlas.place(id).then(
      (place) => {
        this.asking.delete(id);
        this.keep(place);
        this.changed();
      },
      // A name that did not come is asked for again by the next drawing; the page tells of
      // a lost connection elsewhere.
      () => this.asking.delete(id),
    );
  }

  private keep({ id, name }: Place): void {
    if (this.names.has(id)) return;
    measure.font = `500 12px ${FONT}`;
    this.names.set(id, { name, width: measure.measureText(name).width });
  }
}

const measure = document.createElement('canvas').getContext('2d')!;

function labelSize(population: number, scale: number): number {
  const near = Math.min(2, Math.log2(Math.max(1, scale / 8)) * 0.4);
  return Math.min(14, (population > 5_000_000 ? 12 : population > 500_000 ? 11.5 : 11) + near);
}

function paint(
  context: CanvasRenderingContext2D,
  name: string,
  x: number,
  y: number,
  size: number,
): void {
  context.font = `500 ${size}px ${FONT}`;
  context.textAlign = 'left';
  context.lineWidth = 3.5;
  context.strokeStyle = 'rgba(6, 9, 16, 0.82)';
  context.strokeText(name, x + 7, y);
  context.fillStyle = 'rgba(232, 236, 244, 0.92)';
  context.fillText(name, x + 7, y);
  context.beginPath();
  context.arc(x, y, 1.7, 0, 7);
  context.fillStyle = '#fff6e2';
  context.fill();
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
