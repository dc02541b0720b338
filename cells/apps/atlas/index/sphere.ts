// Owns the search for the nearest places: a k-d tree over unit vectors, in the order that
// data/tree.ts describes. A chord grows with its great-circle distance, so the tree compares
// squares of chords and the date line and the poles need no case of their own.

import { Best } from './best';
import { Columns } from './columns';
import { LEAF_NODES, NODE_AXIS, NODE_PLACE, NODE_X, NODE_Y, NODE_Z } from './layout';

/** Mean radius (IUGG R1), kilometres. */
export const EARTH_KM: f64 = 6371.0088;

export class SphereIndex {
  private x: f64 = 0;
  private y: f64 = 0;
  private z: f64 = 0;

  constructor(private columns: Columns) {}

  /**
   * The `limit` (at least 1) places nearest to a point in degrees, nearest first; equal distances
   * by id. A rank in the list is the square of a chord of the unit sphere: see `kilometres`.
   */
  nearest(lat: f64, lon: f64, limit: i32): Best {
    const phi = lat * Math.PI / 180;
    const lambda = lon * Math.PI / 180;
    this.x = Math.cos(phi) * Math.cos(lambda);
    this.y = Math.cos(phi) * Math.sin(lambda);
    this.z = Math.sin(phi);
    const best = new Best(limit);
    this.visit(0, this.columns.count, best);
    return best;
  }

  /** Depth is at most log2(COUNT_MAX / LEAF_NODES), 21. */
  private visit(from: u32, to: u32, best: Best): void {
    if (to - from <= LEAF_NODES) {
      for (let node = from; node < to; node++) this.offer(node, best);
      return;
    }
    const middle = (from + to) >> 1;
    const axis = load<u8>(this.columns.at(NODE_AXIS) + middle);
    const plane = load<f64>(this.columns.at(NODE_X + axis) + (<usize>middle << 3));
    const side = (axis == 0 ? this.x : axis == 1 ? this.y : this.z) - plane;
    this.offer(middle, best);
    if (side < 0) {
      this.visit(from, middle, best);
      if (side * side <= best.worst()) this.visit(middle + 1, to, best);
    } else {
      this.visit(middle + 1, to, best);
      if (side * side <= best.worst()) this.visit(from, middle, best);
    }
  }

  @inline private offer(node: u32, best: Best): void {
    const at = <usize>node << 3;
    const dx = load<f64>(this.columns.at(NODE_X) + at) - this.x;
    const dy = load<f64>(this.columns.at(NODE_Y) + at) - this.y;
    const dz = load<f64>(this.columns.at(NODE_Z) + at) - this.z;
    const square = dx * dx + dy * dy + dz * dz;
    if (square > best.worst()) return;
    best.offer(load<u32>(this.columns.at(NODE_PLACE) + (<usize>node << 2)), square);
  }
}

/** Great-circle distance for the square of a chord of the unit sphere. */
export function kilometres(square: f64): f64 {
  return 2 * EARTH_KM * Math.asin(min(1.0, Math.sqrt(square) / 2));
}
