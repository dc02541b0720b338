// Owns the small picture in the panel: the places found as they lie around the point, north up, by
// bearing and distance (azimuthal equidistant). It is right at the poles, where the map is not, and
// readable when the map is so far away that the places fall on one pixel.

import type { Nearby } from './calls.ts';
import type { LatLon } from './view.ts';
import { distance } from './wording.ts';

const MINT = '127, 231, 210';
const BADGE = 9;
const RINGS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

export function drawLoupe(
  canvas: HTMLCanvasElement,
  from: LatLon,
  found: Nearby[],
  marked: number,
): void {
  const ratio = Math.min(3, devicePixelRatio || 1);
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d')!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.translate(width / 2, height / 2);
  const furthest = Math.max(0.02, ...found.map((near) => near.distanceKm));
  const scale = (height / 2 - BADGE - 5) / furthest;
  drawRings(context, scale, Math.hypot(width, height) / 2, height / 2);
  const spots = found.map((near) => {
    const bearing = bearingOf(from, near.place);
    const away = near.distanceKm * scale;
    return { x: Math.sin(bearing) * away, y: -Math.cos(bearing) * away };
  });
  spots.forEach(({ x, y }, index) => {
    context.beginPath();
    context.moveTo(0, 0);
    context.lineTo(x, y);
    context.lineWidth = index === marked ? 2.25 : 1.1;
    context.strokeStyle = `rgba(${MINT}, ${index === marked ? 1 : 0.5})`;
    context.stroke();
  });
  const order = spots.map((_, index) => index).reverse();
  for (const index of order) if (index !== marked) drawBadge(context, spots[index]!, index, false);
  if (marked >= 0 && spots[marked]) drawBadge(context, spots[marked]!, marked, true);
  context.beginPath();
  context.arc(0, 0, 3, 0, 7);
  context.fillStyle = `rgb(${MINT})`;
  context.fill();
}

function drawRings(
  context: CanvasRenderingContext2D,
  scale: number,
  reach: number,
  half: number,
): void {
  const step = RINGS.find((km) => km * scale >= half / 2.2) ?? RINGS.at(-1)!;
  context.font = '11px "Inter", "Segoe UI", system-ui, sans-serif';
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.lineWidth = 1;
  let named = 0;
  for (let ring = 1; ring * step * scale < reach; ring++) {
    const radius = ring * step * scale;
    context.beginPath();
    context.arc(0, 0, radius, 0, 7);
    context.strokeStyle = 'rgba(148, 170, 210, 0.17)';
    context.stroke();
    if (radius < 48 || radius - named < 84 || radius > reach * 0.85) continue;
    named = radius;
    const text = distance(ring * step).replace('.0', '');
    context.lineWidth = 4;
    context.strokeStyle = 'rgb(13, 18, 29)';
    context.strokeText(text, radius - 3, 0);
    context.fillStyle = 'rgba(151, 163, 185, 0.85)';
    context.fillText(text, radius - 3, 0);
    context.lineWidth = 1;
  }
}

function drawBadge(
  context: CanvasRenderingContext2D,
  { x, y }: { x: number; y: number },
  index: number,
  marked: boolean,
): void {
  context.beginPath();
  context.arc(x, y, BADGE, 0, 7);
  context.fillStyle = marked ? `rgb(${MINT})` : 'rgb(12, 30, 36)';
  context.fill();
  context.strokeStyle = `rgb(${MINT})`;
  context.lineWidth = 1.1;
  context.stroke();
  context.font = '600 11px "Inter", "Segoe UI", system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = marked ? '#06231f' : `rgb(${MINT})`;
  context.fillText(String(index + 1), x, y + 0.5);
}

/** Direction in which the great circle to `to` leaves `from`: radians, clockwise from north. */
function bearingOf(from: LatLon, to: LatLon): number {
  const degree = Math.PI / 180;
  const east = (to.lon - from.lon) * degree;
  const cosTo = Math.cos(to.lat * degree);
  return Math.atan2(
    Math.sin(east) * cosTo,
    Math.cos(from.lat * degree) * Math.sin(to.lat * degree) -
      Math.sin(from.lat * degree) * cosTo * Math.cos(east),
  );
}
