// Owns the entries of a plan that Spot and Planning both make, and the names of uses.
import { Ask, Document, Effect, Fact, Plan, PlanRequest, Use } from "./protocol";

/** "Auth.require"; "service" of a bare decorator. */
export function nameOf(use: Use): string {
  return use.ns == "" ? use.name : use.ns + "." + use.name;
}

export function useNamed(uses: Use[], macroName: string): Use | null {
  for (let i = 0; i < uses.length; i++) if (nameOf(uses[i]) == macroName) return uses[i];
  return null;
}

/**
 * The values of a fact that came with the request; null when it did not. `cell` "" = whoever said
 * it first.
 */
export function factOf(
  request: PlanRequest,
  cell: string,
  about: string,
  key: string,
): string[] | null {
  const facts = request.facts;
  for (let i = 0; i < facts.length; i++) {
    const fact = facts[i];
    if (fact.about != about || fact.key != key) continue;
    if (cell == "" || fact.cell == cell) return fact.values;
  }
  return null;
}

/** A fact is stated once: later values of the same one are added to it, each once. */
export function provideFact(plan: Plan, about: string, key: string, values: string[]): void {
  for (let i = 0; i < plan.facts.length; i++) {
    const fact = plan.facts[i];
    if (fact.about != about || fact.key != key) continue;
    for (let v = 0; v < values.length; v++) {
      if (!fact.values.includes(values[v])) fact.values.push(values[v]);
    }
    return;
  }
  const made = new Fact();
  made.about = about;
  made.key = key;
  made.values = values.slice(0);
  plan.facts.push(made);
}

export function askFor(
  request: PlanRequest,
  plan: Plan,
  site: u32,
  use: u32,
  cell: string,
  about: string,
  key: string,
): string[] | null {
  const known = factOf(request, cell, about, key);
  // Asked again in every round: an answer may change while others learn.
  const made = new Ask();
  made.cell = cell;
  made.about = about;
  made.key = key;
  made.site = site;
  made.use = use;
  if (!request.last) plan.asks.push(made);
  return known;
}

/** A text that is committed; the same name again replaces what was there. */
export function addDocument(plan: Plan, name: string, text: string): void {
  for (let i = 0; i < plan.documents.length; i++) {
    if (plan.documents[i].name != name) continue;
    plan.documents[i].text = text;
    return;
  }
  const made = new Document();
  made.name = name;
  made.text = text;
  plan.documents.push(made);
}

/** The same key twice is one effect; the first one stands. */
export function addEffect(
  plan: Plan,
  site: u32,
  use: u32,
  key: string,
  preview: string,
  data: string,
  destructive: bool,
): void {
  for (let i = 0; i < plan.effects.length; i++) if (plan.effects[i].key == key) return;
  const made = new Effect();
  made.key = key;
  made.preview = preview;
  made.data = data;
  made.destructive = destructive;
  made.site = site;
  made.use = use;
  plan.effects.push(made);
}
