// Owns the caller's identity as guests see it. It comes from the connection that the host
// authenticated, never from the call's own bytes.
//
//   subject \0 role \0 role \0\0 scope \0 scope        UTF-8; no roles: subject \0\0 scope

@external("cell:caller", "read")
declare function readCaller(ptr: usize, cap: u32): u32;

const CAP: u32 = 1024;

function callerText(): string {
  let at = heap.alloc(CAP);
  let n = readCaller(at, CAP);
  if (n > CAP) {
    heap.free(at);
    const room = n;
    at = heap.alloc(room);
    n = readCaller(at, room);
    if (n > room) n = 0;
  }
  const text = String.UTF8.decodeUnsafe(at, n);
  heap.free(at);
  return text;
}

/** Subject and roles: what stands before the double zero. */
function names(text: string): string[] {
  const end = text.indexOf("\0\0");
  return (end < 0 ? text : text.substring(0, end)).split("\0");
}

/** Who calls. Each use asks the host: keep what is needed more than once in a variable. */
export class Session {
  /** The `sub` of the caller's token; "" for a caller without one. */
  static get subject(): string {
    return names(callerText())[0];
  }

  static get roles(): string[] {
    return names(callerText()).slice(1);
  }

  static get scopes(): string[] {
    const text = callerText();
    const end = text.indexOf("\0\0");
    return end < 0 || end + 2 == text.length ? [] : text.substring(end + 2).split("\0");
  }

  static hasRole(role: string): bool {
    return Session.roles.includes(role);
  }

  static hasScope(scope: string): bool {
    return Session.scopes.includes(scope);
  }
}
