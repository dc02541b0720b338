// Owns the way from one look at the map to another: up, across and down, so that the eye can
// follow. Never starts a frame itself: the map asks where it is now.

import { type LatLon, type View, wrapLon } from './view.ts';

export class Flight {
  private from: { centre: LatLon; scale: number };
  private readonly lonSpan: number;
  private readonly dip: number;
  private readonly milliseconds: number;

  constructor(view: View, to: LatLon, scale: number, started: number) {
    this.view = view;
    this.to = to;
    this.scale = view.clampScale(scale);
    this.started = started;
    this.from = { centre: { ...view.centre }, scale: view.scale };
    this.lonSpan = wrapLon(to.lon - view.centre.lon);
    const degrees = Math.hypot(this.lonSpan, to.lat - view.centre.lat);
    const screens = (degrees * Math.min(this.from.scale, this.scale)) / view.width;
    this.dip = Math.min(2.4, Math.log(1 + screens) * 0.55);
    const turn = Math.abs(Math.log(this.scale / this.from.scale));
    this.milliseconds = matchMedia('(prefers-reduced-motion: reduce)').matches
      ? 0
      : Math.min(1500, 350 + 160 * turn + 260 * Math.log(1 + screens));
  }

  private readonly view: View;
  private readonly to: LatLon;
  private readonly scale: number;
  private readonly started: number;

  /** Moves the view to where the flight is at `now`; false when it has arrived. */
  step(now: number): boolean {
    const time = this.milliseconds === 0 ? 1 : (now - this.started) / this.milliseconds;
    if (time >= 1) {
      this.view.look(this.to, this.scale);
      return false;
    }
    const eased = time < 0 ? 0 : time * time * (3 - 2 * time);
    const rise = this.dip * 4 * eased * (1 - eased);
    const { centre, scale } = this.from;
    // Scales are mixed as logarithms: each moment zooms by the same factor.
    const mixed = Math.log(scale) + (Math.log(this.scale) - Math.log(scale)) * eased - rise;
    // The centre moves by what the zoom lets one see, not by the clock alone.
    const across = share(eased, scale, this.scale);
    this.view.look(
      {
        lat: centre.lat + (this.to.lat - centre.lat) * across,
        lon: centre.lon + this.lonSpan * across,
      },
      Math.exp(mixed),
    );
    return true;
  }
}

/** Share of the way at `eased` when speed over the ground is inverse to a scale going a -> b. */
function share(eased: number, a: number, b: number): number {
  const ratio = a / b;
  if (Math.abs(ratio - 1) < 1e-3) return eased;
  return (1 - ratio ** eased) / (1 - ratio);
}
