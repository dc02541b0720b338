// Owns the bounds of a negotiation. Each states its unit and its threat.

/** Rounds. Threat: cells that answer each other differently for ever. */
export const ROUNDS = 8;

/**
 * Milliseconds for one request, unless the provider says otherwise. Threat: a cell that hangs; a
 * build is waited for by a person.
 */
export const ANSWER_MS = 5000;

/** Milliseconds until a cell that is started for the build can be asked. Threat: as above. */
export const START_MS = 60_000;

/** Characters of all texts of one plan. Threat: a cell that answers without end. */
export const PLAN_CHARS = 1 << 20;

/** Entries of each list of a plan: 1,000 sites with ten contributions each. */
export const PLAN_ENTRIES = 10_000;

/** Characters of a name. */
export const NAME_CHARS = 128;

/** Characters of a line that a cell says to people; the rest is cut. */
export const SAID_CHARS = 2000;

/** Macros of one cell, profiles of one cell. */
export const MACROS = 1024;

/** Nesting of argument shapes, and their number in one macro. Threat: exponential usage texts. */
export const SHAPE_DEPTH = 12;
export const SHAPES = 1024;
