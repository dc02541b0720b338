// Owns the contract between reading, discovery, negotiation and emission. Shapes only.
import type { Policies } from '../../host/schema/types.ts';
import type { DecoratorUse, Literal as ReadLiteral, SourceShape, Span } from '../1-read/shapes.ts';
import type {
  Contribution,
  Description,
  EffectRequest,
  EffectResult,
  Plan,
  PlanRequest,
} from '../2-discover/protocol.ts';

/** A cell that answers for decorators, wherever it runs. Every method rejects with ProviderError. */
export interface Provider {
  /** Name of the cell: `auth`. */
  readonly cell: string;
  /** 2 running, 1 brought by a package or this project and started, 0 cached answers. */
  readonly level: 0 | 1 | 2;
  /** Where it was found, for people: "the running host ws://...", "package cell", ".cell/macros". */
  readonly from: string;
  /** SHA-256 of the module that answers, hex. */
  readonly digest: string;
  describe(): Promise<Description>;
  plan(request: PlanRequest): Promise<Plan>;
  apply(request: EffectRequest): Promise<EffectResult>;
  rollback(request: EffectRequest): Promise<EffectResult>;
}

/** Finds providers. Made once a build, closed at its end. */
export interface Discovery {
  /** The provider of a namespace ("" = bare decorators), or why there is none. Never rejects. */
  find(ns: string): Promise<Provider | Missing>;
  close(): Promise<void>;
}

/** Why nobody answers: what was tried, and what the user can do about it. */
export interface Missing {
  missing: true;
  cell: string;
  tried: string[];
  fix: string;
}

/** What `--features` says: cell -> "off" or a profile. */
export type Features = ReadonlyMap<string, string>;

/** What cell.config.ts says under `cells`, by cell, as literals. */
export type Settings = ReadonlyMap<string, ReadLiteral>;

/** A declaration that carries decorators. */
export interface SiteRef {
  id: number;
  source: SourceShape;
  kind: 'class' | 'method' | 'field' | 'constructor' | 'enum';
  /** Class; for a class site itself. */
  owner: string;
  /** Member, or the class itself. */
  name: string;
  at: Span;
  uses: DecoratorUse[];
}

/** One contribution with where it comes from; what emission sees. */
export interface Placed extends Contribution {
  /** Cell and macro: "auth", "Auth.require". */
  cell: string;
  macro: string;
  siteRef: SiteRef;
  useRef: DecoratorUse;
}

export interface Negotiated {
  /** Sorted: source, site, stage, order constraints, macro, position in the plan. */
  contributions: Placed[];
  /** Policies of handlers by name, checked and merged; absent = none. */
  policies: Map<string, Policies>;
  /** Every decorator that was answered (switched off ones too): emission blanks them. */
  answered: Set<DecoratorUse>;
  /** Of the service class: name from `@service({ name })`, limits; null: there is no service. */
  service: { className: string; use: DecoratorUse } | null;
  /** For the table that `cell build` prints, for locks and for `.cell/macros`. */
  answers: {
    cell: string;
    level: 0 | 1 | 2;
    from: string;
    digest: string;
    description: Description;
    /** SHA-256 of the canonical JSON of what was asked (last round) and of the plan. */
    asked: string;
    plan: Plan;
    planned: string;
    /** Requests made of it in all, and rounds. */
    requests: number;
    rounds: number;
  }[];
}
