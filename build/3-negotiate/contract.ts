// Owns the contract between reading, discovery, negotiation and emission. Shapes only.
import type { Access, Policies, Schema } from '../../host/schema/types.ts';
import type {
  DecoratorUse,
  FieldShape,
  Literal as ReadLiteral,
  SourceShape,
  Span,
} from '../1-read/shapes.ts';
import type {
  Contribution,
  Description,
  Document,
  EffectRequest,
  EffectResult,
  Plan,
  PlanRequest,
} from '../2-discover/protocol.ts';

/**
 * A cell that answers for decorators, wherever it runs. Every method rejects with ProviderError.
 */
export interface Provider {
  /** Name of the cell: `auth`. */
  readonly cell: string;
  /** 2 running, 1 brought by a package or this project and started, 0 cached answers. */
  readonly level: 0 | 1 | 2;
  /**
   * Where it was found, for people: "the running host ws://...", "package cell", ".cell/macros".
   */
  readonly from: string;
  /** SHA-256 of the module that answers, hex. */
  readonly digest: string;
  /**
   * Milliseconds that an answer is waited for; default 5 s. More where somebody counts its CPU:
   * then a busy machine fails no build, and a cell that hangs is ended all the same.
   */
  readonly patienceMs?: number;
  /** Resolves when it can be asked: a cell that is started for the build has its own time. */
  ready?(): Promise<void>;
  describe(): Promise<Description>;
  plan(request: PlanRequest): Promise<Plan>;
  apply(request: EffectRequest): Promise<EffectResult>;
  rollback(request: EffectRequest): Promise<EffectResult>;
}

/** Who would answer, known without asking. */
export type Identity = Pick<Provider, 'cell' | 'level' | 'from' | 'digest'>;

/** What a cell that this build calls looks like. */
export interface RemoteCell {
  schema: Schema;
  from: string;
}

/** Finds providers. Made once a build, closed at its end. */
export interface Discovery {
  /** The provider of a namespace ("" = bare decorators), or why there is none. Never rejects. */
  find(ns: string): Promise<Provider | Missing>;
  /** Begins to start what `find` will return for these namespaces: reading takes a while. */
  warm?(namespaces: string[]): void;
  /** What `find` would return, without starting anything: for the cache of builds. Cheap. */
  identify(ns: string): Promise<Identity | Missing>;
  /** The schema of a cell that is called (`@remote("ledger")`): this project's own built one, a
   *  running one, one that a package brings; null: none is to be found. */
  remote(cell: string): Promise<RemoteCell | null>;
  /** Names of the cells that are somewhere here, sorted: for "did you mean". */
  cells?(): string[];
  /** Namespaces that somebody here answers for, used or not, sorted: for the editor. Cheap. */
  namespaces(): Promise<string[]>;
  close(): Promise<void>;
}

/** How a build gets its discovery; host/cli hands one to make.ts. Starts nothing yet. */
export type OpenDiscovery = (options: {
  /** Folder of the project, absolute. */
  cwd: string;
  /** False: nothing is started for the build (`--no-start`). */
  start: boolean;
  /** What standard cells answer may be kept in `.cell/out/cache`; else nothing is written. */
  remember?: boolean;
}) => Discovery;

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

/** What a plan asked to be kept for the next build (Plan.lock, Plan.documents), as committed. */
export interface Committed {
  lock: string;
  /** Sorted by name. */
  documents: Document[];
}

/** Who answers for decorators, and how they are to answer. */
export interface Macros {
  discovery: Discovery;
  features: Features;
  settings: Settings;
  /** The text in which `settings` stand, and the key above them; default: cell.config.ts, cells. */
  settingsAt?: { path: string; text: string; under: string };
  /** Remote cells of a cell as its lock has them: cell -> method -> canonical text. */
  lockedRemotes?(cell: string): Record<string, Record<string, string>> | null | undefined;
  /** What the last build of `service` has left for a cell of macros; absent = nothing. */
  committed?(cell: string, service: string): Committed;
  /** `--allow-destructive`: changes that lose data may be planned. */
  destructive?: boolean;
  /** Remote cells whose changes are meant. */
  accepted?: readonly string[];
}

/** A declaration that carries decorators, sorted as in requests: namespace, name, arguments. */
export interface SiteRef {
  id: number;
  source: SourceShape;
  kind: 'class' | 'method' | 'field' | 'constructor' | 'enum' | 'call';
  /** Class; for a class site itself; "" of a call in a function. */
  owner: string;
  /** Member, or the class itself; of a call the method or function that it stands in. */
  name: string;
  at: Span;
  uses: DecoratorUse[];
}

/** `db: Postgres.Connection`: a field by which methods call the cell, and nothing else. */
export interface Binding {
  source: SourceShape;
  /** Class. */
  owner: string;
  field: FieldShape;
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
  /** Who may call a handler; absent = whoever has a session. */
  access: Map<string, Access>;
  /** Every decorator that was answered (switched off ones too): emission blanks them. */
  answered: Set<DecoratorUse>;
  /** Fields that stand for a cell: emission blanks them. */
  bindings: Binding[];
  /** Of the service class: name from `@service({ name })`, limits; null: there is no service. */
  service: { className: string; use: DecoratorUse } | null;
  /** For the table that `cell build` prints, for locks and for `.cell/macros`. */
  answers: {
    cell: string;
    level: 0 | 1 | 2;
    from: string;
    digest: string;
    /** Sites that it was asked about. */
    sites: readonly SiteRef[];
    /** The first use of its macros. */
    first: { source: SourceShape; use: DecoratorUse };
    description: Description;
    /** SHA-256 of the canonical JSON of what was asked (last round) and of the plan. */
    asked: string;
    plan: Plan;
    planned: string;
    /** SHA-256 of the description. */
    described: string;
    /** Requests made of it in all, and rounds. */
    requests: number;
    rounds: number;
  }[];
}
