let last: usize = 0;
export function alloc(n: usize): usize { if (last) heap.free(last); __collect(); last = heap.alloc(n + 1); return last; }
