import { describe, expect, it } from '@jest/globals';
import type { Compression } from '../../broker/ports/compression.ts';
import { guarded } from './guard.ts';
import { planWorld } from './plan.ts';
import { type Outcome, Simulation, type SimulationOptions } from './simulation.ts';

/** Worlds of the ordinary plan, and within how many of them a planted bug is found. */
const SEEDS = 10;
const FOUND_WITHIN = 10;

/** The world of a seed, but that every topic compresses what it is sent. */
function runCompressed(seed: number, options: SimulationOptions = {}): Outcome {
  const plan = planWorld(seed);
  const topics = plan.topics.map((topic, i) => ({
    ...topic,
    config: { ...topic.config, 'compression.type': (seed + i) % 2 === 0 ? 'gzip' : 'zstd' },
  }));
  return guarded(() => new Simulation(seed, { ...plan, topics }, options).run());
}

/** A planted bug: of two results that come close together each is taken for the other's. */
function swapped(real: Compression): Compression {
  let held: { readonly bytes: Uint8Array; readonly done: (bytes: Uint8Array) => void } | null = null;
  let count = 0;
  return {
    decompress: real.decompress,
    compress: (codec, bytes, done, level) => {
      count += 1;
      // Only now and then, so that most of the world goes on.
      if (count % 20 > 1) {
        real.compress(codec, bytes, done, level);
        return;
      }
      real.compress(
        codec,
        bytes,
        (result) => {
          if (held === null) {
            held = { bytes: result, done };
            return;
          }
          const other = held;
          held = null;
          other.done(result);
          done(other.bytes);
        },
        level,
      );
    },
  };
}

describe('a node that compresses what it is sent', () => {
  it(`keeps its promises in the worlds of seeds 1 to ${SEEDS}`, () => {
    const problems: string[] = [];
    let compressed = 0;
    const wrapCompression = (real: Compression): Compression => ({
      decompress: real.decompress,
      compress: (...args) => {
        compressed += 1;
        real.compress(...args);
      },
    });
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      for (const problem of runCompressed(seed, { wrapCompression }).problems)
        problems.push(`seed ${seed}: ${problem}`);
    }
    expect(problems).toEqual([]);
    expect(compressed).toBeGreaterThan(SEEDS * 10);
  });

  it('is found out when it stores one batch for another', () => {
    let caughtAt = 0;
    for (let seed = 1; seed <= FOUND_WITHIN && caughtAt === 0; seed += 1) {
      const { problems } = runCompressed(seed, { wrapCompression: swapped });
      if (problems.some((problem) => /^L[0-4]/.test(problem))) caughtAt = seed;
    }
    expect(caughtAt).toBeGreaterThan(0);
  });
});
