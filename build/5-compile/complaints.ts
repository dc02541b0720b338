// Owns turning asc's complaints into findings. Known ones get their own code and fix; the rest keep
// asc's words. Places are the user's own text; what a macro made is told at its decorator.
import type { Project } from '../1-read/project.ts';
import type { SourceShape } from '../1-read/shapes.ts';
import { plainLine } from '../3-negotiate/parties.ts';
import { excerptOf } from '../4-emit/contributed-text.ts';
import type { Emission } from '../4-emit/emit.ts';
import type { Origin } from '../4-emit/origin.ts';
import type { Findings } from '../diagnostics/findings.ts';
import { lackingInModule } from '../diagnostics/lacking.ts';
import type { Complaint } from './asc.ts';
import { reportPassed } from './passed.ts';

/** Reported where `details` is called: asc points into the generated entry. */
const UNNAMED = 'CELL3020';

/** asc's message -> code, first match wins. */
const KNOWN: [RegExp, string][] = [
  [/Not implemented: Closures/, 'CELL5001'],
  [/Not implemented: Exceptions/, 'CELL1005'],
  [/details of a class that the build does not know/, UNNAMED],
  // `this` inside a function expression is asc's function, not the service.
  [/Property '\w+' does not exist on type '[^']*#\w+(~anonymous\|\d+)?'/, 'CELL5001'],
];

/** What asc adds about a call whose callee it has complained about already. */
const ECHO = /lacks a call signature\. Type 'auto'/;

/** Reports complaints; what concerns no file of the user's is reported at the entry. */
export function reportComplaints(
  complaints: Complaint[],
  project: Project,
  { texts, calls }: Pick<Emission, 'texts' | 'calls'>,
  findings: Findings,
): void {
  const entry = project.sources.get(project.entry);
  if (entry === undefined) throw new Error('the entry was not read');
  const before = findings.count;
  const elsewhere: Complaint[] = [];
  for (const compiled of complaints) {
    const emitted = compiled.file === null ? undefined : texts.get(compiled.file);
    const place = emitted?.place(compiled.start) ?? null;
    if (emitted !== undefined && place !== null && 'origin' in place) {
      reportGenerated(compiled, emitted.text, place.origin, findings);
      continue;
    }
    const source = compiled.file === null ? undefined : project.sources.get(compiled.file);
    const known = KNOWN.find(([pattern]) => pattern.test(compiled.message))?.[1];
    const at = place !== null && 'at' in place ? place.at : null;
    const c = at === null ? compiled : { ...compiled, ...moved(compiled, at) };
    if (source === undefined || at === null) {
      if (known === UNNAMED) reportUnnamed(project, findings);
      else if (known !== undefined) findings.report(known, entry, null);
      else if (!reportPages(c, entry, findings)) elsewhere.push(c);
      continue;
    }
    if (ECHO.test(c.message) && findings.count > before) continue;
    if (reportPassed(c, source, calls, findings)) continue;
    const lacking = lackingInModule(c.message, source.text, c.start);
    if (known !== undefined) findings.report(known, source, c);
    else if (lacking !== null) findings.report('CELL1008', source, c, lacking);
    else findings.report('CELL5002', source, c, { message: sentence(c.message) });
  }
  if (findings.count > before) return;
  for (const c of elsewhere) {
    const message = `${sentence(c.message)} (in ${c.file ?? 'the module'})`;
    findings.report('CELL5002', entry, null, { message });
  }
}

/** The same length, elsewhere. */
const moved = ({ start, end }: Complaint, at: number) => ({ start: at, end: at + end - start });

/** What a macro's text came to: told at the decorator, with the line that asc did not take. */
function reportGenerated(c: Complaint, text: string, origin: Origin, findings: Findings): void {
  if (ECHO.test(c.message) && findings.count > 0) return;
  const { macro, cell, source, at } = origin;
  const from = text.lastIndexOf('\n', Math.max(0, c.start - 1)) + 1;
  const to = text.indexOf('\n', c.start);
  const excerpt = excerptOf(text.slice(from, to < 0 ? undefined : to));
  const reason = plainLine(sentence(c.message));
  findings.report('CELL4061', source, at, { macro, cell, reason, excerpt });
}

function reportUnnamed(project: Project, findings: Findings): void {
  for (const source of project.sources.values()) {
    for (const at of source.unnamedDetails) findings.report(UNNAMED, source, at);
  }
}

/** Constant data that does not fit the pages that the service asks for. */
function reportPages({ message }: Complaint, entry: SourceShape, findings: Findings): boolean {
  const least = /requires at least '(\d+)' pages/.exec(message)?.[1];
  if (least === undefined) return false;
  const service = entry.classes.find((c) => c.decorators.some((d) => d.name === 'service'));
  findings.report('CELL5003', entry, service?.nameAt ?? null, { least });
  return true;
}

/** Without asc's full stop: the catalogue's sentences have none. */
const sentence = (message: string): string => message.replace(/\.$/, '');
