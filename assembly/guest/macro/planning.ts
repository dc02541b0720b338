// Owns one round of planning: all uses of this cell's macros, and what is said about the project as
// a whole. The generated entry makes it, calls each use's macro, then `@macro.round`.
import { FAILED_PRECONDITION } from "../../shared/status";
import { fail } from "../failure";
import { Arguments } from "./arguments";
import { addEffect, factOf, provideFact } from "./plan";
import { Plan, PlanRequest, Site } from "./protocol";
import { Spot } from "./spot";

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

  /** See Spot.effect. */
  effect(key: string, preview: string, data: string = "", destructive: bool = false): void {
    addEffect(this.plan, key, preview, data, destructive);
  }
}
