// Owns what a scripted database says of a text: the fields of an answer to DESCRIBE, with places
// found in the text. No tests here.

/** What the scripted database says of a text; places are found in it. */
export interface Said {
  kind?: string;
  writes?: boolean;
  /** Type, what it is assigned to, whether that takes no null. */
  params?: [type: string, assigned?: string, notNull?: boolean][];
  /** Name, type, source, whether it may be null; what stands in the text, when not the name. */
  columns?: [name: string, type: string, source?: string, nullable?: boolean, word?: string][];
  tables?: [name: string, access: 'read' | 'write'][];
}

const flag = (value: boolean): string => (value ? 't' : 'f');

/** Offset and length of a word, as fields. */
export function placeOf(text: string, word: string): string[] {
  const at = text.indexOf(word);
  return [String(at), String(at < 0 ? 0 : word.length)];
}

/** The answer to one text of a DESCRIBE. */
export function fieldsOf(text: string, said: Said): string[] {
  const { params = [], columns = [], tables = [['notes.people', 'read']] } = said;
  return [
    ...['t', said.kind ?? 'select', flag(said.writes ?? false), String(params.length)],
    ...params.flatMap(([type, assigned = '', notNull = false], i) => {
      return [type, assigned, flag(notNull), ...placeOf(text, `$${i + 1}`)];
    }),
    String(columns.length),
    ...columns.flatMap(([name, type, source = '', nullable = false, word = name]) => {
      return [name, type, source, flag(nullable), ...placeOf(text, word)];
    }),
    String(tables.length),
    ...tables.flat(),
  ];
}
