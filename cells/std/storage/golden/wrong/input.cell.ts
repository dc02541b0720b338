class Other {
  @Storage.persist n: u32 = 0;
}

@service
class Shop {
  @Storage.persist static all: u32 = 0;
  @Storage.persist rest = 5;
  @Storage.persist({ name: "a-b" }) odd: u32 = 0;
  @Storage.persist({ name: 7 }) number: u32 = 0;
  @Storage.persist one: u32 = 0;
  @Storage.persist({ name: "one" }) two: u32 = 0;
  @Storage.persist keys: Map<f64, u8> = new Map();
  get(): u32 {
    return this.one + new Other().n;
  }
}
