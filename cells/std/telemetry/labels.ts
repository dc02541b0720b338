// Owns what a label of a counter may be: few values, or the counter would grow without end, here
// and in whatever stores it.

/** What is wrong with a label, and what to write instead. */
export class Wrong {
  constructor(
    readonly message: string,
    readonly fix: string,
  ) {}
}

/** Claims that say who or when: as many values as there are callers or tokens. */
const PERSONAL = [
  "sub", "subject", "jti", "sid", "iat", "exp", "nbf", "nonce", "email", "name", "given_name",
  "family_name", "nickname", "preferred_username", "phone_number", "birthdate", "picture",
  "profile", "website", "address", "at_hash", "c_hash", "auth_time", "iss", "aud", "scope", "roles",
  "azp", "updated_at", "id", "user_id", "session_state",
];

/** "plan" of "plan" and of "plan:gold". */
export function claimOf(label: string): string {
  const colon = label.indexOf(":");
  return colon < 0 ? label : label.substring(0, colon);
}

/** What is wrong with label `at` of a counter; null = nothing. */
export function badLabel(spot: Spot, labels: string[], at: i32): Wrong | null {
  const label = labels[at], key = claimOf(label);
  if (!isLabelName(key)) {
    return new Wrong("`" + key + "` is no name of a label", "write letters, digits and `_`");
  }
  if (key == "cell" || key == "le" || key.startsWith("__")) {
    return new Wrong("the label `" + key + "` is the host's own", "name it `my_" + key + "`");
  }
  for (let i = 0; i < at; i++) {
    if (claimOf(labels[i]) == key) {
      return new Wrong("the label `" + key + "` is there twice", "leave one of them out");
    }
  }
  if (label.length > key.length) return badValue(key, label.substring(key.length + 1));
  return badClaim(spot, key);
}

function badValue(key: string, value: string): Wrong | null {
  if (value.length == 0 || value.length > 64) {
    return new Wrong("`" + key + "` needs a value of 1 to 64 characters", key + ":value");
  }
  if (value.indexOf("{") >= 0) {
    const fix = "labels are fixed texts, or claims of the caller's token with few values";
    return new Wrong("`" + value + "` has as many values as there are arguments", fix);
  }
  return null;
}

function badClaim(spot: Spot, key: string): Wrong | null {
  const fix =
    "name a claim with few values, such as \"plan\", or a fixed label: \"" + key + ":value\"";
  if (spot.parameterNamed(key)) {
    return new Wrong("the parameter `" + key + "` has values without end", fix);
  }
  if (PERSONAL.includes(key)) {
    return new Wrong("`" + key + "` has as many values as there are callers", fix);
  }
  if (!spot.settings.has("claims")) return null;
  const known = spot.settings.texts("claims");
  if (known.includes(key)) return null;
  const all = known.length == 0 ? "none" : known.join(", ");
  return new Wrong(
    "no claim `" + key + "` is declared in cell.config.ts",
    "cells: { telemetry: { claims: [...] } } has: " + all,
  );
}

function isLabelName(name: string): bool {
  if (name.length == 0 || name.length > 64) return false;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    const letter = (c | 32) >= 97 && (c | 32) <= 122;
    if (!letter && c != 95 && (i == 0 || c < 48 || c > 57)) return false;
  }
  return true;
}

/** The share that `traces({ sampled })` asks for; NaN when it is none. */
export function ratioOf(args: Arguments): f64 {
  const text = args.text("sampled");
  const ratio = args.isText("sampled") ? numberOf(text) : args.number("sampled", NaN);
  return ratio >= 0 && ratio <= 1 ? ratio : NaN;
}

/** A number written plainly: "0.1", "1", ".5". parseFloat would take "0.1 of them" as well. */
function numberOf(text: string): f64 {
  let digits = 0, points = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 48 && c <= 57) digits++;
    else if (c == 46) points++;
    else return NaN;
  }
  return digits == 0 || points > 1 ? NaN : parseFloat(text);
}
