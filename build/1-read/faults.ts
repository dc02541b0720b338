// Owns what a parser's complaint means to the user: TypeScript that cells do not have gets its own
// code and fix, the rest keeps the parser's words.
import type { Findings } from '../diagnostics/findings.ts';
import { lackingInText } from '../diagnostics/lacking.ts';
import type { Project } from './project.ts';
import type { SourceShape, SyntaxFault } from './shapes.ts';

/** Reports the faults of every source, authored ones first: what follows them is their echo. */
export function reportFaults(project: Project, findings: Findings): void {
  for (const source of project.sources.values()) {
    const known = source.faults.map((f) => [f, codeOf(source, f)] as const);
    const authored = known.filter(([, code]) => code !== 'CELL1001');
    for (const [fault, code] of authored.length > 0 ? authored : known.slice(0, 1)) {
      findings.report(code, source, fault, {
        message: fault.message.replace(/\.$/, ''),
        where: fault.start === fault.end ? 'result' : 'field',
        name: overloaded(source.text, fault) ?? '',
        ...lackingInText(source.text, fault.start),
      });
    }
  }
}

/**
 * Name of the function whose body is missing at the fault because it is declared once more right
 * behind; null when its body is just missing.
 */
function overloaded(text: string, { start, end }: SyntaxFault): string | null {
  const head = text.slice(Math.max(0, start - 2000), Math.max(start, end));
  const name = /([\w$]+)\s*(?:<[^<>()]*>\s*)?\([^()]*\)\s*(?::[^;{}()]*)?$/.exec(head)?.[1];
  if (name === undefined) return null;
  const next = /^[\s;]*(?:(?:export|function|public|private|protected|static)\s+)*([\w$]+)\s*[<(]/;
  return next.exec(text.slice(Math.max(start, end)))?.[1] === name ? name : null;
}

function codeOf({ text }: SourceShape, fault: SyntaxFault): string {
  const { message, start, end } = fault;
  const at = text.slice(start, Math.max(end, start + 1));
  const around = text.slice(Math.max(0, start - 24), end + 24);
  if (/^(async|await)\b/.test(text.slice(start))) return 'CELL1004';
  if (message.startsWith('a cell has no try')) return 'CELL1005';
  if (message.includes('union types')) return 'CELL3003';
  if (message.startsWith('Function implementation is missing'))
    return overloaded(text, fault) === null ? 'CELL1001' : 'CELL2005';
  if (message === 'Invalid character.' && at.startsWith('#')) return 'CELL1006';
  if (message === 'Type expected.') {
    if (at.startsWith('{')) return 'CELL3005';
    if (at.startsWith('[')) return 'CELL3006';
    if (start === end || /^\w+\s*[=;]/.test(text.slice(start))) return 'CELL2007';
  }
  if (
    /(Identifier|'\{') expected|Decorators are not valid/.test(message) &&
    /@\s*\w/.test(around)
  ) {
    return 'CELL1007';
  }
  return lackingInText(text, start) === null ? 'CELL1001' : 'CELL1008';
}
