import test from 'ava';
import { KIND_PING, KIND_PUBLISH } from '../../assembly/shared/frame.ts';
import { debugModules } from './modules.ts';
import { Random } from './random.ts';
import { frame, join, World } from './world.ts';

const MALFORMED = 0xffffffff;

function stream(frames: Uint8Array[]) {
  const w = new World({ modules: debugModules });
  const all = join(...frames);
  const at = w.shared.scratchAt(0);
  w.shared.bytes.set(all, at);
  return { w, all, whole: (have: number) => w.kernel.inbox(at, have) >>> 0 };
}

test('every split of a stream gives the whole frames before it', (t) => {
  const random = new Random(1);
  const frames = Array.from({ length: 12 }, () =>
    frame({ payload: random.bytes(random.below(40)) }),
  );
  const { all, whole } = stream(frames);
  const ends = [0];
  for (const one of frames) ends.push(ends[ends.length - 1] + one.length);
  for (let have = 0; have <= all.length; have++) {
    t.is(whole(have), Math.max(...ends.filter((end) => end <= have)), `${have} bytes`);
  }
});

test('a stream is given up as soon as a header is wrong', (t) => {
  for (const bad of [{ kind: 0 }, { kind: KIND_PUBLISH + 1 }, { length: 1 << 20 }]) {
    const { whole } = stream([frame({ kind: KIND_PING }), frame(bad)]);
    t.is(whole(31), 16);
    t.is(whole(32), MALFORMED);
  }
});

test('a frame at the message limit is waited for, one byte more is not', (t) => {
  const { w, whole } = stream([]);
  const most = w.shared.messageBytes - 16;
  w.shared.bytes.set(frame({ length: most }), w.shared.scratchAt(0));
  t.is(whole(16), 0);
  t.is(whole(most + 16), most + 16);
  w.shared.bytes.set(frame({ length: most + 1 }), w.shared.scratchAt(0));
  t.is(whole(16), MALFORMED);
});
