class Person {
  name: string = "";
  age: u32 = 0;
}

@service
class Directory {
  /** How often each name was looked up. */
  @Storage.persist visits: Map<string, u64> = new Map();
  @Storage.persist private people: Map<u32, Person> = new Map();
  @Storage.persist({ name: "total" }) lookups: u64 = 0;
  @Storage.persist latest: Person | null = null;
  since: u64 = 0;

  start(): void {
    this.since = this.lookups;
  }

  visit(name: string): u64 {
    this.lookups++;
    const count = this.visits.has(name) ? this.visits.get(name) + 1 : 1;
    this.visits.set(name, count);
    return count;
  }

  @Retry.onFailure
  find(id: u32): Person {
    if (!this.people.has(id)) return fail<Person>(Status.NOT_FOUND, "nobody");
    this.latest = this.people.get(id);
    return this.people.get(id);
  }
}
