// Owns the light of the map: every place adds a little to the pixel that it lies on, and the sum
// is coloured from ember to white. Adding first and colouring once draws 135,000 places in a few
// milliseconds on a plain 2D canvas.

import type { Points } from './points.ts';
import type { View } from './view.ts';

/** Device pixels of the light at most; larger screens get a coarser light. */
const PIXELS_MAX = 3_200_000;
const STEPS = 1024;
/** Stops of the ramp: position, red, green, blue, alpha (0-255). */
const RAMP: [number, number, number, number, number][] = [
  [0, 40, 60, 110, 0],
  [0.06, 92, 84, 118, 105],
  [0.18, 196, 118, 74, 165],
  [0.42, 255, 178, 92, 222],
  [0.7, 255, 223, 164, 246],
  [1, 255, 250, 236, 255],
];

export class Light {
  private readonly canvas = document.createElement('canvas');
  private readonly context = this.canvas.getContext('2d')!;
  private readonly ramp = colours();
  private image = new ImageData(1, 1);
  private sum = new Float32Array(1);

  /** Draws the light of `points` for `view` over all of `target`. `exposure` 0-1 fades it in. */
  draw(target: CanvasRenderingContext2D, points: Points, view: View, exposure: number): void {
    const ratio = this.fit(view, target.canvas.width / view.width);
    this.sum.fill(0);
    this.add(points, view, ratio);
    this.colour(exposure);
    this.context.putImageData(this.image, 0, 0);
    target.save();
    target.setTransform(1, 0, 0, 1, 0, 0);
    target.drawImage(this.canvas, 0, 0, target.canvas.width, target.canvas.height);
    target.restore();
  }

  private fit(view: View, wanted: number): number {
    const most = Math.sqrt(PIXELS_MAX / (view.width * view.height));
    const ratio = Math.min(wanted, most);
    const width = Math.max(2, Math.round(view.width * ratio));
    const height = Math.max(2, Math.round(view.height * ratio));
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.image = this.context.createImageData(width, height);
      this.sum = new Float32Array(width * height);
    }
    return ratio;
  }

  private add(points: Points, view: View, ratio: number): void {
    const { width, height } = this.canvas;
    const scale = view.scale * ratio;
    const left = view.centre.lon - view.width / 2 / view.scale;
    const top = view.centre.lat + view.height / 2 / view.scale;
    const around = 360 * scale;
    // Fewer places share a pixel when one looks closer: each gets more light, up to a point.
    const gain = Math.min(2.6, 0.2 + 0.1 * (scale / 4) ** 0.75);
    const { lat, lon, population, count } = points;
    for (let id = 0; id < count; id++) {
      const y = (top - lat[id]!) * scale;
      if (y < 1 || y >= height - 2) continue;
      const east = lon[id]! - left;
      let x = (east - 360 * Math.floor(east / 360)) * scale;
      const people = population[id]!;
      const light = gain * (people > 500_000 ? 4 : people > 50_000 ? 2 : people > 5000 ? 1 : 0.65);
      for (; x < width - 2; x += around) {
        if (x >= 1) this.splat(x, y, light, width);
      }
    }
  }

  /** Shares light among the four pixels around a position, so that it can move smoothly. */
  private splat(x: number, y: number, light: number, width: number): void {
    const sum = this.sum;
    const column = x | 0;
    const row = y | 0;
    const fx = x - column;
    const fy = y - row;
    const at = row * width + column;
    sum[at]! += light * (1 - fx) * (1 - fy);
    sum[at + 1]! += light * fx * (1 - fy);
    sum[at + width]! += light * (1 - fx) * fy;
    sum[at + width + 1]! += light * fx * fy;
  }

  private colour(exposure: number): void {
    const pixels = new Uint32Array(this.image.data.buffer);
    const { sum, ramp } = this;
    for (let at = 0; at < sum.length; at++) {
      const light = sum[at]! * exposure;
      // 1 - 1 / (1 + light): more never saturates at once.
      pixels[at] = light === 0 ? 0 : ramp[((light / (1 + light)) * (STEPS - 1)) | 0]!;
    }
  }
}

/** The ramp as little-endian RGBA words. */
function colours(): Uint32Array {
  return Uint32Array.from({ length: STEPS }, (_, step) => {
    const at = step / (STEPS - 1);
    const next = Math.max(
      1,
      RAMP.findIndex(([stop]) => stop >= at),
    );
    const [from, to] = [RAMP[next - 1]!, RAMP[next]!];
    const part = (at - from[0]) / (to[0] - from[0]);
    const mix = (index: 1 | 2 | 3 | 4) =>
      Math.round(from[index] + (to[index] - from[index]) * part);
    return ((mix(4) << 24) | (mix(3) << 16) | (mix(2) << 8) | mix(1)) >>> 0;
  });
}
