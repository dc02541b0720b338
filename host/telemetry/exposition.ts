// Owns the text that Prometheus reads (exposition format 0.0.4): families with HELP and TYPE, names
// and labels that are what they must be, values that are numbers. Knows no metric of ours.

/** Kinds of families. */
export type Kind = 'counter' | 'gauge' | 'histogram';

/** Labels of one sample, in the order in which they are written. */
export type LabelPairs = readonly (readonly [name: string, value: string])[];

/** What `content-type` says of it. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Characters of a label's value. Threat: the size of every scrape. */
const VALUE_CHARS = 128;

/** Whether a family may have this name. */
export const isMetricName = (name: string): boolean =>
  /^[a-zA-Z_:][a-zA-Z0-9_:]{0,127}$/.test(name);

/** Whether a label may have this name; those that begin with `__` are Prometheus' own. */
export const isLabelName = (name: string): boolean =>
  /^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/.test(name) && !name.startsWith('__');

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '"': '\\"' };

/** `a="b",c="d"` */
function labelText(labels: LabelPairs): string {
  const pairs = labels.map(([name, value]) => {
    const cut = value.slice(0, VALUE_CHARS).toWellFormed();
    return `${name}="${cut.replace(/[\\\n"]/g, (c) => ESCAPES[c] as string)}"`;
  });
  return pairs.join(',');
}

const numberText = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
};

/** A text under construction: families one after the other, each with its samples. */
export class Exposition {
  private readonly lines: string[] = [];

  /** Begins a family; its samples must follow at once. A family without samples is left out. */
  family(name: string, kind: Kind, help: string): Family {
    return new Family(this.lines, name, kind, help);
  }

  toString(): string {
    return `${this.lines.join('\n')}\n`;
  }
}

/** One family of samples. */
export class Family {
  private readonly lines: string[];
  private readonly name: string;
  private readonly head: readonly string[];
  private begun = false;

  constructor(lines: string[], name: string, kind: Kind, help: string) {
    this.lines = lines;
    this.name = name;
    const text = help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
    this.head = [`# HELP ${name} ${text}`, `# TYPE ${name} ${kind}`];
  }

  /** One sample. */
  sample(labels: LabelPairs, value: number): this {
    const text = labels.length === 0 ? '' : `{${labelText(labels)}}`;
    return this.line(`${this.name}${text} ${numberText(value)}`);
  }

  /**
   * One histogram: `counts[i]` samples at most `bounds[i]`, all of them counted up; `count` in all.
   * 20 us for 22 bounds: a scrape of a thousand methods must not hold up the listener for long.
   */
  histogram(
    labels: LabelPairs,
    bounds: readonly string[],
    counts: readonly number[],
    count: number,
    sum: number,
  ): this {
    const text = labelText(labels);
    const bucket = `${this.name}_bucket{${text}${text === '' ? '' : ','}le="`;
    for (let i = 0; i < bounds.length; i++) this.line(`${bucket}${bounds[i]}"} ${counts[i]}`);
    this.line(`${bucket}+Inf"} ${count}`);
    const rest = text === '' ? '' : `{${text}}`;
    this.line(`${this.name}_sum${rest} ${numberText(sum)}`);
    return this.line(`${this.name}_count${rest} ${count}`);
  }

  private line(text: string): this {
    if (!this.begun) this.lines.push(...this.head);
    this.begun = true;
    this.lines.push(text);
    return this;
  }
}
