// Owns places as discs sized by their people, once one looks close enough for that. From afar the
// light alone shows them (light.ts).

import type { Points } from './points.ts';
import type { View } from './view.ts';

/** Discs at most: bounds a drawing; the most populous come first. */
const MOST = 9000;
/** Scales (pixels a degree) between which discs fade in. */
const FADE: [number, number] = [14, 60];
/** Radii that are drawn, in steps: one path for each. */
const STEP = 0.5;
const SIZES = 18;

export function drawDiscs(context: CanvasRenderingContext2D, points: Points, view: View): void {
  const alpha = Math.min(1, (view.scale - FADE[0]) / (FADE[1] - FADE[0]));
  if (alpha <= 0) return;
  const paths = Array.from({ length: SIZES }, () => new Path2D());
  const grown = Math.min(1.7, 0.55 + 0.16 * Math.log2(view.scale / FADE[0]));
  const halfLat = view.height / 2 / view.scale;
  let drawn = 0;
  for (let id = 0; id < points.count && drawn < MOST; id++) {
    const lat = points.lat[id]!;
    if (Math.abs(lat - view.centre.lat) > halfLat) continue;
    const { x, y } = view.toPixel(lat, points.lon[id]!);
    if (x < -9 || x > view.width + 9) continue;
    drawn++;
    const radius =
      grown * (0.55 + 0.62 * Math.max(0, Math.log10(points.population[id]! + 1) - 2.4));
    const size = Math.min(SIZES - 1, Math.max(1, Math.round(radius / STEP)));
    const path = paths[size]!;
    path.moveTo(x + size * STEP, y);
    path.arc(x, y, size * STEP, 0, 7);
  }
  paths.forEach((path, size) => {
    // Large discs are clearer than small ones, so that what they cover still shows.
    const light = Math.max(0.3, 0.95 - size * 0.05);
    const green = 190 + Math.min(45, size * 5);
    context.fillStyle = `rgba(255, ${green}, ${118 + size * 6}, ${alpha * light})`;
    context.fill(path);
  });
}
