// Owns the thread of one SqliteFile: it does what it is told, one thing after the other, and sleeps
// on a word of shared memory between. It ends when it is told to close.
//
//   words  0 ASKED: number of the request, written by the lane
//          1 DONE: of the last that is done
//          2 WHAT: COMMIT, LOAD, CLOSE, LIST
//          3 SIZE: bytes of the batch, -1 = it comes by the port; for LOAD the field
//          4 ANSWER: 0 = null, 1 = by the port
//   bytes from HEAD on: the batch, when it fits
//
// Two words and a copy instead of a message each way: a commit of 64 small writes takes as long as
// one message does (measured: 110 us).
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { SqliteFile, type SqliteOptions } from './sqlite-file.ts';

export const ASKED = 0;
export const DONE = 1;
export const WHAT = 2;
export const SIZE = 3;
export const ANSWER = 4;
/** Bytes of the words. */
export const HEAD = 64;
/** Room for a batch; a larger one is posted. */
export const DESK_BYTES = 1 << 20;

export const COMMIT = 0;
export const LOAD = 1;
export const CLOSE = 2;
export const LIST = 3;

export interface StoreThread {
  options: SqliteOptions;
  desk: SharedArrayBuffer;
  port: MessagePort;
}

function serve({ options, desk, port }: StoreThread): void {
  const words = new Int32Array(desk, 0, HEAD / 4);
  const bytes = new Uint8Array(desk, HEAD);
  const file = new SqliteFile(options);
  const batch = (size: number): Uint8Array =>
    size >= 0 ? bytes.slice(0, size) : (receiveMessageOnPort(port)?.message as Uint8Array);
  for (let done = 0; ; ) {
    Atomics.wait(words, ASKED, done);
    const what = words[WHAT];
    if (what === CLOSE) break;
    const answer =
      what === LOAD
        ? file.load(words[SIZE])
        : what === LIST
          ? file.list()
          : file.commit(batch(words[SIZE]));
    if (answer !== null) port.postMessage(answer);
    words[ANSWER] = answer === null ? 0 : 1;
    Atomics.store(words, DONE, ++done);
    Atomics.notify(words, DONE);
  }
  file.close();
  port.close();
}

if (workerData?.desk instanceof SharedArrayBuffer) serve(workerData as StoreThread);
