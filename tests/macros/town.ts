// Owns a project in a folder of its own whose cells answer each other's decorators, built by the
// build itself with the standard cells: nothing is faked.
import fs from 'node:fs';
import path from 'node:path';
import { type Made, type MakeOptions, make } from '../../build/make.ts';
import { buildStandardCells } from '../../cells/std/build.ts';
import type { Config } from '../../host/cell/config.ts';
import { discoveryWith } from '../../host/cli/discovery.ts';
import { folderWith } from '../build/folder.ts';

export interface Town {
  cwd: string;
  /** Writes a file and builds it; findings are the caller's to judge. */
  build(file: string, text: string, more?: Partial<MakeOptions>): Promise<Made>;
  remove(): void;
}

/** A town with these service files, all built. Throws when one does not build. */
export async function town(files: Record<string, string>, config: Config = {}): Promise<Town> {
  await buildStandardCells();
  const { folder: cwd, remove } = folderWith(files);
  const options = { cwd, discover: discoveryWith(config) };
  const build = async (file: string, text: string, more: Partial<MakeOptions> = {}) => {
    fs.writeFileSync(path.join(cwd, file), text);
    const [made] = await make({ ...options, ...more, files: [file] });
    return made;
  };
  if (Object.keys(files).length === 0) return { cwd, build, remove };
  for (const made of await make({ ...options, files: [] })) {
    if (made.summary !== null) continue;
    remove();
    throw new Error(JSON.stringify(made.findings, null, 2));
  }
  return { cwd, build, remove };
}

/** `CELL4005 7:13 message` of each finding. */
export function lines({ findings }: Made): string[] {
  return findings.map((f) => `${f.code} ${f.line}:${f.column} ${f.message}`);
}
