// Owns the bounds of what a module says of its data: builds keep them, hosts refuse what is beyond.

/** Statements of one service. Threat: tables of prepared statements, one a connection. */
export const STATEMENTS = 4096;
/** UTF-16 units of one statement. Threat: parse time in host and server. */
export const STATEMENT_CHARS = 65_536;
/** Parameters of one statement; PostgreSQL takes 65,535. */
export const STATEMENT_PARAMS = 1024;
/** Columns of one result; PostgreSQL gives 1,664. */
export const STATEMENT_COLUMNS = 1664;
/** Tables of others that one service reads. */
export const SQL_READS = 256;
/** Fields of one service that outlive it. Threat: a snapshot each, loaded before it is ready. */
export const PERSISTED_FIELDS = 256;

/** A schema that a cell owns: its name with `_` for `-`. */
export const SQL_SCHEMA = /^[a-z_][a-z0-9_$]{0,62}$/;
/** `default`, `env:NAME` or `file:path` without line ends. */
export const SQL_TARGET = /^(?:default|env:[A-Za-z_][A-Za-z0-9_]{0,127}|file:[^\r\n\0]{1,512})$/;
