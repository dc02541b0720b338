// Owns the question who answers for a decorator. asc compiles unknown decorators silently, so each
// one that nobody answers for is refused here. Answers themselves are in a file per namespace.

import { nearest } from '../../host/schema/nearest.ts';
import type { Project } from '../1-read/project.ts';
import type { DecoratorUse, SourceShape } from '../1-read/shapes.ts';
import type { Findings } from '../diagnostics/findings.ts';
import * as auth from './auth.ts';

/**
 * asc's own decorators. `operator` and `external` also come as `operator.binary`, `external.js`.
 */
const ASC = new Set(
  'global operator unmanaged final inline external builtin lazy unsafe'.split(' '),
);

type Site = 'service' | 'class' | 'method' | 'field' | 'other';

/** Reports every decorator that nobody answers for, or that stands where its macro may not. */
export function checkDecorators(project: Project, findings: Findings): void {
  for (const source of project.sources.values()) {
    const check = (uses: DecoratorUse[], site: Site) => {
      for (const use of uses) checkUse(use, site, source, findings);
    };
    for (const c of source.classes) {
      const isService = c.decorators.some((d) => d.ns === '' && d.name === 'service');
      check(c.decorators, isService ? 'service' : 'class');
      for (const f of c.fields) check(f.decorators, 'field');
      for (const m of c.methods) check(m.decorators, isService ? 'method' : 'other');
    }
    for (const e of source.enums) check(e.decorators, 'other');
    check(source.strayDecorators, 'other');
  }
}

function checkUse(use: DecoratorUse, site: Site, source: SourceShape, findings: Findings): void {
  if (ASC.has(use.ns === '' ? use.name : use.ns)) return;
  if (use.ns === '') {
    if (use.name !== 'service') {
      const near = nearest(use.name, ['service', ...ASC]);
      const hint = near === null ? 'remove it' : `did you mean @${near}?`;
      findings.report('CELL4003', source, use.nameAt, { name: use.name, hint });
    } else if (site !== 'service') {
      findings.report('CELL4008', source, use, { macro: 'service', where: 'a class' });
    }
    return;
  }
  if (use.ns !== auth.NAMESPACE) {
    findings.report('CELL4001', source, use, { ns: use.ns });
    return;
  }
  if (!auth.MACROS.includes(use.name)) {
    const near = nearest(use.name, auth.MACROS);
    const hint =
      near === null
        ? `one of @Auth.${auth.MACROS.join(', @Auth.')}`
        : `did you mean @Auth.${near}?`;
    findings.report('CELL4002', source, use.nameAt, { name: use.name, ns: use.ns, hint });
  } else if (site !== 'service' && site !== 'method') {
    const where = 'a service class or one of its methods';
    findings.report('CELL4008', source, use, { macro: `${use.ns}.${use.name}`, where });
  }
}
