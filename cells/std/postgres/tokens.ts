// Owns SQL as a list of words and marks: enough to say what stands beside a parameter or a column's
// name. What a text means, the database says; this never refuses one.

/** Word: a name or a keyword, in lower case; a quoted name as it is. */
export enum TokenKind {
  Word,
  Quoted,
  Parameter,
  Text,
  Number,
  Mark,
}

export class Token {
  constructor(
    public kind: TokenKind,
    /** Of a word its letters, of a parameter its number, of a mark the mark; "" of texts. */
    public text: string,
    /** UTF-16 units from the beginning of the SQL. */
    public start: i32,
    public end: i32,
  ) {}

  /** A name, quoted or not. */
  isName(name: string): bool {
    return (this.kind == TokenKind.Word || this.kind == TokenKind.Quoted) && this.text == name;
  }

  isWord(word: string): bool {
    return this.kind == TokenKind.Word && this.text == word;
  }

  isMark(mark: string): bool {
    return this.kind == TokenKind.Mark && this.text == mark;
  }
}

/** The tokens of a text without comments. */
export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const unit = sql.charCodeAt(at);
    if (isSpace(unit)) {
      at++;
      continue;
    }
    const comment = commentEnd(sql, at);
    if (comment > at) {
      at = comment;
      continue;
    }
    const token = tokenAt(sql, at, unit);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function tokenAt(sql: string, at: i32, unit: i32): Token {
  const next = at + 1 < sql.length ? sql.charCodeAt(at + 1) : 0;
  if (unit == 0x27) return new Token(TokenKind.Text, "", at, quoteEnd(sql, at, 0x27, false));
  // E'..', where a backslash takes away what a quote means
  if ((unit | 0x20) == 0x65 && next == 0x27) {
    return new Token(TokenKind.Text, "", at, quoteEnd(sql, at + 1, 0x27, true));
  }
  if (unit == 0x22) {
    const end = quoteEnd(sql, at, 0x22, false);
    const name = sql.substring(at + 1, max(at + 1, end - 1)).replaceAll('""', '"');
    return new Token(TokenKind.Quoted, name, at, end);
  }
  if (unit == 0x24) {
    if (isDigit(next)) {
      const end = whileDigits(sql, at + 1);
      return new Token(TokenKind.Parameter, sql.substring(at + 1, end), at, end);
    }
    const end = dollarEnd(sql, at);
    if (end > 0) return new Token(TokenKind.Text, "", at, end);
  }
  if (isLetter(unit)) {
    let end = at + 1;
    while (
      end < sql.length &&
      (isLetter(sql.charCodeAt(end)) || isDigit(sql.charCodeAt(end)) || sql.charCodeAt(end) == 0x24)
    )
      end++;
    return new Token(TokenKind.Word, sql.substring(at, end).toLowerCase(), at, end);
  }
  if (isDigit(unit)) {
    let end = whileDigits(sql, at);
    if (end < sql.length && sql.charCodeAt(end) == 0x2e) end = whileDigits(sql, end + 1);
    return new Token(TokenKind.Number, sql.substring(at, end), at, end);
  }
  // Operators that matter here are read as one mark; others come apart, which does no harm.
  const two = sql.substring(at, at + 2);
  const joined =
    two == "::" || two == "<=" || two == ">=" || two == "<>" || two == "!=" || two == "||";
  const end = at + (joined ? 2 : 1);
  return new Token(TokenKind.Mark, sql.substring(at, end), at, end);
}

function isSpace(unit: i32): bool {
  return unit == 0x20 || (unit >= 9 && unit <= 13);
}

function isDigit(unit: i32): bool {
  return unit >= 0x30 && unit <= 0x39;
}

function isLetter(unit: i32): bool {
  const lower = unit | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || unit == 0x5f || unit >= 0x80;
}

function whileDigits(sql: string, at: i32): i32 {
  while (at < sql.length && isDigit(sql.charCodeAt(at))) at++;
  return at;
}

/** Behind the comment that begins at `at`; `at` when none does. Comments in slashes nest. */
function commentEnd(sql: string, at: i32): i32 {
  if (sql.startsWith("--", at)) {
    const end = sql.indexOf("\n", at);
    return end < 0 ? sql.length : end + 1;
  }
  if (!sql.startsWith("/*", at)) return at;
  let depth = 1;
  at += 2;
  while (at < sql.length && depth > 0) {
    if (sql.startsWith("/*", at)) {
      depth++;
      at += 2;
    } else if (sql.startsWith("*/", at)) {
      depth--;
      at += 2;
    } else {
      at++;
    }
  }
  return at;
}

/** Behind the quote that closes the one at `at`; a doubled one closes nothing. */
function quoteEnd(sql: string, at: i32, quote: i32, escapes: bool): i32 {
  for (at++; at < sql.length; at++) {
    const unit = sql.charCodeAt(at);
    if (escapes && unit == 0x5c) at++;
    else if (unit == quote) {
      if (at + 1 >= sql.length || sql.charCodeAt(at + 1) != quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}

/** Behind `$tag$ .. $tag$`; -1 when none begins at `at`. */
function dollarEnd(sql: string, at: i32): i32 {
  let end = at + 1;
  while (end < sql.length && (isLetter(sql.charCodeAt(end)) || isDigit(sql.charCodeAt(end)))) end++;
  if (end >= sql.length || sql.charCodeAt(end) != 0x24) return -1;
  const tag = sql.substring(at, end + 1);
  const close = sql.indexOf(tag, end + 1);
  return close < 0 ? sql.length : close + tag.length;
}
