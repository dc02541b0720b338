// Owns what a module says of itself to a build, read from its custom sections without compiling it:
// a build looks at many modules and runs few. Nothing here is believed beyond its shape; whoever
// loads the module checks all of it.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { MODULE_BYTES, ModuleError, readSections } from '../cell/sections.ts';
import { checkManifest, checkSchema } from '../cell/structure.ts';
import type { Schema } from '../schema/types.ts';

/** One module as a build sees it. */
export interface ModuleFacts {
  file: string;
  /** Name of the cell. */
  cell: string;
  /** SHA-256, hex. */
  digest: string;
  /** Namespace that it answers for; null: it has no macros. */
  ns: string | null;
  /** Cells that it calls. */
  remotes: string[];
  schema: Schema;
}

interface Looked {
  stamp: string;
  facts: ModuleFacts | string;
}

/** Modules by path; each is read again only when its file has changed. */
export class Modules {
  readonly #looked = new Map<string, Looked>();

  /** What the module at `file` says; a text when it is none, null when there is no file. */
  at(file: string): ModuleFacts | string | null {
    const stat = fs.statSync(file, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile()) return null;
    const stamp = `${stat.size} ${stat.mtimeMs} ${stat.ino}`;
    const known = this.#looked.get(file);
    if (known?.stamp === stamp) return known.facts;
    const facts = stat.size > MODULE_BYTES ? `${file} has ${stat.size} bytes` : read(file);
    this.#looked.set(file, { stamp, facts });
    return facts;
  }
}

function read(file: string): ModuleFacts | string {
  try {
    const bytes = fs.readFileSync(file);
    const { custom } = readSections(bytes);
    const schema = checkSchema(json(custom, 'cell:schema'));
    const manifest = checkManifest(json(custom, 'cell:manifest'));
    if (schema.cell !== manifest.cell) {
      const names = `its schema is of \`${schema.cell}\`, its manifest of \`${manifest.cell}\``;
      throw new ModuleError(names);
    }
    return {
      ...{ file, schema, cell: manifest.cell },
      digest: createHash('sha256').update(bytes).digest('hex'),
      ns: manifest.macros?.ns ?? null,
      remotes: Object.keys(manifest.remotes ?? {}),
    };
  } catch (error) {
    return `${file} is no cell: ${(error as Error).message}`;
  }
}

function json(custom: Map<string, Uint8Array>, section: string): unknown {
  const bytes = custom.get(section);
  if (bytes === undefined) throw new ModuleError(`it has no section \`${section}\``);
  return JSON.parse(Buffer.from(bytes).toString('utf8'));
}
