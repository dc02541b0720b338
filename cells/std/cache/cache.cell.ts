// Owns the answers for `@Cache`: which replies are kept, under which tags, and when they are
// forgotten. Keeps nothing itself: the host's kernel does.
import { adviseForgotten, checkTag, forgets, forgetters, Kept } from "./tags";

/** Milliseconds that a reply may be kept: the kernel's clock compares within twice as much. */
const LONGEST_MS: i64 = 0x3fffffff;
/** Of `@Cache.cached` without a time. */
const DEFAULT_MS: i64 = 60_000;

/** Replies that are kept by the host and answered without entering the cell. */
@service({ cpuMs: 2000 })
class Cache {
  /**
   * Keeps replies for `ttl`, by the exact arguments and by the caller.
   *
   * A kept reply is answered without entering the cell, after roles, scopes and limits were
   * checked. Only replies of calls that succeeded are kept, in bounded memory.
   *
   * `swr`: for so long after `ttl` one call makes the reply anew while the others get the old one.
   * `tags`: names by which `@Cache.invalidate` forgets it. `shared`: one reply for all callers.
   */
  @macro({
    on: ["service", "method"],
    stage: "cache",
    args: [
      {
        type: "object",
        keys: [
          { name: "ttl", type: "duration", min: 1, max: 1073741823, doc: "How long it is fresh." },
          {
            name: "swr",
            type: "duration",
            max: 1073741823,
            optional: true,
            doc: "How much longer it may be answered while it is made anew.",
          },
          {
            name: "tags",
            type: "list",
            items: { type: "template" },
            max: 8,
            optional: true,
            doc: 'Names with parameters in them: "account:{id}".',
          },
          {
            name: "shared",
            type: "bool",
            optional: true,
            doc: "One reply for all callers: only for methods that never ask who calls.",
          },
        ],
      },
    ],
    example: '@Cache.memoize({ ttl: "5m", tags: ["account:{id}"] })',
  })
  private memoize(spot: Spot): void {
    const args = spot.args;
    this.keep(spot, args.durationMs("ttl"), args.durationMs("swr"), args.bool("shared"));
  }

  /** Keeps replies for a minute, or as long as it says: `@Cache.cached("10s")`. */
  @macro({
    on: ["service", "method"],
    stage: "cache",
    args: [
      {
        type: "duration",
        min: 1,
        max: 1073741823,
        optional: true,
        doc: "How long. Default: one minute.",
      },
    ],
    example: '@Cache.cached("10s")',
  })
  private cached(spot: Spot): void {
    this.keep(spot, spot.args.durationMs("0", DEFAULT_MS), 0, false);
  }

  /**
   * When a call has succeeded, kept replies with these tags are forgotten, in all lanes.
   *
   * A tag is forgotten for the values that the call's arguments give: "account:{id}" with `id` 7
   * leaves account 8 as it is. On the class, `on` names the methods that do it.
   */
  @macro({
    on: ["service", "method"],
    stage: "cache",
    args: [
      {
        type: "object",
        keys: [
          {
            name: "tags",
            type: "list",
            items: { type: "template" },
            min: 1,
            max: 16,
            doc: 'Names with parameters in them: "account:{id}".',
          },
          {
            name: "on",
            type: "list",
            items: { type: "member" },
            min: 1,
            max: 256,
            optional: true,
            doc: "On the class: the methods that forget.",
          },
        ],
      },
    ],
    example: '@Cache.invalidate({ tags: ["account:{id}"] })',
  })
  private invalidate(spot: Spot): void {
    const isClass = spot.declaration.kind == "class";
    if (isClass != spot.args.has("on")) {
      const what = isClass ? "on the class it says which methods forget" : "`on` is for the class";
      const fix = isClass ? 'add on: ["..."] with names of methods' : "remove it";
      return spot.error(what, fix, isClass ? "0" : "on");
    }
    const forgetful = forgetters(spot);
    const tags = spot.args.texts("tags");
    for (let m = 0; m < forgetful.length; m++) {
      const method = forgetful[m];
      for (let i = 0; i < tags.length; i++) {
        checkTag(spot, tags[i], "tags." + i.toString(), method.params);
      }
      spot.provide(spot.owner.name + "." + method.name, "forgets", tags);
      const made = spot.contribute("policy", "forget", "");
      made.values = tags;
      made.type = isClass ? method.name : "";
    }
  }

  /** What was said about one tag at one place is compared with what was said at the others. */
  @macro.round private compare(planning: Planning): void {
    const kept = new Kept();
    const spots = planning.spots;
    for (let i = 0; i < spots.length; i++) {
      if (spots[i].use.name == "memoize") kept.take(spots[i]);
    }
    const forgetting = planning.spotsOf("invalidate");
    for (let i = 0; i < forgetting.length; i++) adviseForgotten(forgetting[i], kept);
  }

  private keep(spot: Spot, ttlMs: i64, staleMs: i64, shared: bool): void {
    const tags = spot.args.texts("tags");
    const own = spot.declaration;
    if (own.kind == "class") this.checkHandlers(spot, tags);
    else {
      if (own.type == "void") {
        const fix = "remove the macro, or let the method return what is to be kept";
        return spot.error("`" + own.name + "` returns nothing that could be kept", fix);
      }
      if (forgets(spot, own)) {
        const fix = "keep one of them: a kept reply is answered without making the call";
        return spot.error("`" + own.name + "` would keep replies and forget them", fix);
      }
      for (let i = 0; i < tags.length; i++) {
        checkTag(spot, tags[i], "tags." + i.toString(), own.params);
      }
    }
    if (ttlMs + staleMs > LONGEST_MS) {
      const fix = "ttl and swr together may be 12 days";
      return spot.error("replies would be kept for too long", fix, "swr");
    }
    spot.provide(spot.path, "kept", tags);
    spot.memoize(ttlMs, staleMs, shared, tags);
  }

  /** On the class: every handler without a say of its own returns something, and has the tags. */
  private checkHandlers(spot: Spot, tags: string[]): void {
    const members = spot.site.members;
    for (let i = 0; i < members.length; i++) {
      const member = members[i];
      if (member.kind != "method" || member.visibility != "public" || member.isStatic) continue;
      let keeps = false;
      for (let u = 0; u < member.uses.length; u++) {
        const use = member.uses[u];
        if (use.ns == "Cache" && use.name != "invalidate") keeps = true;
      }
      if (keeps) continue;
      const changes = forgets(spot, member);
      if (changes || member.type == "void") {
        const why = changes ? "forgets replies" : "returns nothing";
        const fix = "put @" + spot.macroName + " on the methods whose replies are to be kept";
        return spot.error("`" + member.name + "` " + why + ", so none of it can be kept", fix);
      }
      for (let t = 0; t < tags.length; t++) {
        checkTag(spot, tags[t], "tags." + t.toString(), member.params);
      }
    }
  }
}
