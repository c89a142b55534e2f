/** A seeded source of randomness: the same seed gives the same sequence on every machine. */
export interface Prng {
  /** An integer in [0, 2^32). */
  uint32(): number;
  /** An integer in [0, bound); 1 ≤ bound ≤ 2^32. */
  below(bound: number): number;
  /** True with the given probability in [0, 1]. */
  chance(probability: number): boolean;
  /** A new buffer of `size` random bytes. */
  bytes(size: number): Uint8Array;
}

/** xoshiro128** seeded through splitmix32; `seed` is any 32-bit integer. */
export function createPrng(seed: number): Prng {
  let mix = seed >>> 0;
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let d = splitmix();
  const uint32 = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const below = (bound: number): number => Math.floor((uint32() / 0x1_0000_0000) * bound);
  return {
    uint32,
    below,
    chance: (probability) => uint32() < probability * 0x1_0000_0000,
    bytes: (size) => Uint8Array.from({ length: size }, () => below(256)),
  };
}
