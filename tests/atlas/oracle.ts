// Owns the plain answers that the Atlas indexes are held against: every place looked at, no index,
// formulas other than the cell's.

import { fold } from '../../cells/apps/atlas/data/fold.ts';
import type { Row } from '../../cells/apps/atlas/data/places.ts';
import type { Near } from './probe.ts';

const EARTH_KM = 6371.0088;

/** Great-circle distance by the haversine formula. */
export function haversine(lat: number, lon: number, toLat: number, toLon: number): number {
  const degree = Math.PI / 180;
  const up = Math.sin(((toLat - lat) * degree) / 2);
  const across = Math.sin(((toLon - lon) * degree) / 2);
  const share = up * up + Math.cos(lat * degree) * Math.cos(toLat * degree) * across * across;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(share)));
}

export class Oracle {
  readonly rows: Row[];
  private readonly texts: { name: string; ends: string[] }[];

  constructor(rows: Row[]) {
    this.rows = [...rows].sort((a, b) => b.population - a.population || a.key - b.key);
    this.texts = this.rows.map((row) => {
      const { text, words } = fold(row.name);
      const whole = `${text}\u001f${row.country.toLowerCase()}`;
      return { name: text, ends: words.map((at) => whole.slice(at)) };
    });
  }

  /** Ids by the rule that the cell's `search` documents. */
  search(query: string, limit: number): number[] {
    const { text } = fold(query);
    const spaced = text !== '' && fold(`${query}x`).text.endsWith(' x');
    const last = text.lastIndexOf(' ');
    const other = spaced
      ? `${text}\u001f`
      : last < 0
        ? null
        : `${text.slice(0, last)}\u001f${text.slice(last + 1)}`;
    const begins = [spaced ? `${text} ` : text, ...(other === null ? [] : [other])];
    const found: { id: number; weight: number }[] = [];
    this.texts.forEach(({ name, ends }, id) => {
      if (text !== '' && !ends.some((end) => begins.some((begin) => end.startsWith(begin)))) return;
      const exact = text !== '' && name === text;
      found.push({ id, weight: this.rows[id]!.population * (exact ? 32 : 1) });
    });
    found.sort((a, b) => b.weight - a.weight || a.id - b.id);
    return found.slice(0, limit).map((one) => one.id);
  }

  nearest(lat: number, lon: number, limit: number): Near[] {
    const best: Near[] = [];
    this.rows.forEach((row, id) => {
      const km = haversine(lat, lon, row.lat, row.lon);
      if (best.length === limit && km >= best[limit - 1]!.km) return;
      // Equal distances: what came first, which has the smaller id, stays first.
      const at = best.findIndex((near) => near.km > km);
      best.splice(at < 0 ? best.length : at, 0, { id, km });
      best.length = Math.min(best.length, limit);
    });
    return best;
  }
}
