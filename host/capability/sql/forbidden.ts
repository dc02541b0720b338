// Owns which functions and types of PostgreSQL no cell names: those that run SQL of their own, read
// or write files and settings, look into the catalogue, wait, or act on other sessions. Functions
// of the server whose name begins with `pg_` are forbidden unless they are listed: new versions add
// new ones.

/** Functions named `pg_...` that look at their arguments only. */
const HARMLESS = new Set([
  ...['pg_typeof', 'pg_column_size', 'pg_column_compression', 'pg_size_pretty', 'pg_size_bytes'],
  ...['pg_input_is_valid', 'pg_input_error_info', 'pg_client_encoding', 'pg_collation_for'],
]);

/** Others, by name or by how the name begins or ends. */
const FORBIDDEN: readonly RegExp[] = [
  // They run a text as SQL.
  /^(?:query|table|schema|database|cursor)_to_xml/,
  /^(?:ts_stat|ts_rewrite|dblink.*|crosstab.*|connectby|xpath_table)$/,
  // Files, large objects, programs.
  /^lo_/,
  /^(?:loread|lowrite|pg_.*)$/,
  /^(?:file_fdw|plpgsql|plpython|plperl|pltcl)/,
  // Settings, roles, sessions, other people's sequences by number.
  /^(?:set_config|current_setting|row_security_active|currtid2?|lastval)$/,
  /^(?:has|acl|makeacl|aclexplode|hashacl)[a-z]*_/,
  /^(?:txid_status|binary_upgrade_.*|brin_.*|gin_clean_pending_list|fmgr_.*)$/,
  // Inputs of types that look into the catalogue, called by their names.
  /^(?:reg[a-z]+(?:in|recv)|(?:domain|record|enum|array)_(?:in|recv))$/,
  // What the catalogue says of others.
  /^(?:to_reg.*|reg(?:class|proc.*|oper.*|role|namespace|type|config|dictionary|collation))$/,
  /^format_type$/,
  /^(?:(?:col|obj|shobj)_description|inet_(?:server|client)_(?:addr|port))$/,
];

/** Types whose input looks names up in the catalogue. */
const LOOKUPS =
  /^_?reg(?:class|proc|procedure|oper|operator|type|role|namespace|config|dictionary|collation)$/;

/** Whether a cell may call this function of the server. */
export function isForbiddenFunction(name: string): boolean {
  return !HARMLESS.has(name) && FORBIDDEN.some((pattern) => pattern.test(name));
}

/** Functions that take a sequence by its name; it has to be the cell's own. */
export const SEQUENCES = new Set(['nextval', 'setval', 'currval']);

/** Whether a cell may cast to this type of the server. */
export function isForbiddenType(name: string): boolean {
  return LOOKUPS.test(name);
}
