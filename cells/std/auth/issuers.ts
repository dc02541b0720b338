// Owns the demand that a token is of certain issuers: a scope that the host alone grants
// (host/session/issuer-scope.ts). Every demand of the service carries it, so that a method's own
// demand, which replaces the class's, does not lose it.
import { isRight, POLICY } from "./demand";

const ISSUER_SCOPE: string = "cell:issuer=";

/** The scope of the issuers in a policy's arguments: sorted, each once. */
export function issuerScope(args: Arguments): string {
  const names: string[] = [];
  const written = args.texts("issuers");
  for (let i = 0; i < written.length; i++) if (!names.includes(written[i])) names.push(written[i]);
  names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return ISSUER_SCOPE + names.join(",");
}

/** What the service's policy demands of every session; "" when it names no issuers. */
export function issuersOf(spot: Spot): string {
  const policy = spot.ownerUse(POLICY);
  if (!policy) return "";
  const args = new Arguments(policy.args);
  return args.has("issuers") ? issuerScope(args) : "";
}

/** Whether the class has no demand of its own beside its policy. */
export function isAlone(spot: Spot): bool {
  const demands = ["Auth.require", "Auth.protected", "Auth.public"];
  for (let i = 0; i < demands.length; i++) if (spot.ownerUse(demands[i])) return false;
  return true;
}

/** False: an issuer cannot be one, and is complained of. */
export function checkIssuers(spot: Spot): bool {
  const names = spot.args.texts("issuers");
  for (let i = 0; i < names.length; i++) {
    if (isRight(names[i]) && !names[i].includes(",")) continue;
    const fix = "write what the token's `iss` says: no spaces, no commas";
    spot.error(quote(names[i]) + " is no issuer", fix, "issuers." + i.toString());
    return false;
  }
  if (isRight(issuerScope(spot.args))) return true;
  spot.error("the issuers are too long together", "116 characters at most", "issuers");
  return false;
}
