// Owns what hands do on the map: drag, wheel, pinch, double click, keys; and tells apart a click
// from a drag. Never draws and never calls the cell.

import type { AtlasMap } from './map.ts';
import { HOME, type LatLon } from './view.ts';

export interface Asked {
  /** A click or Enter: what is near here? */
  near(at: LatLon): void;
  /** The pointer rests or moves over this place; null when it left. */
  over(at: LatLon | null): void;
}

/** Pixels that a press may wander and still be a click. */
const SLOP = 5;
const PAN_KEY = 70;
const ZOOM_KEY = 1.5;

export function listen(map: AtlasMap, asked: Asked): void {
  new Pointers(map, asked);
  map.canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      map.stopFlight();
      const unit = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? 300 : 1;
      // A pinch on a touchpad comes as a wheel with ctrl, in smaller steps.
      const speed = event.ctrlKey ? 0.012 : 0.0018;
      const delta = Math.max(-400, Math.min(400, event.deltaY * unit));
      map.view.zoomAt(event.offsetX, event.offsetY, Math.exp(-delta * speed));
      map.touch();
    },
    { passive: false },
  );
  map.canvas.addEventListener('keydown', (event) => pressKey(map, asked, event));
}

function pressKey(map: AtlasMap, asked: Asked, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { view } = map;
  const pans: Record<string, [number, number]> = {
    ArrowLeft: [PAN_KEY, 0],
    ArrowRight: [-PAN_KEY, 0],
    ArrowUp: [0, PAN_KEY],
    ArrowDown: [0, -PAN_KEY],
  };
  const pan = pans[event.key];
  if (pan) view.panBy(...pan);
  else if (event.key === '+' || event.key === '=') zoom(map, ZOOM_KEY);
  else if (event.key === '-' || event.key === '_') zoom(map, 1 / ZOOM_KEY);
  else if (event.key === '0') map.lookAt(HOME, 0);
  else if (event.key === 'Enter' || event.key === ' ') asked.near({ ...view.centre });
  else return;
  event.preventDefault();
  if (pan) map.stopFlight();
  map.touch();
}

/** Zooms about the middle of the map. */
export function zoom(map: AtlasMap, factor: number): void {
  map.stopFlight();
  map.view.zoomAt(map.view.width / 2, map.view.height / 2, factor);
  map.touch();
}

class Pointers {
  private readonly down = new Map<number, { x: number; y: number }>();
  private wandered = 0;
  private readonly map: AtlasMap;
  private readonly asked: Asked;

  constructor(map: AtlasMap, asked: Asked) {
    this.map = map;
    this.asked = asked;
    const { canvas } = map;
    canvas.addEventListener('pointerdown', (event) => this.press(event));
    canvas.addEventListener('pointermove', (event) => this.move(event));
    canvas.addEventListener('pointerup', (event) => this.lift(event, true));
    canvas.addEventListener('pointercancel', (event) => this.lift(event, false));
    canvas.addEventListener('pointerleave', () => asked.over(null));
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.map.canvas.setPointerCapture(event.pointerId);
    this.map.stopFlight();
    if (this.down.size === 0) this.wandered = 0;
    this.down.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  }

  private move(event: PointerEvent): void {
    const last = this.down.get(event.pointerId);
    const { view } = this.map;
    if (!last) {
      if (event.pointerType === 'mouse') {
        this.asked.over(view.toPlace(event.offsetX, event.offsetY));
      }
      return;
    }
    const dx = event.offsetX - last.x;
    const dy = event.offsetY - last.y;
    this.wandered += Math.hypot(dx, dy);
    if (this.down.size === 2) this.pinch(event, last);
    else if (this.wandered > SLOP) view.panBy(dx, dy);
    last.x = event.offsetX;
    last.y = event.offsetY;
    if (this.wandered > SLOP) {
      this.map.canvas.classList.add('dragging');
      this.asked.over(null);
      this.map.touch();
    }
  }

  /** One of two fingers moved: the other one holds. */
  private pinch(event: PointerEvent, last: { x: number; y: number }): void {
    const other = [...this.down.entries()].find(([id]) => id !== event.pointerId)![1];
    const before = Math.hypot(last.x - other.x, last.y - other.y);
    const after = Math.hypot(event.offsetX - other.x, event.offsetY - other.y);
    if (before < 8 || after < 8) return;
    this.map.view.panBy((event.offsetX - last.x) / 2, (event.offsetY - last.y) / 2);
    const x = (event.offsetX + other.x) / 2;
    const y = (event.offsetY + other.y) / 2;
    this.map.view.zoomAt(x, y, after / before);
  }

  private lift(event: PointerEvent, wanted: boolean): void {
    if (!this.down.delete(event.pointerId)) return;
    this.map.canvas.classList.remove('dragging');
    if (!wanted || this.down.size > 0 || this.wandered > SLOP) {
      // A finger that stays down after a pinch must not become a click when it lifts.
      if (this.down.size > 0) this.wandered = SLOP + 1;
      return;
    }
    this.asked.near(this.map.view.toPlace(event.offsetX, event.offsetY));
  }
}
