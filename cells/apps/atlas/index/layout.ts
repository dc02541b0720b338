// Owns the layout of places.bin: the one that data/make.ts writes and the cell reads in place.
// Never holds behaviour. Read by asc and by Node alike, so: plain numeric consts only.
//
//   0         128
//   +---------+-----+-----+------------+---------+---------+-------+-----------+--------+
//   | header  | LAT | LON | POPULATION | COUNTRY | NAME_AT | NAMES | FOLDED_AT | FOLDED |
//   +---------+-----+-----+------------+---------+---------+-------+-----------+--------+
//   | SUFFIX | SUFFIX_BEST | NODE_X | NODE_Y | NODE_Z | NODE_PLACE | NODE_AXIS | FOLD |
//   +--------+-------------+--------+--------+--------+------------+-----------+------+
//
// Little-endian. Every section starts at a multiple of 8; the gaps are zero. A place's id is its
// rank by population, so "the best" is always "the smallest id". Columns, by place id:
//   LAT, LON     i32, 1e-5 degrees (GeoNames' own precision, about 1.1 m)
//   POPULATION   u32, 0 = unknown          COUNTRY  two ASCII letters
//   NAME_AT      u32, count + 1 of them: name i is NAMES[NAME_AT[i] .. NAME_AT[i + 1])
//   FOLDED_AT    the same over FOLDED: `folded name, 0x1f, country in lower case`
// Search index: every start of a word of FOLDED, sorted by the bytes that follow it, then by id.
//   SUFFIX       u32 each: place << SUFFIX_BITS | offset in the place's folded text
//   SUFFIX_BEST  u32 each: the smallest place among SUFFIX_BLOCK entries
// Nearest index: a k-d tree over unit vectors, in order; see index/sphere.ts.
//   NODE_X/Y/Z f64, NODE_PLACE u32 place id, NODE_AXIS u8 0-2, all in tree order
// FOLD: how text is folded, 8 bytes a code point, ascending: u16 code point | 6 bytes of UTF-8,
// zero-padded. One 0x20 = separates words; nothing = dropped. See data/fold.ts.

/** 'ATLS' */
export const MAGIC: u32 = 0x534c5441;
export const FORMAT: u32 = 1;

// Header, u32 words at 4 * n.
export const H_MAGIC_WORD: u32 = 0;
export const H_FORMAT_WORD: u32 = 1;
/** Two FNV-1a sums over the u32 words after the header: even words, odd words. */
export const H_SUM_EVEN_WORD: u32 = 2;
export const H_SUM_ODD_WORD: u32 = 3;
export const H_FILE_BYTES_WORD: u32 = 4;
export const H_COUNT_WORD: u32 = 5;
export const H_SUFFIXES_WORD: u32 = 6;
export const H_FOLDS_WORD: u32 = 7;
export const H_COUNTRIES_WORD: u32 = 8;
/** Byte offsets of the sections, in the order drawn above. */
export const H_SECTIONS_WORD: u32 = 12;
export const HEADER_BYTES: u32 = 128;

export const LAT: u32 = 0;
export const LON: u32 = 1;
export const POPULATION: u32 = 2;
export const COUNTRY: u32 = 3;
export const NAME_AT: u32 = 4;
export const NAMES: u32 = 5;
export const FOLDED_AT: u32 = 6;
export const FOLDED: u32 = 7;
export const SUFFIX: u32 = 8;
export const SUFFIX_BEST: u32 = 9;
export const NODE_X: u32 = 10;
export const NODE_Y: u32 = 11;
export const NODE_Z: u32 = 12;
export const NODE_PLACE: u32 = 13;
export const NODE_AXIS: u32 = 14;
export const FOLD: u32 = 15;
export const SECTIONS: u32 = 16;

/** Degrees times this are the integers of LAT and LON. */
export const DEGREE: i32 = 100000;
export const SUFFIX_BITS: u32 = 7;
/** Bytes of a folded text, so that an offset fits in SUFFIX_BITS. */
export const FOLDED_BYTES_MAX: u32 = 127;
/** Places: ids must fit beside SUFFIX_BITS in 31 bits. */
export const COUNT_MAX: u32 = 1 << 24;
export const SUFFIX_BLOCK: u32 = 64;
/** Between the folded name and the country: sorts before every letter and before a space. */
export const COUNTRY_MARK: u8 = 0x1f;
export const WORD_MARK: u8 = 0x20;
/** Tree ranges of at most this many nodes are leaves, searched one by one. */
export const LEAF_NODES: u32 = 8;
/** Bytes of one FOLD entry, and of the text in it. */
export const FOLD_BYTES: u32 = 8;
export const FOLD_TEXT_BYTES: u32 = 6;
/** FNV-1a, 32 bits. */
export const SUM_SEED: u32 = 0x811c9dc5;
export const SUM_PRIME: u32 = 0x01000193;
