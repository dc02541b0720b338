// Owns the error of a configuration that is wrong.

/** A configuration that is wrong. The message names the file, the key and the fix. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
