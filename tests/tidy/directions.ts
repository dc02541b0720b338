// Owns the table of who may import whom: ARCHITECTURE.md, "Imports point one way", as data.

interface Rule {
  /** Files that the rule is for; the first rule that fits decides. */
  of: RegExp;
  /** What they may import, beside their own folder's rule and packages. */
  may: RegExp;
  /** false: neither `node:` nor packages, since the files run in browsers or in cells. */
  outside: boolean;
  why: string;
}

const rules: readonly Rule[] = [
  {
    of: /^assembly\/shared\//,
    may: /^assembly\/shared\//,
    outside: false,
    why: 'assembly/shared imports nothing from outside',
  },
  {
    of: /^assembly\/kernel\//,
    may: /^assembly\/(?:kernel|shared)\//,
    outside: false,
    why: 'the kernel imports only assembly/shared',
  },
  {
    of: /^assembly\/guest\//,
    may: /^assembly\/(?:guest|shared)\//,
    outside: false,
    why: 'the guest SDK imports only assembly/shared',
  },
  {
    of: /^host\/synapse\/(?:node\/|bundle\.)/,
    may: /^(?:host\/(?:synapse|schema|session|listen)|assembly\/shared)\//,
    outside: true,
    why: 'the client imports host/schema, and a listener or issuer for Node',
  },
  {
    of: /^host\/schema\//,
    may: /^(?:host\/schema|assembly\/shared)\//,
    outside: false,
    why: 'host/schema runs in browsers: nothing from Node, no package, no other folder',
  },
  {
    of: /^host\/synapse\//,
    may: /^(?:host\/(?:synapse|schema)|assembly\/shared)\/|^host\/session\/wire\.ts$/,
    outside: false,
    why: 'host/synapse runs in browsers: host/schema, host/session/wire.ts; Node in its node/',
  },
  {
    of: /^host\/cli\//,
    may: /^(?:host|build|assembly|cells\/(?:apps|std))\/|^package\.json$/,
    outside: true,
    why: 'the verbs import host, build, the example apps and what builds the standard cells',
  },
  {
    of: /^host\//,
    may: /^(?:host\/(?!cli\/)|assembly\/(?:shared|out)\/|assembly\/build\.mjs$)|^package\.json$/,
    outside: true,
    why: 'host imports host and assembly/shared; only host/cli imports build',
  },
  {
    of: /^build\//,
    may: /^(?:build|assembly|host\/(?:schema|synapse))\/|^package\.json$/,
    outside: true,
    why: 'build imports host/schema and host/synapse only',
  },
  {
    of: /^cells\/.*\.cell\.ts$/,
    may: /^(?:cells|assembly\/guest)\//,
    outside: false,
    why: 'cells link assembly/guest only',
  },
  {
    of: /^cells\/std\/\w+\.ts$/,
    may: /^(?:cells\/std|build|host\/(?:discovery|schema))\//,
    outside: true,
    why: 'what builds the standard cells imports build and host/discovery',
  },
  {
    of: /^cells\//,
    may: /^(?:cells|host|assembly|\.cell)\//,
    outside: true,
    why: 'cells stand alone',
  },
  {
    of: /^bench\//,
    may: /^(?:bench|host|build|assembly|cells|\.cell)\/|^package\.json$/,
    outside: true,
    why: 'benchmarks do not import tests',
  },
];

/** Why `file` may not import `what` (a project path, or a package); null when it may. */
export function judgeImport(file: string, what: string): string | null {
  const rule = rules.find((each) => each.of.test(file));
  if (rule === undefined) return null;
  const inside = /^(?:assembly|host|build|cells|bench|tests|\.cell)\/|\.(?:ts|mjs|json|wasm)$/.test(
    what,
  );
  // The parts of asc's own library that a runtime of asc imports.
  if (/^assembly\//.test(file) && /^(?:rt|util|shared)\//.test(what)) return null;
  if (inside) return rule.may.test(what) ? null : rule.why;
  // "cell/flags" in a cell is the SDK's file, where its short name is the cell's own.
  if (/\.cell\.ts$/.test(file) && /^cell\/[a-z]+$/.test(what)) return null;
  return rule.outside || what === 'cell/synapse' ? null : rule.why;
}
