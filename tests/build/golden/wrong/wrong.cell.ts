import { missing } from "./nowhere";

interface Shape {
  x: f64;
}

class Secret {
  private pin: u32 = 0;
  inferred = 5;
  shape: Shape;
}

@Nowhere.table({ name: "x" })
class Row {
  @Nowhere.primaryKey id: string = "";
}

@Auth.require({ rol: "admin" })
@service
class Wrong<T> {
  @Auth.requires({ role: "admin" })
  a(n: number, when: Date): Promise<string> {
    return "";
  }
  b(s: Secret | null, n: u32 | null): Strng {
    return "";
  }
  c(x: i32 = 1, ...rest: i32[]): void {}
  d(f: (x: i32) => void, m: Map<f64, Row>): any {
    return 1;
  }
  get size(): u32 {
    return 1;
  }
}
