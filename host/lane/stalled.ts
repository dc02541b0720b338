// Owns answers that found the out ring full: they are tried again, in order, when the listener has
// made room.
import type { WaitingCall } from '../cell/pool.ts';

interface Answer {
  call: WaitingCall;
  send: () => boolean;
}

export class Stalled {
  private answers: Answer[] = [];

  get any(): boolean {
    return this.answers.length > 0;
  }

  /** Sends an answer, or keeps it until there is room: `send` says false until then. */
  deliver(call: WaitingCall, send: () => boolean): void {
    if (!send()) this.answers.push({ call, send });
  }

  /** Whether an answer to `call` is on its way. */
  has(call: WaitingCall): boolean {
    return this.answers.some((answer) => answer.call === call);
  }

  /** Tries all of them again; true when some have left. */
  resend(): boolean {
    const { answers } = this;
    this.answers = [];
    for (const answer of answers) {
      if (!answer.call.answered && !answer.send()) this.answers.push(answer);
    }
    return this.answers.length < answers.length;
  }
}
