// Owns the answers for `@Storage`: which fields of a service outlive its instance, and the code
// that loads them before the first call and hands over what each call has changed.
import { mapOf, unfitFor } from "./field";

/** Bytes of a stored name. */
const NAME_MOST = 64;

/** Fields that outlive the host. */
@service
class Storage {
  /**
   * Keeps a field of the service: a call is answered when what it changed is stored.
   *
   * Maps are stored entry by entry, everything else as a whole, so keep large collections in a
   * `Map`. A field that was renamed keeps its data with `name`, the name that it was stored under.
   */
  @macro({
    on: ["field"],
    args: [
      {
        type: "object",
        optional: true,
        keys: [
          {
            name: "name",
            type: "string",
            optional: true,
            doc: "Name that it is stored under. The field's own unless said.",
          },
        ],
      },
    ],
    example: "@Storage.persist visits: Map<string, u64> = new Map();",
  })
  private persist(spot: Spot): void {
    const field = spot.declaration;
    const unfit = unfitFor(spot);
    if (unfit != "") {
      const fix = "persist a field of the service itself: `@Storage.persist visits: u64 = 0;`";
      return spot.error("`" + field.name + "` cannot be kept: " + unfit, fix);
    }
    const name = spot.args.text("name", field.name);
    if (!isName(name)) {
      const fix = "letters, digits and _, 64 at most: `name: \"visits\"`";
      spot.error("`" + name + "` is no name for a stored field", fix, "name");
    }
  }

  /** What each field becomes; one wrap for all of them; no two fields under one name. */
  @macro.round private settle(planning: Planning): void {
    const names: string[] = [];
    const fields: string[] = [];
    for (let i = 0; i < planning.spots.length; i++) {
      const spot = planning.spots[i];
      const name = spot.args.text("name", spot.declaration.name);
      if (unfitFor(spot) != "" || !isName(name)) continue;
      const other = names.indexOf(name);
      if (other >= 0) {
        const what = "`" + fields[other] + "` is stored as `" + name + "` already";
        spot.error(what, "give one of them another name", spot.args.has("name") ? "name" : "");
        continue;
      }
      names.push(name);
      fields.push(spot.declaration.name);
      keep(spot, name);
      if (names.length == 1) handOver(spot);
    }
  }
}

/** The field is loaded before the first call, and takes notes from then on. */
function keep(spot: Spot, name: string): void {
  const field = spot.declaration;
  const map = mapOf(field.type);
  spot.provide(spot.path, "stored", [name]);
  const codec = spot.contribute("codec", name, "");
  codec.type = field.type;
  codec.values = [map === null ? "value" : "map"];
  const at = `changetype<usize>(this) + offsetof<${spot.owner.name}>("${field.name}")`;
  if (map === null) {
    spot.importNames("storage", ["storedValue"]);
    const value = `"${name}", ${at}, __encode_${name}, __decode_${name}`;
    spot.contribute("start", "", `storedValue<${field.type}>(${value});`);
    return;
  }
  spot.importNames("storage", ["storedMap"]);
  const key = `__encodeKey_${name}, __decodeKey_${name}`;
  const entry = `"${name}", ${at}, ${key}, __encode_${name}, __decode_${name}`;
  spot.contribute("start", "", `storedMap<${map}>(${entry});`);
}

/** Behind each call, whether it has failed or not, its changes are handed over. */
function handOver(spot: Spot): void {
  spot.importNames("storage", ["keepStored"]);
  const code = "const status: u32 = $attempt; keepStored(); if (status != 0) { $fail; }";
  spot.wrap(code, "cache");
}

function isName(name: string): bool {
  if (name.length == 0 || name.length > NAME_MOST) return false;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    const letter = (<u32>(c | 32) - 97) < 26 || c == 95;
    if (!letter && (i == 0 || <u32>(c - 48) >= 10)) return false;
  }
  return true;
}
