// Owns what of a stranger's text may reach a terminal or a log: no control characters (they would
// move the cursor, or colour what follows), and no line that looks like another's.

/** `text` in one piece: controls become U+FFFD, lines after the first are indented. */
export function printable(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/g, '\ufffd')
    .replace(/\n(?! {2})/g, '\n  ');
}
