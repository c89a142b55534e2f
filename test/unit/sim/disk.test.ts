import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { createPrng } from '../../../broker/core/base/prng.ts';
import type { DiskDone, DiskFailure, DiskFile } from '../../../broker/ports/disk.ts';
import { SimDisk } from '../../sim/disk.ts';
import { VirtualTime } from '../../support/logs/virtual-time.ts';

const SEEDS = 60;

class Bench {
  readonly time = new VirtualTime();
  readonly disk: SimDisk;

  constructor(seed = 1, capacityBytes?: number) {
    const { schedule } = this.time;
    const limits = capacityBytes === undefined ? {} : { capacityBytes };
    this.disk = new SimDisk({ schedule, prng: createPrng(seed), ...limits });
  }

  do<T>(start: (done: DiskDone<T>) => void): T {
    const { failure, value } = this.try(start);
    if (failure !== null) throw new Error(failure.code);
    return value as T;
  }

  try<T>(start: (done: DiskDone<T>) => void): { failure: DiskFailure | null; value: T | undefined } {
    let outcome: { failure: DiskFailure | null; value: T | undefined } | null = null;
    start((failure, value) => {
      outcome = { failure, value };
    });
    this.time.settle();
    if (outcome === null) throw new Error('it did not end');
    return outcome;
  }

  file(path: string): DiskFile {
    return this.do((done) => this.disk.open(path, { create: true }, done));
  }

  write(file: DiskFile, position: number, text: string): void {
    this.do<void>((done) => file.write(position, [Buffer.from(text)], done));
  }

  powerLoss(): void {
    this.time.forgetAll();
    this.disk.crash({ keepPageCache: false });
  }
}

/** What a file holds after power loss, over many seeds; null when it is gone. */
function outcomes(prepare: (bench: Bench) => void, path: string): Set<string | null> {
  const seen = new Set<string | null>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const bench = new Bench(seed);
    prepare(bench);
    bench.powerLoss();
    seen.add(bench.disk.peek(path)?.toString() ?? null);
  }
  return seen;
}

describe('power loss on the simulated disk', () => {
  test('keeps what was synced, file and directory', () => {
    const seen = outcomes((bench) => {
      const file = bench.file('/f');
      bench.write(file, 0, 'kept');
      bench.do<void>((done) => file.sync(done));
      bench.do<void>((done) => bench.disk.syncDirectory('/', done));
    }, '/f');
    expect(seen).toEqual(new Set(['kept']));
  });

  test('may lose a file whose directory was not synced, however often the file was', () => {
    const seen = outcomes((bench) => {
      const file = bench.file('/f');
      bench.write(file, 0, 'lost');
      bench.do<void>((done) => file.sync(done));
    }, '/f');
    expect(seen).toContain(null);
    expect(seen).toContain('lost');
  });

  test('may keep any part of what was not synced, but no other bytes', () => {
    const seen = outcomes((bench) => {
      const file = bench.file('/f');
      bench.write(file, 0, 'sync');
      bench.do<void>((done) => file.sync(done));
      bench.do<void>((done) => bench.disk.syncDirectory('/', done));
      bench.write(file, 4, 'a'.repeat(600));
      bench.write(file, 604, 'b'.repeat(600));
    }, '/f');
    expect(seen.size).toBeGreaterThan(4);
    for (const text of seen) expect(text).toMatch(/^sync[a\0]*[b\0]*$/);
    // A later write may survive an earlier one.
    expect([...seen].some((text) => /\0+b/.test(text ?? ''))).toBe(true);
  });

  test('does not keep a write that completed after the sync was issued on account of that sync', () => {
    let lost = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const bench = new Bench(seed);
      const file = bench.file('/f');
      bench.do<void>((done) => bench.disk.syncDirectory('/', done));
      const order: string[] = [];
      file.write(0, [Buffer.from('late')], () => order.push('write'));
      file.sync(() => order.push('sync'));
      bench.time.settle();
      bench.powerLoss();
      if (bench.disk.peek('/f')?.toString() !== 'late') lost += 1;
    }
    expect(lost).toBeGreaterThan(0);
  });

  test('leaves the old or the new file after a rename that was not synced, and the new one after the sync', () => {
    const replace = (bench: Bench): void => {
      for (const [path, text] of [
        ['/f', 'old'],
        ['/g', 'new'],
      ] as const) {
        const file = bench.file(path);
        bench.write(file, 0, text);
        bench.do<void>((done) => file.sync(done));
      }
      bench.do<void>((done) => bench.disk.syncDirectory('/', done));
      bench.do<void>((done) => bench.disk.rename('/g', '/f', done));
    };
    expect(outcomes(replace, '/f')).toEqual(new Set(['old', 'new']));
    const synced = (bench: Bench): void => {
      replace(bench);
      bench.do<void>((done) => bench.disk.syncDirectory('/', done));
    };
    expect(outcomes(synced, '/f')).toEqual(new Set(['new']));
  });

  test('may bring back a file that was removed, and the end that was cut off', () => {
    const made = (bench: Bench): DiskFile => {
      const file = bench.file('/f');
      bench.write(file, 0, 'whole');
      bench.do<void>((done) => file.sync(done));
      bench.do<void>((done) => bench.disk.syncDirectory('/', done));
      return file;
    };
    const removed = outcomes((bench) => {
      made(bench);
      bench.do<void>((done) => bench.disk.remove('/f', done));
    }, '/f');
    expect(removed).toEqual(new Set(['whole', null]));
    const cut = outcomes((bench) => {
      const file = made(bench);
      bench.do<void>((done) => file.truncate(2, done));
    }, '/f');
    expect(cut).toEqual(new Set(['whole', 'wh']));
  });

  test('ends every operation that was under way, and every open file', () => {
    const bench = new Bench();
    const file = bench.file('/f');
    let completed = 0;
    file.write(0, [Buffer.from('x')], () => {
      completed += 1;
    });
    bench.disk.crash({ keepPageCache: true });
    file.sync(() => {
      completed += 1;
    });
    bench.time.settle();
    expect(completed).toBe(0);
  });

  test('of the process alone keeps everything that completed', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const bench = new Bench(seed);
      bench.write(bench.file('/f'), 0, 'page cache');
      bench.time.forgetAll();
      bench.disk.crash({ keepPageCache: true });
      expect(bench.disk.peek('/f')?.toString()).toBe('page cache');
    }
  });
});

describe('faults of the simulated disk', () => {
  test('a lost sync reports success and keeps nothing', () => {
    const seen = outcomes((bench) => {
      bench.disk.faults.loseFileSyncs = true;
      const file = bench.file('/f');
      bench.do<void>((done) => bench.disk.syncDirectory('/', done));
      bench.write(file, 0, 'gone');
      bench.do<void>((done) => file.sync(done));
    }, '/f');
    expect(seen).toContain('');
  });

  test('an injected error names code, operation and path', () => {
    const bench = new Bench();
    bench.disk.faults.fail = (operation) => (operation === 'open' ? 'EMFILE' : null);
    const { failure } = bench.try((done) => bench.disk.open('/f', { create: true }, done));
    expect(failure).toMatchObject({ code: 'EMFILE', operation: 'open', path: '/f' });
  });

  test('a full disk writes what fits and says ENOSPC', () => {
    const bench = new Bench(1, 10);
    const file = bench.file('/f');
    bench.write(file, 0, '12345678');
    const { failure } = bench.try<void>((done) => file.write(8, [Buffer.from('abcdef')], done));
    expect(failure?.code).toBe('ENOSPC');
    expect(bench.disk.peek('/f')?.toString()).toBe('12345678ab');
    // Writing over what is there needs no room.
    bench.write(file, 0, 'ABCDEFGHIJ');
  });

  test('bytes that change while they are written are noticed', () => {
    const bench = new Bench();
    const bytes = Buffer.from('before');
    bench.file('/f').write(0, [bytes], () => undefined);
    bytes.write('after!');
    expect(() => {
      bench.time.settle();
    }).toThrow('bytes changed while they were written');
  });

  test('the same seed gives the same disk', () => {
    const run = (): string => {
      const bench = new Bench(9);
      const file = bench.file('/f');
      for (let i = 0; i < 20; i++) bench.write(file, i * 300, String(i).repeat(150));
      bench.powerLoss();
      return `${bench.disk.peek('/f')?.toString('hex')} ${bench.time.monotonicMs()}`;
    };
    expect(run()).toBe(run());
  });
});
