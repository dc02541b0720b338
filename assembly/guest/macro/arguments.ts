// Owns the typed reading of literals: a decorator's arguments, a cell's settings. The build checked
// them against the macro's own shapes before it asked, so reading never fails: what is not there,
// or is of another kind, reads as `otherwise`.
//
// A path names one literal: "role" is key `role` of the first argument that is an object, "0" the
// first argument, "0.role" and "or.role" a key below, "tags.1" an item of a list.
import { Literal, LiteralKind } from "./protocol";

/** Arguments of one use, or settings. Cheap to make; holds no copies. */
export class Arguments {
  constructor(private list: Literal[]) {}

  /** How many positional arguments were written. */
  get count(): i32 {
    return this.list.length;
  }

  /** The literal at `path`; null when nothing was written there. */
  find(path: string): Literal | null {
    const steps = this.steps(path);
    if (steps.length == 0) return null;
    let at: Literal = this.list[<i32>parseInt(steps[0])];
    for (let i = 1; i < steps.length; i++) {
      const next = below(at, steps[i]);
      if (!next) return null;
      at = next;
    }
    return at;
  }

  has(path: string): bool {
    return this.find(path) != null;
  }

  /** `path` as complaints want it: "role" -> "0.role"; "" when there is no such argument. */
  where(path: string): string {
    return this.steps(path).join(".");
  }

  /** Kind of the literal at `path`; Null when there is none. */
  kind(path: string): LiteralKind {
    const found = this.find(path);
    return found ? found.kind : LiteralKind.Null;
  }

  isText(path: string): bool {
    return this.kind(path) == LiteralKind.String;
  }

  text(path: string, otherwise: string = ""): string {
    const found = this.find(path);
    return found && found.kind == LiteralKind.String ? found.text : otherwise;
  }

  /** Strings of a list; a single string reads as a list of one. */
  texts(path: string): string[] {
    const found = this.find(path);
    const texts: string[] = [];
    if (!found) return texts;
    if (found.kind == LiteralKind.String) texts.push(found.text);
    if (found.kind != LiteralKind.Array) return texts;
    for (let i = 0; i < found.items.length; i++) {
      const item = found.items[i];
      if (item.kind == LiteralKind.String) texts.push(item.text);
    }
    return texts;
  }

  number(path: string, otherwise: f64 = 0): f64 {
    const found = this.find(path);
    return found && found.kind == LiteralKind.Number ? found.number : otherwise;
  }

  /** A whole number; what is none, or does not fit, reads as `otherwise`. */
  integer(path: string, otherwise: i32 = 0): i32 {
    const number = this.number(path, NaN);
    return number == Math.floor(number) && Math.abs(number) <= 0x7fffffff ? <i32>number : otherwise;
  }

  bool(path: string, otherwise: bool = false): bool {
    const found = this.find(path);
    return found && found.kind == LiteralKind.Bool ? found.number != 0 : otherwise;
  }

  /** Milliseconds of a duration such as "250ms", "30s", "5m", "1h", "7d". */
  durationMs(path: string, otherwise: i64 = 0): i64 {
    const ms = parseDurationMs(this.text(path));
    return ms < 0 ? otherwise : ms;
  }

  /** Bytes of a size: a whole number, or "64KB", "1MB" (by 1024). */
  sizeBytes(path: string, otherwise: i64 = 0): i64 {
    const number = this.number(path, -1);
    const bytes = number >= 0 ? <i64>number : parseSizeBytes(this.text(path));
    return bytes < 0 ? otherwise : bytes;
  }

  /** Items of a list; [] when there is none. */
  items(path: string): Literal[] {
    const found = this.find(path);
    return found && found.kind == LiteralKind.Array ? found.items : [];
  }

  /** Keys of an object, in the order written. */
  keys(path: string): string[] {
    const found = this.find(path);
    return found && found.kind == LiteralKind.Object ? found.keys : [];
  }

  /** Name of the variable of `env("NAME")`; "" for anything else. */
  env(path: string): string {
    const found = this.find(path);
    return found && found.kind == LiteralKind.Env ? found.text : "";
  }

  /** AssemblyScript as it was written, where the shape says `any`; "" for literals. */
  code(path: string): string {
    const found = this.find(path);
    return found && found.kind == LiteralKind.Code ? found.text : "";
  }

  /** Steps from the arguments' list; [] when its first leads nowhere. */
  private steps(path: string): string[] {
    const steps = path.split(".");
    if (isIndex(steps[0])) {
      return parseInt(steps[0]) < <f64>this.list.length ? steps : [];
    }
    for (let i = 0; i < this.list.length; i++) {
      if (this.list[i].kind != LiteralKind.Object) continue;
      steps.unshift(i.toString());
      return steps;
    }
    return [];
  }
}

function isIndex(step: string): bool {
  return step.length > 0 && step.length < 10 && digitsOf(step) == step.length;
}

function below(at: Literal, step: string): Literal | null {
  if (at.kind == LiteralKind.Object) {
    const i = at.keys.indexOf(step);
    return i < 0 || i >= at.items.length ? null : at.items[i];
  }
  if (at.kind != LiteralKind.Array || !isIndex(step)) return null;
  const i = <i32>parseInt(step);
  return i < at.items.length ? at.items[i] : null;
}

/** Milliseconds of "250ms", "30s", "5m", "1h" or "7d"; -1 for any other text. */
export function parseDurationMs(text: string): i64 {
  const digits = digitsOf(text);
  const count = countOf(text, digits);
  if (count < 0) return -1;
  const unit = text.substring(digits);
  if (unit == "ms") return count;
  if (unit == "s") return count * 1000;
  if (unit == "m") return count * 60_000;
  if (unit == "h") return count * 3_600_000;
  return unit == "d" ? count * 86_400_000 : -1;
}

/** Bytes of "512B", "64KB", "1MB" or "2GB"; -1 for any other text. */
export function parseSizeBytes(text: string): i64 {
  const digits = digitsOf(text);
  const count = countOf(text, digits);
  if (count < 0) return -1;
  const unit = text.substring(digits);
  if (unit == "B") return count;
  if (unit == "KB") return count << 10;
  if (unit == "MB") return count << 20;
  return unit == "GB" ? count << 30 : -1;
}

/** How many digits `text` begins with. */
function digitsOf(text: string): i32 {
  let at = 0;
  while (at < text.length && <u32>(text.charCodeAt(at) - 48) < 10) at++;
  return at;
}

/** The number of the first `digits` characters; -1 when there are none, or more than nine. */
function countOf(text: string, digits: i32): i64 {
  if (digits == 0 || digits > 9) return -1;
  let count: i64 = 0;
  for (let i = 0; i < digits; i++) count = count * 10 + (text.charCodeAt(i) - 48);
  return count;
}
