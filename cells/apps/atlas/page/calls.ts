// Owns what the page needs of the Atlas client: the generated class has these methods.

export interface Place {
  id: number;
  name: string;
  country: string;
  lat: number;
  lon: number;
  population: number;
}
export interface Nearby {
  place: Place;
  distanceKm: number;
}
export interface AtlasStats {
  places: number;
  countries: number;
  words: number;
  bytes: number;
}

export interface AtlasCalls {
  search(prefix: string, limit: number): Promise<Place[]>;
  nearest(lat: number, lon: number, limit: number): Promise<Nearby[]>;
  points(from: number, count: number): Promise<Uint8Array>;
  place(id: number): Promise<Place>;
  stats(): Promise<AtlasStats>;
}
