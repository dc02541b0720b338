/** One of each. */
enum Color {
  Red,
  Green = 5,
  /** After five. */
  Blue,
}

/** A tree: recursive, nullable. */
class Node {
  label: string = "";
  /** Children in order. */
  children: Node[] = [];
  parent: Node | null = null;
}

class Everything {
  flag: bool = false;
  a: i8 = 0;
  b: u8 = 0;
  c: i16 = 0;
  d: u16 = 0;
  e: i32 = 0;
  f: u32 = 0;
  g: i64 = 0;
  h: u64 = 0;
  i: f32 = 0;
  j: f64 = 0;
  text: string = "";
  maybe: string | null = null;
  bytes: Uint8Array = new Uint8Array(0);
  id: Uuid = new Uuid();
  when: Instant = new Instant();
  last: Instant | null = null;
  long: Duration = new Duration();
  price: Decimal = Decimal.ofInteger(0);
  color: Color = Color.Red;
  colors: Color[] = [];
  grid: f64[][] = [];
  tree: Node | null = null;
  counts: Map<string, u32> = new Map<string, u32>();
  byColor: Map<Color, Node[]> = new Map<Color, Node[]>();
  static made: u32 = 0;
  size(): i32 {
    return this.grid.length;
  }
}

type Names = string[];

/** Takes and returns one of each. */
@service({ pages: 64, cpuMs: 50 })
class EveryType {
  /** The same again. */
  echo(value: Everything): Everything {
    return value;
  }
  echoAll(values: Everything[]): Everything[] {
    return values;
  }
  names(list: Names): Names {
    return list;
  }
  nothing(): void {}
  protected hidden(): void {}
  private alsoHidden(x: usize): void {}
  static notAMethod(): void {}
}
