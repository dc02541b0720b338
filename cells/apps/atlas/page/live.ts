// Owns the live line: connection, calls a second with a little graph of the last minute, p50 and
// p99, and the button of the burst. What it shows was measured in the worker.

import type { Reading } from './meter.ts';
import { failure, latency, number } from './wording.ts';

export type LinkState = 'connecting' | 'connected' | 'lost';

export class LiveLine {
  private readonly root: HTMLElement;

  constructor(root: HTMLElement, burst: () => Promise<void>, failed: (text: string) => void) {
    this.root = root;
    const button = root.querySelector<HTMLButtonElement>('.burst')!;
    button.addEventListener('click', () => {
      button.disabled = true;
      burst()
        .catch((error) => failed(`The burst was cut short. ${failure(error)}`))
        .finally(() => {
          button.disabled = false;
        });
    });
  }

  /** Shows the state of the connection. */
  link(state: LinkState, words: string): void {
    this.root.dataset.link = state;
    this.write('.link-text', words);
  }

  /** `history`: calls in each of the last seconds, oldest first. */
  show({ perSecond, p50, p99, total }: Reading, history: number[]): void {
    this.write('.rate', number(perSecond));
    this.write('.p50', latency(p50));
    this.write('.p99', latency(p99));
    this.write('.total', number(total));
    this.graph(history);
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
      // Logarithms, so that single keystrokes stay visible beside a burst.
      const tall = Math.max(
        calls > 0 ? 2 * ratio : 0,
        (Math.log1p(calls) / Math.log1p(most)) * height,
      );
      context.fillRect(index * bar, height - tall, Math.max(1, bar - ratio), tall);
    });
  }

  private write(selector: string, text: string): void {
    const element = this.root.querySelector<HTMLElement>(selector)!;
    if (element.textContent !== text) element.textContent = text;
  }
}
