// Owns the Atlas service: every place of places.bin, searched by name and by nearness. The places
// stay in one block of memory as columns (index/columns.ts); only answers become objects.

import { Best } from './index/best';
import { Columns } from './index/columns';
import { QUERY_UNITS_MAX } from './index/fold';
import { LAT, LON } from './index/layout';
import { PrefixIndex } from './index/prefix';
import { kilometres, SphereIndex } from './index/sphere';

/** The blob that holds the places; made by data/make.ts. */
const PLACES: string = 'places.bin';
/** Bytes of places.bin at most. Threat: a grant that points at something else. */
const PLACES_BYTES_MAX: i64 = 40 << 20;
/** Places in one answer of `search` or `nearest`; larger limits are lowered to this. */
const LIMIT_MAX: u32 = 100;
/** Places in one answer of `points`; larger counts are lowered to this. */
const POINTS_MAX: u32 = 32768;
/** Bytes of one place in `points`. */
const POINT_BYTES: u32 = 12;

/** A populated place. */
class Place {
  /** Rank by population: 0 is the most populous. */
  id: u32 = 0;
  name: string = '';
  /** ISO 3166 code of two letters. */
  country: string = '';
  /** Degrees, north and east positive. */
  lat: f64 = 0;
  lon: f64 = 0;
  /** People; 0 when GeoNames does not know. */
  population: u32 = 0;
}

/** A place and how far it is from the point asked about. */
class Nearby {
  place: Place = new Place();
  /** Great-circle distance in kilometres. */
  distanceKm: f64 = 0;
}

/** What this cell holds. */
class AtlasStats {
  places: u32 = 0;
  countries: u32 = 0;
  /** Starts of words in the search index. */
  words: u32 = 0;
  /** Bytes of places and indexes in the cell's memory. */
  bytes: u32 = 0;
}

/** Places of the world (GeoNames, CC BY 4.0). Public: the data is, and nothing can be changed. */
@service
@Auth.public
class Atlas {
  private columns: Columns = new Columns(new ArrayBuffer(0));
  private prefixes: PrefixIndex = new PrefixIndex(this.columns);
  private sphere: SphereIndex = new SphereIndex(this.columns);

  /** Loads the places, once. */
  start(): void {
    const bytes = Blob.size(PLACES);
    if (bytes > PLACES_BYTES_MAX) {
      fail<void>(Status.OUT_OF_RANGE, `${PLACES} has ${bytes} bytes, at most ${PLACES_BYTES_MAX}`);
    }
    const block = new ArrayBuffer(<i32>bytes);
    const got = Blob.readInto(PLACES, 0, changetype<usize>(block), <i32>bytes);
    if (got != <i32>bytes) fail<void>(Status.DATA_LOSS, `${PLACES} ends at byte ${got}`);
    const columns = new Columns(block);
    const fault = columns.fault();
    if (fault !== null) fail<void>(Status.DATA_LOSS, `${PLACES} cannot be used: ${fault}`);
    this.columns = columns;
    this.prefixes = new PrefixIndex(columns);
    this.sphere = new SphereIndex(columns);
  }

  /**
   * Places with a word that begins with `prefix`, whatever its case and accents, most populous
   * first; a place named exactly so counts 32 times its people. A country's code may follow:
   * `paris us`. Empty: the most populous of all. At most 128 characters; at most 100 places.
   */
  search(prefix: string, limit: u32): Place[] {
    if (prefix.length > QUERY_UNITS_MAX) {
      fail<void>(
        Status.INVALID_ARGUMENT,
        `prefix has ${prefix.length} characters, at most ${QUERY_UNITS_MAX}`,
      );
    }
    const found: Place[] = [];
    if (limit == 0) return found;
    const best: Best = this.prefixes.search(prefix, <i32>min(limit, LIMIT_MAX));
    for (let at = 0; at < best.length; at++) found.push(this.read(best.id(at)));
    return found;
  }

  /**
   * The places nearest to a point in degrees, nearest first, by great-circle distance.
   * At most 100 places.
   */
  nearest(lat: f64, lon: f64, limit: u32): Nearby[] {
    if (!(Math.abs(lat) <= 90)) {
      fail<void>(Status.INVALID_ARGUMENT, `lat must be a number from -90 to 90, got ${lat}`);
    }
    if (!(Math.abs(lon) <= 180)) {
      fail<void>(Status.INVALID_ARGUMENT, `lon must be a number from -180 to 180, got ${lon}`);
    }
    const found: Nearby[] = [];
    if (limit == 0) return found;
    const best = this.sphere.nearest(lat, lon, <i32>min(limit, LIMIT_MAX));
    for (let at = 0; at < best.length; at++) {
      const near = new Nearby();
      near.place = this.read(best.id(at));
      near.distanceKm = kilometres(best.rank(at));
      found.push(near);
    }
    return found;
  }

  /**
   * Positions for drawing: from place `from`, `count` places (at most 32,768) of 12 bytes each:
   * i32 lat, i32 lon (1e-5 degrees), u32 population; little-endian. Empty past the last.
   */
  points(from: u32, count: u32): Uint8Array {
    const left = from < this.columns.count ? this.columns.count - from : 0;
    const length = min(min(count, POINTS_MAX), left);
    const packed = new Uint8Array(<i32>(length * POINT_BYTES));
    let to = packed.dataStart;
    for (let id = from; id < from + length; id++) {
      store<i32>(to, this.columns.raw(LAT, id));
      store<i32>(to, this.columns.raw(LON, id), 4);
      store<u32>(to, this.columns.population(id), 8);
      to += POINT_BYTES;
    }
    return packed;
  }

  /** One place. NOT_FOUND when no place has this id. */
  place(id: u32): Place {
    if (id >= this.columns.count) {
      fail<void>(Status.NOT_FOUND, `no place ${id}, there are ${this.columns.count}`);
    }
    return this.read(id);
  }

  stats(): AtlasStats {
    const stats = new AtlasStats();
    stats.places = this.columns.count;
    stats.countries = this.columns.countries;
    stats.words = this.columns.suffixes;
    stats.bytes = this.columns.bytes;
    return stats;
  }

  private read(id: u32): Place {
    const place = new Place();
    place.id = id;
    place.name = this.columns.name(id);
    place.country = this.columns.country(id);
    place.lat = this.columns.lat(id);
    place.lon = this.columns.lon(id);
    place.population = this.columns.population(id);
    return place;
  }
}
