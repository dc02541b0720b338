// Owns what `{ role, anyRole, scope }` demands: reading it, and the names that there are. Who may
// call is then a policy; nothing here writes one.
import { suggestion } from "./nearest";

export const PERMISSION_DENIED: u32 = 7;
/** What a caller that owns nothing is told. */
export const OWNER: string = "only its owner may do this";
export const POLICY: string = "Auth.policy";
/** Characters of a role or scope. Threat: tokens and session slots without end. */
const NAME_CHARS: i32 = 128;

/** Any of the roles, and all of the scopes. */
export class Demand {
  roles: string[] = [];
  scopes: string[] = [];
}

/**
 * The names of one kind ("roles", "scopes") that may be demanded here: those of the class's
 * policy, else those of cell.config.ts. null: nobody said, so any name is one.
 */
function knownRights(spot: Spot, kind: string): string[] | null {
  const policy = spot.ownerUse(POLICY);
  if (policy) {
    const declared = new Arguments(policy.args);
    if (declared.has(kind)) return declared.texts(kind);
  }
  return spot.settings.has(kind) ? spot.settings.texts(kind) : null;
}

/**
 * The demand in the object whose keys begin with `at` ("0.", "1.or."). null: it was refused, and
 * the spot has the complaint.
 */
export function demandOf(spot: Spot, at: string): Demand | null {
  const args = spot.args;
  const single = args.has(at + "role");
  if (single && args.has(at + "anyRole")) {
    const fix = "keep one of them; several roles that will do: { anyRole: [...] }";
    spot.error("`role` and `anyRole` are two demands for a role", fix, at + "anyRole");
    return null;
  }
  const demand = new Demand();
  const roleKey = single ? "role" : "anyRole";
  const good = namesAt(spot, at + roleKey, "roles", demand.roles);
  if (!namesAt(spot, at + "scope", "scopes", demand.scopes) || !good) return null;
  if (demand.roles.length == 0 && demand.scopes.length == 0) {
    const fix = 'write { role: "..." }, { anyRole: ["...", "..."] } or { scope: "..." }';
    spot.error("it demands nothing", fix, at.substring(0, at.length - 1));
    return null;
  }
  return demand;
}

/** Adds the names at `path`, sorted and each once. False: one is none, and is complained of. */
function namesAt(spot: Spot, path: string, kind: string, into: string[]): bool {
  const written = spot.args.texts(path);
  const known = knownRights(spot, kind);
  const word = kind == "roles" ? "role" : "scope";
  let good = true;
  for (let i = 0; i < written.length; i++) {
    const name = written[i];
    const where = spot.args.isText(path) ? path : path + "." + i.toString();
    if (!isRight(name)) {
      const fix = "write 1 to 128 characters, no spaces";
      spot.error(quote(name) + " is no name of a " + word, fix, where);
      good = false;
    } else if (known && !known.includes(name)) {
      spot.error("there is no " + word + " " + quote(name), suggestion(name, known), where);
      good = false;
    } else if (!into.includes(name)) into.push(name);
  }
  into.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return good;
}

/** Names travel to guests between zero bytes, and in tokens between spaces. */
export function isRight(name: string): bool {
  if (name.length == 0 || name.length > NAME_CHARS) return false;
  for (let i = 0; i < name.length; i++) if (isSpace(name.charCodeAt(i))) return false;
  return true;
}

function isSpace(unit: i32): bool {
  if (unit <= 0x20 || (unit >= 0x7f && unit <= 0xa0)) return true;
  if (unit < 0x1680) return false;
  if (unit >= 0x2000 && unit <= 0x200a) return true;
  return [0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff].includes(unit);
}
