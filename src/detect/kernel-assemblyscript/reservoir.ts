// A tree's sample as a max-heap of weights with an entry of `shift` bytes' power of two each: see ../reservoir.ts.

function weightAt(weights: usize, i: i32): f32 {
  return load<f32>(weights + ((<usize>i) << 2));
}

/** Makes room for the weight among `size` others; returns the place for the entry. */
export function push32(weights: usize, entries: usize, size: i32, weight: f32, entry: u32): void {
  let at = size;
  while (at > 0) {
    const up = (at - 1) >> 1;
    if (weightAt(weights, up) >= weight) break;
    store<f32>(weights + ((<usize>at) << 2), weightAt(weights, up));
    store<u32>(entries + ((<usize>at) << 2), load<u32>(entries + ((<usize>up) << 2)));
    at = up;
  }
  store<f32>(weights + ((<usize>at) << 2), weight);
  store<u32>(entries + ((<usize>at) << 2), entry);
}

/** Puts the entry in place of the heaviest. */
export function replace32(weights: usize, entries: usize, size: i32, weight: f32, entry: u32): void {
  let at = 0;
  while (true) {
    let child = 2 * at + 1;
    if (child >= size) break;
    // A child beyond the end reads the padding, which is 0 and never heavier.
    child += select<i32>(1, 0, weightAt(weights, child + 1) > weightAt(weights, child) && child + 1 < size);
    if (weightAt(weights, child) <= weight) break;
    store<f32>(weights + ((<usize>at) << 2), weightAt(weights, child));
    store<u32>(entries + ((<usize>at) << 2), load<u32>(entries + ((<usize>child) << 2)));
    at = child;
  }
  store<f32>(weights + ((<usize>at) << 2), weight);
  store<u32>(entries + ((<usize>at) << 2), entry);
}

export function push16(weights: usize, entries: usize, size: i32, weight: f32, entry: u32): void {
  let at = size;
  while (at > 0) {
    const up = (at - 1) >> 1;
    if (weightAt(weights, up) >= weight) break;
    store<f32>(weights + ((<usize>at) << 2), weightAt(weights, up));
    store<u16>(entries + ((<usize>at) << 1), load<u16>(entries + ((<usize>up) << 1)));
    at = up;
  }
  store<f32>(weights + ((<usize>at) << 2), weight);
  store<u16>(entries + ((<usize>at) << 1), <u16>entry);
}

export function replace16(weights: usize, entries: usize, size: i32, weight: f32, entry: u32): void {
  let at = 0;
  while (true) {
    let child = 2 * at + 1;
    if (child >= size) break;
    child += select<i32>(1, 0, weightAt(weights, child + 1) > weightAt(weights, child) && child + 1 < size);
    if (weightAt(weights, child) <= weight) break;
    store<f32>(weights + ((<usize>at) << 2), weightAt(weights, child));
    store<u16>(entries + ((<usize>at) << 1), load<u16>(entries + ((<usize>child) << 1)));
    at = child;
  }
  store<f32>(weights + ((<usize>at) << 2), weight);
  store<u16>(entries + ((<usize>at) << 1), <u16>entry);
}
