// Owns one round of planning: all uses of this cell's macros, and what is said about the project as
// a whole. The generated entry makes it, calls each use's macro, then `@macro.round`.
import { FAILED_PRECONDITION } from "../../shared/status";
import { fail } from "../failure";
import { Arguments } from "./arguments";
import { addDocument, addEffect, factOf, provideFact } from "./plan";
import { Document, Plan, PlanRequest, Site } from "./protocol";
import { Spot } from "./spot";

/** Fields of a class come with the first call of a file that names it: the others get them too. */
function shareFields(sites: Site[]): void {
  const first = new Map<string, Site>();
  for (let i = 0; i < sites.length; i++) {
    const site = sites[i];
    const uses = site.declaration.uses;
    if (site.declaration.kind != "call" || uses.length == 0 || uses[0].types.length == 0) continue;
    const key = site.file + " " + uses[0].types[0];
    if (!first.has(key)) first.set(key, site);
    else if (site.members.length == 0) site.members = first.get(key).members;
  }
}

/** Version of the protocol that this SDK speaks. */
const VERSION: u32 = 1;

export class Planning {
  readonly plan: Plan = new Plan();
  readonly settings: Arguments;
  /** Every use of this cell's macros, by site, then in the order written. */
  readonly spots: Spot[] = [];

  constructor(
    readonly request: PlanRequest,
    ns: string,
  ) {
    if (request.version != VERSION) {
      const versions = "this cell speaks macro protocol 1, the build " + request.version.toString();
      fail<void>(FAILED_PRECONDITION, versions);
    }
    this.settings = new Arguments([request.settings]);
    shareFields(request.sites);
    for (let i = 0; i < request.sites.length; i++) {
      const site = request.sites[i];
      const uses = site.declaration.uses;
      for (let u = 0; u < uses.length; u++) {
        if (uses[u].ns != ns) continue;
        this.spots.push(new Spot(request, this.plan, site, u, this.settings));
      }
    }
  }

  /** 1 in the first round. */
  get round(): u32 {
    return this.request.round;
  }

  /** Questions asked now will not be answered. */
  get isLast(): bool {
    return this.request.last;
  }

  get profile(): string {
    return this.request.profile;
  }

  get sites(): Site[] {
    return this.request.sites;
  }

  /** The uses of one macro: "require". */
  spotsOf(name: string): Spot[] {
    const found: Spot[] = [];
    for (let i = 0; i < this.spots.length; i++) {
      if (this.spots[i].use.name == name) found.push(this.spots[i]);
    }
    return found;
  }

  /** An answer to what was asked, or what this cell said itself in the last round. */
  fact(about: string, key: string, cell: string = ""): string[] | null {
    return factOf(this.request, cell, about, key);
  }

  provide(about: string, key: string, values: string[]): void {
    provideFact(this.plan, about, key, values);
  }

  /** See Spot.effect. People are told of it at the first use of this cell's macros. */
  effect(key: string, preview: string, data: string = "", destructive: bool = false): void {
    if (this.spots.length == 0) return;
    this.spots[0].effect(key, preview, data, destructive);
  }

  // ---- what is kept from build to build

  /** Name of the cell that is built: "directory". */
  get service(): string {
    return this.request.service;
  }

  /** Changes that lose data may be planned. */
  get destructive(): bool {
    return this.request.destructive;
  }

  /** What the last build kept; "" = nothing yet. */
  get lock(): string {
    return this.request.lock;
  }

  /** The documents that the last build left, sorted by name. */
  get documents(): Document[] {
    return this.request.documents;
  }

  /** What the next build is to find in `lock`: lines, for reviews. Said again in every round. */
  keep(lock: string): void {
    this.plan.lock = lock;
  }

  /**
   * A text for people, committed with the lock: "0001_create_users.sql". Those that are not said
   * again are removed.
   */
  document(name: string, text: string): void {
    addDocument(this.plan, name, text);
  }
}
