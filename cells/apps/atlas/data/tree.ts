// Owns the order of the nearest index: an implicit k-d tree over unit vectors. On a sphere's
// chords the date line and the poles are like any other place, which a grid of degrees cannot say.
//
// A range [from, to) of more than LEAF_NODES nodes has its median at (from + to) >> 1: what lies
// before it is <= it on its axis, what lies after is >= it. The axis is the one of widest spread.

import { DEGREE, LEAF_NODES } from '../index/layout.ts';

export interface Tree {
  /** Place ids in tree order, and their unit vectors in the same order. */
  place: Uint32Array;
  x: Float64Array;
  y: Float64Array;
  z: Float64Array;
  /** Axis on which the node divides its range: 0 x, 1 y, 2 z; 0 in leaves. */
  axis: Uint8Array;
}

/** Orders places given by latitude and longitude in 1e-5 degrees. */
export function buildTree(lat: Int32Array, lon: Int32Array): Tree {
  const count = lat.length;
  const vectors = [0, 1, 2].map(() => new Float64Array(count)) as [Float64Array, ...Float64Array[]];
  for (let id = 0; id < count; id++) {
    const [x, y, z] = unitVector(lat[id]! / DEGREE, lon[id]! / DEGREE);
    vectors[0]![id] = x;
    vectors[1]![id] = y;
    vectors[2]![id] = z;
  }
  const place = Uint32Array.from({ length: count }, (_, id) => id);
  const axis = new Uint8Array(count);
  divide(place, axis, vectors, 0, count);
  const inOrder = (of: Float64Array) => Float64Array.from(place, (id) => of[id]!);
  return {
    place,
    axis,
    x: inOrder(vectors[0]!),
    y: inOrder(vectors[1]!),
    z: inOrder(vectors[2]!),
  };
}

/** Point of the unit sphere for a latitude and longitude in degrees. */
export function unitVector(lat: number, lon: number): [number, number, number] {
  const phi = (lat * Math.PI) / 180;
  const lambda = (lon * Math.PI) / 180;
  const ring = Math.cos(phi);
  return [ring * Math.cos(lambda), ring * Math.sin(lambda), Math.sin(phi)];
}

function divide(
  place: Uint32Array,
  axis: Uint8Array,
  vectors: Float64Array[],
  from: number,
  to: number,
): void {
  if (to - from <= LEAF_NODES) return;
  const middle = (from + to) >> 1;
  const widest = widestAxis(place, vectors, from, to);
  select(place, vectors[widest]!, from, to, middle);
  axis[middle] = widest;
  divide(place, axis, vectors, from, middle);
  divide(place, axis, vectors, middle + 1, to);
}

function widestAxis(place: Uint32Array, vectors: Float64Array[], from: number, to: number): number {
  let widest = 0;
  let spread = -1;
  vectors.forEach((values, axis) => {
    let low = Infinity;
    let high = -Infinity;
    for (let at = from; at < to; at++) {
      const value = values[place[at]!]!;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (high - low > spread) {
      spread = high - low;
      widest = axis;
    }
  });
  return widest;
}

/** Hoare's selection: puts the node of rank `rank` in its place. Equal values are ordered by id. */
function select(
  place: Uint32Array,
  values: Float64Array,
  from: number,
  to: number,
  rank: number,
): void {
  const before = (a: number, b: number) => values[a]! - values[b]! || a - b;
  let low = from;
  let high = to - 1;
  while (low < high) {
    const pivot = place[(low + high) >> 1]!;
    let left = low;
    let right = high;
    while (left <= right) {
      while (before(place[left]!, pivot) < 0) left++;
      while (before(place[right]!, pivot) > 0) right--;
      if (left > right) break;
      const kept = place[left]!;
      place[left++] = place[right]!;
      place[right--] = kept;
    }
    if (rank <= right) high = right;
    else if (rank >= left) low = left;
    else return;
  }
}
