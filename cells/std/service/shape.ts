// Owns the check of shapes as people write them in `@macro`: what is wrong is said where it stands.
// The build checks the result once more, as it does with every cell's description.

const TYPES = [
  "string",
  "number",
  "integer",
  "bool",
  "duration",
  "size",
  "parameter",
  "template",
  "member",
  "object",
  "list",
  "oneOf",
  "env",
  "any",
];
const KEYS = [
  "type",
  "name",
  "doc",
  "optional",
  "values",
  "valuesFrom",
  "min",
  "max",
  "keys",
  "items",
  "choices",
];
/** Levels of shapes; the build's reader takes no more. */
const DEPTH = 8;

/** Complains about the shape at `path`. `named`: it is a key of an object. */
export function checkShape(
  spot: Spot,
  shape: Literal,
  path: string,
  named: bool,
  depth: i32 = 0,
): void {
  if (shape.kind != LiteralKind.Object) {
    spot.error("a shape is an object", 'write { type: "string" }, for example', path);
    return;
  }
  if (depth == DEPTH) {
    spot.error(
      "shapes nest at most " + DEPTH.toString() + " deep",
      "make the argument flatter",
      path,
    );
    return;
  }
  const args = spot.args;
  for (let i = 0; i < shape.keys.length; i++) {
    if (KEYS.includes(shape.keys[i])) continue;
    spot.error(
      "a shape has no `" + shape.keys[i] + "`",
      "one of " + KEYS.join(", "),
      path + "." + shape.keys[i],
    );
  }
  const type = args.text(path + ".type", "any");
  if (!TYPES.includes(type) || (args.has(path + ".type") && !args.isText(path + ".type"))) {
    spot.error("there is no shape `" + type + "`", "one of " + TYPES.join(", "), path + ".type");
    return;
  }
  if (named && args.text(path + ".name") == "") {
    spot.error("a key has a name", 'write { name: "role", type: "string" }, for example', path);
  }
  checkPart(spot, path, type, "object", "keys");
  checkPart(spot, path, type, "list", "items");
  checkPart(spot, path, type, "oneOf", "choices");
  const items = args.find(path + ".items");
  if (items) checkShape(spot, items, path + ".items", false, depth + 1);
  checkEach(spot, path + ".keys", true, depth);
  checkEach(spot, path + ".choices", false, depth);
  if (args.number(path + ".min", -Infinity) > args.number(path + ".max", Infinity)) {
    spot.error("`min` is above `max`", "swap them", path + ".min");
  }
}

/** Shapes of one type have parts under one key; no others have it. */
function checkPart(spot: Spot, path: string, type: string, owner: string, key: string): void {
  const has = spot.args.has(path + "." + key);
  if (type == owner && !has) {
    spot.error("a shape of type `" + owner + "` says its `" + key + "`", example(key), path);
  } else if (type != owner && has) {
    spot.error(
      "only a shape of type `" + owner + "` has `" + key + "`",
      "remove it",
      path + "." + key,
    );
  }
}

function example(key: string): string {
  if (key == "items") return 'write items: { type: "string" }, for example';
  if (key == "keys") return 'write keys: [{ name: "role", type: "string" }], for example';
  return 'write choices: [{ type: "string" }, { type: "integer" }], for example';
}

function checkEach(spot: Spot, path: string, named: bool, depth: i32): void {
  const shapes = spot.args.items(path);
  for (let i = 0; i < shapes.length; i++) {
    checkShape(spot, shapes[i], path + "." + i.toString(), named, depth + 1);
  }
}
