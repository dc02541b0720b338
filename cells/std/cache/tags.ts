// Owns tags: templates over parameters such as "account:{id}". Which values can stand in them, and
// whether what one method forgets is what another keeps.

/** Whole numbers: of any width they are spelled alike. */
const WHOLE: string[] = ["i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize"];
/** Types of values that have no spelling of their own. */
const UNSPELLED: string[] = ["f32", "f64", "Uint8Array", "ArrayBuffer"];

/** A tag without the names of its holes, and those names in turn. */
class Template {
  fixed: string = "";
  holes: string[] = [];

  constructor(tag: string) {
    let at = 0;
    while (at < tag.length) {
      const open = tag.indexOf("{", at);
      const close = open < 0 ? -1 : tag.indexOf("}", open);
      if (close < 0) break;
      this.fixed += tag.substring(at, open) + "{}";
      this.holes.push(tag.substring(open + 1, close));
      at = close + 1;
    }
    this.fixed += tag.substring(at);
  }
}

function typeOf(params: Param[], name: string): string {
  for (let i = 0; i < params.length; i++) if (params[i].name == name) return params[i].type;
  return "";
}

function withoutNull(type: string): string {
  return type.endsWith(" | null") ? type.substring(0, type.length - 7) : type;
}

/** Complains of holes that are no parameter, or whose values cannot stand in a tag. */
export function checkTag(spot: Spot, tag: string, path: string, params: Param[]): void {
  const holes = new Template(tag).holes;
  for (let i = 0; i < holes.length; i++) {
    const type = typeOf(params, holes[i]);
    if (type == "") {
      const fix = "name a parameter that every method has which the macro holds for";
      spot.error("{" + holes[i] + "} is no parameter", fix, path);
    } else if (UNSPELLED.includes(withoutNull(type)) || type.includes("<") || type.includes("[")) {
      const fix = "use a parameter that is a text, a whole number, an enum or an id";
      spot.error("a " + type + " cannot stand in a tag", fix, path);
    }
  }
}

/** Types of the holes, in turn: "number, string". */
function typesOf(template: Template, params: Param[]): string {
  const types: string[] = [];
  for (let i = 0; i < template.holes.length; i++) {
    const type = withoutNull(typeOf(params, template.holes[i]));
    types.push(WHOLE.includes(type) ? "number" : type);
  }
  return types.join(", ");
}

/** Tags of the replies that the methods of one build keep. */
export class Kept {
  private fixed: string[] = [];
  private types: string[] = [];
  private by: string[] = [];

  take(spot: Spot): void {
    const tags = spot.args.texts("tags");
    const own = spot.declaration;
    if (own.kind != "class") return this.add(tags, own.params, spot.path);
    const members = spot.site.members;
    for (let i = 0; i < members.length; i++) {
      const member = members[i];
      if (member.kind == "method") this.add(tags, member.params, own.name + "." + member.name);
    }
  }

  private add(tags: string[], params: Param[], by: string): void {
    for (let i = 0; i < tags.length; i++) {
      const template = new Template(tags[i]);
      this.fixed.push(template.fixed);
      this.types.push(typesOf(template, params));
      this.by.push(by);
    }
  }

  /** Index of a reply kept under `fixed` with holes of `types`; -1 when there is none. */
  find(fixed: string, types: string): i32 {
    for (let i = 0; i < this.fixed.length; i++) {
      if (this.fixed[i] == fixed && this.types[i] == types) return i;
    }
    return -1;
  }

  /** Index of a reply kept under `fixed`, whatever its holes. */
  findFixed(fixed: string): i32 {
    return this.fixed.indexOf(fixed);
  }

  typesAt(i: i32): string {
    return this.types[i];
  }

  byAt(i: i32): string {
    return this.by[i];
  }
}

/** The methods that a use of `invalidate` speaks of: its own, or those that `on` names. */
export function forgetters(spot: Spot): Declaration[] {
  if (spot.declaration.kind != "class") return [spot.declaration];
  const names = spot.args.texts("on");
  const found: Declaration[] = [];
  const members = spot.site.members;
  for (let i = 0; i < members.length; i++) {
    if (members[i].kind == "method" && names.includes(members[i].name)) found.push(members[i]);
  }
  return found;
}

/** Whether calls of `method` forget replies: by its own macro, or by the class's. */
export function forgets(spot: Spot, method: Declaration): bool {
  for (let u = 0; u < method.uses.length; u++) {
    const use = method.uses[u];
    if (use.ns == "Cache" && use.name == "invalidate") return true;
  }
  const ofClass = spot.ownerUse("Cache.invalidate");
  return ofClass != null && new Arguments(ofClass.args).texts("on").includes(method.name);
}

/** A tag that nobody keeps replies under is a warning; one of other types is an error. */
export function adviseForgotten(spot: Spot, kept: Kept): void {
  const tags = spot.args.texts("tags");
  const methods = forgetters(spot);
  for (let i = 0; i < tags.length; i++) {
    for (let m = 0; m < methods.length; m++) {
      if (!advise(spot, kept, tags[i], "tags." + i.toString(), methods[m])) break;
    }
  }
}

/** False: there was something to say. */
function advise(spot: Spot, kept: Kept, tag: string, path: string, method: Declaration): bool {
  const template = new Template(tag);
  const types = typesOf(template, method.params);
  if (kept.find(template.fixed, types) >= 0) return true;
  const like = kept.findFixed(template.fixed);
  if (like < 0) {
    const fix = "misspelt? otherwise another cell keeps them";
    spot.warn("no method of this cell keeps replies under " + quote(tag), fix, path);
    return false;
  }
  const theirs = kept.byAt(like) + " keeps replies under " + quote(tag) + " with " +
    kept.typesAt(like);
  const own = spot.owner.name + "." + method.name + " has " + types;
  spot.error(theirs + ", " + own, "use parameters of the same types", path);
  return false;
}
