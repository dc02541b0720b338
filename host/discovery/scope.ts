// Owns the name of the right to ask macros.

/** The scope that the methods of the macro protocol demand. */
export const BUILD_SCOPE = 'cell:build';
