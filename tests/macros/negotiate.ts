// Owns throw-away negotiations for tests: a source text and cells in, findings and what was
// negotiated out. Nothing is emitted or compiled.
import path from 'node:path';
import { reportFaults } from '../../build/1-read/faults.ts';
import { readProject } from '../../build/1-read/project.ts';
import type { Literal } from '../../build/1-read/shapes.ts';
import type { Discovery, Macros, Negotiated } from '../../build/3-negotiate/contract.ts';
import { negotiate } from '../../build/3-negotiate/negotiate.ts';
import { type Finding, Findings } from '../../build/diagnostics/findings.ts';
import { ENTRY, folderWith } from '../build/folder.ts';

export interface Talk {
  negotiated: Negotiated;
  findings: Finding[];
  /** `CELL4005 7:13 message` of each finding. */
  told: string[];
  /** Source text under each finding. */
  marked: string[];
}

export interface Options {
  features?: Record<string, string>;
  settings?: Record<string, Literal>;
  committed?: Macros['committed'];
  destructive?: boolean;
}

/** Negotiates `example.cell.ts` of these files with the cells of `discovery`. */
export async function talk(
  files: string | Record<string, string>,
  discovery: Discovery,
  { features = {}, settings = {}, committed, destructive }: Options = {},
): Promise<Talk> {
  const all = typeof files === 'string' ? { [ENTRY]: files } : files;
  const { folder, remove } = folderWith(all);
  try {
    const findings = new Findings();
    const shown = (file: string): string => path.relative(folder, file);
    const project = await readProject(path.join(folder, ENTRY), shown, findings);
    if (project === null) throw new Error('the project could not be read');
    reportFaults(project, findings);
    const macros = {
      discovery,
      features: new Map(Object.entries(features)),
      settings: new Map(Object.entries(settings)),
      ...(committed === undefined ? {} : { committed }),
      ...(destructive === undefined ? {} : { destructive }),
    };
    const negotiated = await negotiate(project, macros, findings);
    const list = findings.sorted();
    return {
      negotiated,
      findings: list,
      told: list.map((f) => `${f.code} ${f.line}:${f.column} ${f.message}`),
      marked: list.map((f) => f.excerpt.slice(f.column - 1, f.column - 1 + f.length)),
    };
  } finally {
    remove();
  }
}

/**
 * A service class `Example` whose method `one(id: u32, name: string): u32` carries `decorators`.
 */
export function service(decorators: string, before = ''): string {
  return `@service
${before}
class Example {
  ${decorators}
  one(id: u32, name: string): u32 {
    return 1;
  }
}
`;
}
