// Owns text as AssemblyScript source: what a macro puts into generated code never ends a literal or
// a line on its own.

/**
 * A string literal, quotes included: `say("hi")` -> `"say(\"hi\")"`. Joined once at the end: memory
 * is given back after the call only, and a text that grows by letters takes the square of its size.
 */
export function quote(text: string): string {
  const parts: string[] = ['"'];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const isMark = unit == 0x22 || unit == 0x5c;
    const isPlain = unit >= 0x20 && unit != 0x7f && unit <= 0xd7ff;
    if (!isMark && isPlain && unit != 0x2028 && unit != 0x2029) continue;
    parts.push(text.substring(from, i));
    parts.push(isMark ? "\\" + text.charAt(i) : "\\u" + hex4(unit));
    from = i + 1;
  }
  parts.push(text.substring(from));
  parts.push('"');
  return parts.join("");
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
