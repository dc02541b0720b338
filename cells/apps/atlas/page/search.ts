// Owns the search box: a call for every keystroke, results as a list that keys and pointer choose
// from (the ARIA combobox pattern). An answer that comes after a newer one is dropped.

import type { AtlasCalls, Place } from './calls.ts';
import { country, failure, people } from './wording.ts';

const LIMIT = 8;
/** The cell refuses longer ones. */
const LONGEST = 128;

export interface SearchEvents {
  chosen(place: Place): void;
  /** The box was emptied. */
  emptied(): void;
  seen(places: Place[]): void;
  failed(text: string): void;
}

export class SearchBox {
  private readonly input: HTMLInputElement;
  private readonly list: HTMLElement;
  private readonly said: HTMLElement;
  private readonly atlas: AtlasCalls;
  private readonly events: SearchEvents;
  private places: Place[] = [];
  private active = -1;
  private asked = 0;
  private shown = 0;
  /** Enter was pressed before the answer to what was typed: its first place is meant. */
  private hasty = false;

  constructor(root: HTMLElement, atlas: AtlasCalls, events: SearchEvents) {
    this.input = root.querySelector('input')!;
    this.list = root.querySelector('[role=listbox]')!;
    this.said = root.querySelector('[aria-live]')!;
    this.atlas = atlas;
    this.events = events;
    this.input.maxLength = LONGEST;
    this.input.addEventListener('input', () => this.ask());
    this.input.addEventListener('keydown', (event) => this.press(event));
    this.input.addEventListener('focus', () => this.open(this.places.length > 0));
    this.input.addEventListener('blur', () => this.open(false));
    // A press on the list must not take the focus from the box: blur would close it.
    this.list.addEventListener('pointerdown', (event) => event.preventDefault());
    this.list.addEventListener('click', (event) => {
      const option = (event.target as Element).closest('[role=option]');
      if (option) this.choose([...this.list.children].indexOf(option));
    });
    root.querySelector('button')!.addEventListener('click', () => {
      this.empty();
      this.input.focus();
    });
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      this.input.select();
      this.input.focus();
    });
  }

  private ask(): void {
    const text = this.input.value;
    const turn = ++this.asked;
    this.hasty = false;
    this.list.classList.add('stale');
    if (text.trim() === '') {
      this.shown = turn;
      this.show([], '');
      this.events.emptied();
      return;
    }
    this.atlas.search(text, LIMIT).then(
      (places) => {
        if (turn < this.shown) return;
        this.shown = turn;
        this.events.seen(places);
        this.show(places, text);
        if (this.hasty && turn === this.asked) this.choose(0);
      },
      (error) => this.events.failed(`Search failed. ${failure(error)}`),
    );
  }

  private show(places: Place[], text: string): void {
    this.places = places;
    if (this.shown === this.asked) this.list.classList.remove('stale');
    this.list.replaceChildren(...places.map(option));
    this.mark(places.length > 0 ? 0 : -1);
    this.open(places.length > 0 && document.activeElement === this.input);
    this.said.textContent =
      text === ''
        ? ''
        : places.length === 0
          ? 'No place begins so.'
          : `${places.length} places, first ${places[0]!.name}, ${country(places[0]!.country)}`;
    this.input.parentElement!.classList.toggle('none', text !== '' && places.length === 0);
  }

  private press(event: KeyboardEvent): void {
    const last = this.places.length - 1;
    const step = (to: number) => {
      event.preventDefault();
      this.open(last >= 0);
      this.mark(to < 0 ? last : to > last ? 0 : to);
    };
    if (event.key === 'ArrowDown') step(this.active + 1);
    else if (event.key === 'ArrowUp') step(this.active - 1);
    else if (event.key === 'Home' && event.ctrlKey) step(0);
    else if (event.key === 'End' && event.ctrlKey) step(last);
    else if (event.key === 'Enter') this.enter();
    else if (event.key === 'Escape') this.empty();
  }

  private enter(): void {
    if (this.shown === this.asked) this.choose(this.active);
    else this.hasty = true;
  }

  private choose(index: number): void {
    const place = this.places[index];
    if (!place) return;
    this.asked++;
    this.shown = this.asked;
    this.input.value = place.name;
    this.open(false);
    this.events.chosen(place);
  }

  private empty(): void {
    this.input.value = '';
    this.ask();
  }

  private open(open: boolean): void {
    this.list.hidden = !open;
    this.input.setAttribute('aria-expanded', String(open));
  }

  private mark(index: number): void {
    this.active = index;
    [...this.list.children].forEach((child, at) => {
      child.setAttribute('aria-selected', String(at === index));
      if (at === index) child.scrollIntoView({ block: 'nearest' });
    });
    if (index < 0) this.input.removeAttribute('aria-activedescendant');
    else this.input.setAttribute('aria-activedescendant', `result-${index}`);
  }
}

function option(place: Place, index: number): HTMLElement {
  const item = document.createElement('li');
  item.id = `result-${index}`;
  item.setAttribute('role', 'option');
  const name = document.createElement('span');
  name.className = 'name';
  name.textContent = place.name;
  const where = document.createElement('span');
  where.className = 'where';
  where.textContent = country(place.country);
  const size = document.createElement('span');
  size.className = 'size';
  size.textContent = people(place.population);
  item.append(name, where, size);
  return item;
}
