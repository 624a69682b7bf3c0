import { RANDOM } from "./layout";

/** Uniform in the open interval (0, 1) by sfc32; see ../random.ts. */
export function uniform(forest: usize): f64 {
  const a = load<u32>(forest, RANDOM);
  const b = load<u32>(forest, RANDOM + 4);
  const c = load<u32>(forest, RANDOM + 8);
  const counter = load<u32>(forest, RANDOM + 12);
  const t = a + b + counter;
  store<u32>(forest, b ^ (b >> 9), RANDOM);
  store<u32>(forest, c + (c << 3), RANDOM + 4);
  store<u32>(forest, rotl<u32>(c, 21) + t, RANDOM + 8);
  store<u32>(forest, counter + 1, RANDOM + 12);
  return (<f64>t + 0.5) * 2.3283064365386963e-10;
}

/** Natural logarithm as in ../random.ts, bit for bit. */
export function log(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let exponent = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let series: f64 = 1.0 / 19.0;
  series = series * z + 1.0 / 17.0;
  series = series * z + 1.0 / 15.0;
  series = series * z + 1.0 / 13.0;
  series = series * z + 1.0 / 11.0;
  series = series * z + 1.0 / 9.0;
  series = series * z + 1.0 / 7.0;
  series = series * z + 1.0 / 5.0;
  series = series * z + 1.0 / 3.0;
  series = series * z + 1.0;
  return <f64>exponent * Math.LN2 + 2 * s * series;
}

/** Exponential with mean 1. */
export function exponential(forest: usize): f64 {
  return -log(uniform(forest));
}
