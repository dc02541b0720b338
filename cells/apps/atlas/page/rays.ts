// Owns the drawing of an answer of `nearest`: the point that was asked about, great-circle lines
// to the places found, and their numbers; also the place that the pointer or the search is on.

import type { Nearby, Place } from './calls.ts';
import type { LatLon, View } from './view.ts';
import { wrapLon } from './view.ts';

const STEPS = 40;
const RAY = '127, 231, 210';
/** Places within so many pixels of the point get no numbers: the panel's picture shows them. */
const CLUMP = 44;

export interface Rays {
  from: LatLon;
  found: Nearby[];
  /** Index in `found` of the one that the panel has under the pointer, or -1. */
  marked: number;
  /** 0-1: how far the lines have grown. */
  grown: number;
}

export function drawRays(context: CanvasRenderingContext2D, view: View, rays: Rays): void {
  const at = view.toPixel(rays.from.lat, rays.from.lon);
  rays.found.forEach(({ place }, index) => {
    const marked = index === rays.marked;
    drawArc(context, view, rays.from, place, rays.grown, marked);
  });
  if (rays.grown >= 1 && spread(view, at, rays.found) > CLUMP) {
    for (let index = rays.found.length - 1; index >= 0; index--) {
      drawNumber(context, view, rays.found[index]!.place, index + 1, index === rays.marked);
    }
  }
  context.strokeStyle = `rgb(${RAY})`;
  context.lineWidth = 1.5;
  context.beginPath();
  context.arc(at.x, at.y, 6, 0, 7);
  context.moveTo(at.x - 11, at.y);
  context.lineTo(at.x - 3, at.y);
  context.moveTo(at.x + 3, at.y);
  context.lineTo(at.x + 11, at.y);
  context.moveTo(at.x, at.y - 11);
  context.lineTo(at.x, at.y - 3);
  context.moveTo(at.x, at.y + 3);
  context.lineTo(at.x, at.y + 11);
  context.stroke();
}

/** Pixels from the point to the furthest of the places found. */
function spread(view: View, at: { x: number; y: number }, found: Nearby[]): number {
  const pixels = found.map(({ place }) => {
    const { x, y } = view.toPixel(place.lat, place.lon);
    return Math.hypot(x - at.x, y - at.y);
  });
  return Math.max(0, ...pixels);
}

/** Ring and name on one place. */
export function drawBeacon(
  context: CanvasRenderingContext2D,
  view: View,
  place: Place,
  colour: string,
): void {
  const { x, y } = view.toPixel(place.lat, place.lon);
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  context.arc(x, y, 7, 0, 7);
  context.stroke();
  context.font = '600 13px "Inter", "Segoe UI", system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  const wide = context.measureText(place.name).width + 18;
  const left = x + 13 + wide > view.width ? x - 13 - wide : x + 13;
  context.beginPath();
  context.roundRect(left, y - 13, wide, 26, 8);
  context.fillStyle = 'rgba(10, 14, 23, 0.92)';
  context.fill();
  context.globalAlpha = 0.5;
  context.lineWidth = 1;
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = colour;
  context.fillText(place.name, left + 9, y + 0.5);
}

function drawArc(
  context: CanvasRenderingContext2D,
  view: View,
  from: LatLon,
  to: LatLon,
  grown: number,
  marked: boolean,
): void {
  const path = greatCircle(from, to, STEPS);
  const start = view.toPixel(from.lat, from.lon);
  context.beginPath();
  context.moveTo(start.x, start.y);
  let x = start.x;
  let lon = from.lon;
  const last = Math.max(1, Math.round(STEPS * grown));
  for (let step = 1; step <= last; step++) {
    const point = path[step]!;
    // Carried on from the last point, so that a line may leave the map and never jumps across.
    x += wrapLon(point.lon - lon) * view.scale;
    lon = point.lon;
    context.lineTo(x, view.height / 2 - (point.lat - view.centre.lat) * view.scale);
  }
  context.strokeStyle = `rgba(${RAY}, ${marked ? 1 : 0.62})`;
  context.lineWidth = marked ? 2.5 : 1.25;
  context.stroke();
}

function drawNumber(
  context: CanvasRenderingContext2D,
  view: View,
  place: Place,
  number: number,
  marked: boolean,
): void {
  const { x, y } = view.toPixel(place.lat, place.lon);
  context.beginPath();
  context.arc(x, y, marked ? 11 : 9, 0, 7);
  context.fillStyle = marked ? `rgb(${RAY})` : 'rgba(10, 26, 30, 0.94)';
  context.fill();
  context.strokeStyle = `rgb(${RAY})`;
  context.lineWidth = 1.25;
  context.stroke();
  context.font = '600 11px "Inter", "Segoe UI", system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = marked ? '#06231f' : `rgb(${RAY})`;
  context.fillText(String(number), x, y + 0.5);
}

/** `steps` + 1 points along the shorter great circle (spherical linear interpolation). */
function greatCircle(from: LatLon, to: LatLon, steps: number): LatLon[] {
  const a = vector(from);
  const b = vector(to);
  const angle = Math.acos(Math.min(1, Math.max(-1, a[0] * b[0] + a[1] * b[1] + a[2] * b[2])));
  return Array.from({ length: steps + 1 }, (_, step) => {
    const part = step / steps;
    if (angle < 1e-6 || Math.PI - angle < 1e-6) {
      return {
        lat: from.lat + (to.lat - from.lat) * part,
        lon: wrapLon(from.lon + wrapLon(to.lon - from.lon) * part),
      };
    }
    const p = Math.sin((1 - part) * angle) / Math.sin(angle);
    const q = Math.sin(part * angle) / Math.sin(angle);
    const [x, y, z] = [a[0] * p + b[0] * q, a[1] * p + b[1] * q, a[2] * p + b[2] * q];
    return {
      lat: (Math.atan2(z, Math.hypot(x, y)) * 180) / Math.PI,
      lon: (Math.atan2(y, x) * 180) / Math.PI,
    };
  });
}

function vector({ lat, lon }: LatLon): [number, number, number] {
  const phi = (lat * Math.PI) / 180;
  const lambda = (lon * Math.PI) / 180;
  return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
}
