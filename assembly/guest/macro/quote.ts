// Owns text as AssemblyScript source: what a macro puts into generated code never ends a literal or
// a line on its own.

/** A string literal, quotes included: `say("hi")` -> `"say(\"hi\")"`. */
export function quote(text: string): string {
  let out = '"';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit == 0x22 || unit == 0x5c) out += "\\" + text.charAt(i);
    else if (unit < 0x20 || unit == 0x7f || unit > 0xd7ff || unit == 0x2028 || unit == 0x2029) {
      out += "\\u" + hex4(unit);
    } else out += text.charAt(i);
  }
  return out + '"';
}

/** `quote` of each, with commas between: the inside of an array literal. */
export function quoteAll(texts: string[]): string {
  let out = "";
  for (let i = 0; i < texts.length; i++) out += (i == 0 ? "" : ", ") + quote(texts[i]);
  return out;
}

function hex4(unit: i32): string {
  return (0x10000 + unit).toString(16).substring(1);
}
