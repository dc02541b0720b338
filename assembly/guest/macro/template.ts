// Owns templates over parameters as AssemblyScript: "account:{id}" -> `"account:" + id.toString()`.
import { Param } from "./protocol";
import { quote } from "./quote";

/** An expression of type string. A null value reads as "null"; holes of no parameter stay text. */
export function expressionOf(template: string, params: Param[]): string {
  const parts: string[] = [];
  let text = "";
  let at = 0;
  while (at < template.length) {
    const end = template.charCodeAt(at) == 0x7b ? template.indexOf("}", at) : -1;
    let found: Param | null = null;
    if (end > at) found = paramNamed(params, template.substring(at + 1, end));
    if (!found) {
      text += template.charAt(at++);
      continue;
    }
    if (text != "") parts.push(quote(text));
    text = "";
    parts.push(textOf(found));
    at = end + 1;
  }
  // What begins with a string adds strings.
  if (text != "" || parts.length == 0) parts.push(quote(text));
  return parts.join(" + ");
}

function paramNamed(params: Param[], name: string): Param | null {
  for (let i = 0; i < params.length; i++) if (params[i].name == name) return params[i];
  return null;
}

function textOf(param: Param): string {
  const name = param.name;
  if (param.type == "string") return name;
  if (!param.type.includes("null")) return name + ".toString()";
  return "(" + name + " === null ? \"null\" : " + name + ".toString())";
}
