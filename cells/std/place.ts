// Owns where the standard cells stand and where their modules go. Builds nothing.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where sources stand and modules go; tests have their own. */
export interface Yard {
  /** Folder of the standard cells' sources, absolute. */
  std: string;
  /** Folder of their modules, absolute. */
  out: string;
}

const HERE = path.dirname(fileURLToPath(import.meta.url));
export const YARD: Yard = { std: HERE, out: path.join(HERE, '..', 'out') };
/** The cell that answers for itself. */
export const SEED = 'service';

/** A standard cell that does not build; the message is what people should read. */
export class StandardCellError extends Error {
  override name = 'StandardCellError';
}

/** Where a standard cell's module is. */
export const moduleFile = ({ out }: Yard, cell: string): string => path.join(out, `${cell}.wasm`);
