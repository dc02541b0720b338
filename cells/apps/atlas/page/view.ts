// Owns where the map looks: centre and scale of an equirectangular map that goes on for ever to
// the east and west. All pixels here are CSS pixels.

export interface LatLon {
  lat: number;
  lon: number;
}

/** Longitude brought into [-180, 180). */
export const wrapLon = (lon: number): number => lon - 360 * Math.floor((lon + 180) / 360);

const SCALE_MAX = 6000;
/** Latitude that the middle of the screen may have at most. */
const LAT_MAX = 85;
/** Where people live: the middle of the whole world, seen from afar. */
export const HOME: LatLon = { lat: 14, lon: 12 };

export class View {
  width = 1;
  height = 1;
  centre: LatLon = { ...HOME };
  /** Pixels per degree. */
  scale = 4;

  /** Whole world across, or more than half of the height on narrow screens. */
  get scaleMin(): number {
    return Math.max(this.width / 360, (this.height * 0.62) / 180);
  }

  resize(width: number, height: number): void {
    const whole = this.scale <= this.scaleMin * 1.001;
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    if (whole) this.scale = this.scaleMin;
    this.settle();
  }

  /** Pixel of a place; of its copies the one nearest to the centre. */
  toPixel(lat: number, lon: number): { x: number; y: number } {
    return {
      x: this.width / 2 + wrapLon(lon - this.centre.lon) * this.scale,
      y: this.height / 2 - (lat - this.centre.lat) * this.scale,
    };
  }

  /** Place under a pixel; latitudes beyond a pole become the pole. */
  toPlace(x: number, y: number): LatLon {
    const lat = this.centre.lat - (y - this.height / 2) / this.scale;
    const lon = this.centre.lon + (x - this.width / 2) / this.scale;
    return { lat: Math.min(90, Math.max(-90, lat)), lon: wrapLon(lon) };
  }

  /** What the middle must be so that a place lies at pixel (x, y), at the present scale. */
  centreFor(place: LatLon, x: number, y: number): LatLon {
    return {
      lat: place.lat + (y - this.height / 2) / this.scale,
      lon: wrapLon(place.lon - (x - this.width / 2) / this.scale),
    };
  }

  panBy(dx: number, dy: number): void {
    this.centre.lon -= dx / this.scale;
    this.centre.lat += dy / this.scale;
    this.settle();
  }

  /** Zooms by a factor; what is under (x, y) stays there. */
  zoomAt(x: number, y: number, factor: number): void {
    const before = this.scale;
    this.scale = this.clampScale(before * factor);
    const shift = 1 / before - 1 / this.scale;
    this.centre.lon += (x - this.width / 2) * shift;
    this.centre.lat -= (y - this.height / 2) * shift;
    this.settle();
  }

  look(centre: LatLon, scale: number): void {
    this.centre = { ...centre };
    this.scale = this.clampScale(scale);
    this.settle();
  }

  clampScale(scale: number): number {
    return Math.min(SCALE_MAX, Math.max(this.scaleMin, scale));
  }

  /** Keeps the middle of the screen on the map. */
  private settle(): void {
    this.scale = this.clampScale(this.scale);
    this.centre.lat = Math.min(LAT_MAX, Math.max(-LAT_MAX, this.centre.lat));
    this.centre.lon = wrapLon(this.centre.lon);
  }
}
