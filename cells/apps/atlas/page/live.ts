// Owns the live line: connection, calls a second with a little graph of the last minute, p50 and
// p99, and the burst that shows what the road can carry. Reads the meter four times a second.

import type { AtlasCalls } from './calls.ts';
import type { Meter } from './meter.ts';
import { failure, latency, number } from './wording.ts';

const REFRESH_MS = 250;
const BURST_MS = 3000;
const BURST_IN_FLIGHT = 256;

export type LinkState = 'connecting' | 'connected' | 'lost';

export class LiveLine {
  private readonly root: HTMLElement;
  private readonly meter: Meter;
  private readonly atlas: AtlasCalls;
  private readonly failed: (text: string) => void;

  constructor(
    root: HTMLElement, meter: Meter, atlas: AtlasCalls, failed: (text: string) => void,
  ) {
    this.root = root;
    this.meter = meter;
    this.atlas = atlas;
    this.failed = failed;
    const burst = root.querySelector<HTMLButtonElement>('.burst')!;
    burst.addEventListener('click', () => void this.burst(burst));
    setInterval(() => this.refresh(), REFRESH_MS);
    this.refresh();
  }

  /** Shows the state of the connection. */
  link(state: LinkState, words: string): void {
    this.root.dataset.link = state;
    const text = this.find('.link-text');
    if (text.textContent !== words) text.textContent = words;
  }

  private refresh(): void {
    const { perSecond, p50, p99, total } = this.meter.read();
    this.find('.rate').textContent = number(perSecond);
    this.find('.p50').textContent = latency(p50);
    this.find('.p99').textContent = latency(p99);
    this.find('.total').textContent = number(total);
    this.graph(this.meter.history());
  }

  private graph(history: number[]): void {
    const canvas = this.root.querySelector('canvas')!;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (width === 0) return;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = canvas.getContext('2d')!;
    context.clearRect(0, 0, width, height);
    const bar = width / history.length;
    const most = Math.max(8, ...history);
    context.fillStyle = 'rgba(255, 196, 107, 0.85)';
    history.forEach((calls, index) => {
      // Roots, so that single keystrokes stay visible beside a burst.
      const tall = Math.max(calls > 0 ? ratio : 0, Math.sqrt(calls / most) * height);
      context.fillRect(index * bar, height - tall, Math.max(1, bar - ratio), tall);
    });
  }

  /** As many calls as the road carries for three seconds: nearest and search, at random places. */
  private async burst(button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    const end = performance.now() + BURST_MS;
    let calls = 0;
    const worker = async () => {
      while (performance.now() < end) {
        if (calls++ % 4 === 0) {
          await this.atlas.search(String.fromCharCode(97 + Math.floor(Math.random() * 26)) + 'a', 4);
        } else {
          await this.atlas.nearest(Math.random() * 180 - 90, Math.random() * 360 - 180, 1);
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: BURST_IN_FLIGHT }, worker));
    } catch (error) {
      this.failed(`The burst was cut short. ${failure(error)}`);
    }
    button.disabled = false;
  }

  private find(selector: string): HTMLElement {
    return this.root.querySelector<HTMLElement>(selector)!;
  }
}
