// Owns where the database of a service is: what `@Database.postgres` or `@Database.sqlite` says.

/** Characters of a path. */
const PATH_CHARS: i32 = 200;

/** "default", "env:NAME" or "file:path"; "" = something is wrong and was complained of. */
export function targetOf(planning: Planning): string {
  const servers = planning.spotsOf("postgres");
  const files = planning.spotsOf("sqlite");
  if (servers.length + files.length > 1) {
    const spot = files.length > 0 ? files[files.length - 1] : servers[1];
    spot.error("a service has one database", "keep one of @Database.postgres and @Database.sqlite");
    return "";
  }
  if (servers.length == 1) {
    const name = servers[0].args.env("url");
    if (isVariable(name)) return "env:" + name;
    servers[0].error("`" + name + "` is no name of a variable", 'env("DATABASE_URL")', "url");
    return "";
  }
  if (files.length == 0) return "default";
  const file = files[0].args.text("file");
  const why = faultOf(file);
  if (why == "") return "file:" + file;
  files[0].error(quote(file) + " " + why, 'a path below the project: "data/notes.db"', "file");
  return "";
}

function isVariable(name: string): bool {
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    const letter = (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a;
    if (!letter && unit != 0x5f && !(i > 0 && unit >= 0x30 && unit <= 0x39)) return false;
  }
  return name.length > 0;
}

/** What is wrong with a path; "" = nothing. The host checks it once more. */
function faultOf(file: string): string {
  if (file.length == 0 || file.length > PATH_CHARS) return "is no path of 1 to 200 characters";
  if (file.startsWith("/") || file.includes("\\") || file.includes(":")) {
    return "is not a path below the project";
  }
  const steps = file.split("/");
  for (let i = 0; i < steps.length; i++) {
    if (steps[i] == "" || steps[i] == "." || steps[i] == "..")
      return "is not a path below the project";
  }
  for (let i = 0; i < file.length; i++)
    if (file.charCodeAt(i) < 0x20) return "has control characters";
  return "";
}
