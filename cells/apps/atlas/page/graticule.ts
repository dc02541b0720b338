// Owns the net of meridians and parallels under the places.

import { type View, wrapLon } from './view.ts';

const NAMED: { lat: number; name: string }[] = [
  { lat: 0, name: 'Equator' },
  { lat: 23.4364, name: 'Tropic of Cancer' },
  { lat: -23.4364, name: 'Tropic of Capricorn' },
  { lat: 66.5636, name: 'Arctic Circle' },
  { lat: -66.5636, name: 'Antarctic Circle' },
];

/** Pixels at the top that the title and the search box take from the lines' names. */
const MASTHEAD = 150;

/** Degrees between lines, so that some 90 to 250 pixels lie between two. */
function spacing(scale: number): number {
  return [30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05].find((step) => step * scale < 250) ?? 0.02;
}

export function drawGraticule(context: CanvasRenderingContext2D, view: View): void {
  const step = spacing(view.scale);
  const { width, height } = view;
  const left = view.centre.lon - width / 2 / view.scale;
  const right = view.centre.lon + width / 2 / view.scale;
  const top = view.centre.lat + height / 2 / view.scale;
  const bottom = view.centre.lat - height / 2 / view.scale;
  const yOf = (lat: number) => height / 2 - (lat - view.centre.lat) * view.scale;
  const north = Math.max(0, yOf(90));
  const south = Math.min(height, yOf(-90));
  context.lineWidth = 1;
  context.strokeStyle = 'rgba(150, 175, 215, 0.075)';
  context.beginPath();
  for (let lon = Math.ceil(left / step) * step; lon <= right; lon += step) {
    const x = Math.round((lon - left) * view.scale) + 0.5;
    context.moveTo(x, north);
    context.lineTo(x, south);
  }
  for (
    let lat = Math.ceil(Math.max(-90, bottom) / step) * step;
    lat <= Math.min(90, top);
    lat += step
  ) {
    const y = Math.round(yOf(lat)) + 0.5;
    context.moveTo(0, y);
    context.lineTo(width, y);
  }
  context.stroke();
  drawNamed(context, view, yOf);
  drawDateLine(context, view, north, south);
}

function drawNamed(
  context: CanvasRenderingContext2D,
  view: View,
  yOf: (lat: number) => number,
): void {
  context.save();
  context.strokeStyle = 'rgba(150, 175, 215, 0.2)';
  context.fillStyle = 'rgba(150, 175, 215, 0.42)';
  context.font = 'italic 11px Georgia, "Times New Roman", serif';
  context.textAlign = 'left';
  context.textBaseline = 'bottom';
  context.setLineDash([2, 5]);
  for (const { lat, name } of NAMED) {
    const y = Math.round(yOf(lat)) + 0.5;
    if (y < 0 || y > view.height) continue;
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(view.width, y);
    context.stroke();
    if (view.width > 700 && y > MASTHEAD) context.fillText(name, 24, y - 3);
  }
  context.restore();
}

function drawDateLine(
  context: CanvasRenderingContext2D,
  view: View,
  north: number,
  south: number,
): void {
  const x = Math.round(view.width / 2 + wrapLon(180 - view.centre.lon) * view.scale) + 0.5;
  context.save();
  context.strokeStyle = 'rgba(150, 175, 215, 0.16)';
  context.setLineDash([2, 5]);
  for (let copy = x - 360 * view.scale; copy <= view.width; copy += 360 * view.scale) {
    if (copy < 0) continue;
    context.beginPath();
    context.moveTo(copy, north);
    context.lineTo(copy, south);
    context.stroke();
  }
  context.restore();
}
