// Owns the condition of `@Auth.owner`: AssemblyScript over the parameters of the method. Values of
// the user's enter it as literals only.
import { Demand } from "./demand";

/** Types whose toString() is how a token would spell the subject. */
const NUMBERS: string[] = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "isize", "usize"];

/** True for the owner and for whom `others` lets pass; "" when the type names no subject. */
export function ownerCondition(param: Param, others: Demand): string {
  const spelled = subjectOf(param);
  if (spelled == "") return "";
  let condition = spelled;
  for (let i = 0; i < others.roles.length; i++) {
    condition += " || Session.hasRole(" + quote(others.roles[i]) + ")";
  }
  if (others.scopes.length == 0) return condition;
  const scope = "Session.hasScope(" + quote(others.scopes[0]) + ")";
  // { role, scope } needs both, as everywhere.
  if (others.roles.length == 0) return condition + " || " + scope;
  return spelled + " || (" + condition.substring(spelled.length + 4) + ") && " + scope;
}

function subjectOf(param: Param): string {
  const name = param.name;
  if (param.type == "string") return "Session.subject == " + name;
  if (param.type == "string | null") {
    return "(" + name + " !== null && Session.subject == " + name + "!)";
  }
  if (param.type == "Uuid" || NUMBERS.includes(param.type)) {
    return "Session.subject == " + name + ".toString()";
  }
  return "";
}
