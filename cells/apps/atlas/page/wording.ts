// Owns how the page writes numbers, places and errors in words.

import type { LatLon } from './view.ts';

const whole = new Intl.NumberFormat('en');
const regions = new Intl.DisplayNames(['en'], { type: 'region' });

export const number = (value: number): string => whole.format(value);

export function people(population: number): string {
  if (population === 0) return 'population unknown';
  if (population >= 1_000_000) return `${(population / 1_000_000).toFixed(1)} million people`;
  return `${whole.format(population)} people`;
}

/** Name of a country by its code; the code itself when it is not known. */
export function country(code: string): string {
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
}

export function distance(km: number): string {
  if (km < 1) return `${Math.round(km * 1000)} m`;
  return km < 100 ? `${km.toFixed(1)} km` : `${whole.format(Math.round(km))} km`;
}

export function coordinates({ lat, lon }: LatLon): string {
  const half = (value: number, positive: string, negative: string) =>
    `${Math.abs(value).toFixed(2)}° ${value < 0 ? negative : positive}`;
  return `${half(lat, 'N', 'S')}, ${half(lon, 'E', 'W')}`;
}

/** Latency with three digits that mean something: `420 µs`, `1.24 ms`. */
export function latency(ms: number): string {
  if (Number.isNaN(ms)) return '–';
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  return `${ms < 10 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** What a failed call says to a person: its status, if it has one, and its message. */
export function failure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { statusName } = error as { statusName?: unknown };
  return typeof statusName === 'string' ? `${statusName}: ${error.message}` : error.message;
}
