import { Book as Volume, shelf, type } from "./lib";
import * as people from "./lib/people";

/** Lends books. State: an actor. */
@Auth.require({ scope: "library" })
@service
class Library {
  private out: Map<u32, people.Member> = new Map<u32, people.Member>();

  start(): void {
    log.info("open");
  }

  /** Who has it. */
  lend(book: Volume, reader: people.Member): u32 {
    if (this.out.has(book.id)) return fail<u32>(Status.ALREADY_EXISTS, "lent", details(new Lent()));
    this.out.set(book.id, reader);
    return shelf(book);
  }

  @Auth.require({ anyRole: ["owner", "admin"] })
  clear(): void {
    this.out.clear();
  }

  @Auth.public
  opened(): Instant {
    return now();
  }
}

/** Details of an error. */
class Lent {
  since: Instant = new Instant();
  reason: string = type;
}
