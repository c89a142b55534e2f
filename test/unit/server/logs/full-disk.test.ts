import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import type { Disk, DiskFile } from '../../../../broker/ports/disk.ts';
import type { PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { LogWorld, spec } from '../../../support/logs/log-world.ts';

/** A disk that says which files are open, and on which a write lasts as long as a test says. */
class WatchedDisk {
  readonly open: string[] = [];
  holdsWrites = false;
  readonly #held: (() => void)[] = [];

  constructor(w: LogWorld) {
    w.diskForServer = new Proxy<Disk>(w.disk, {
      get: (target, name) => {
        if (name === 'open') {
          const open: Disk['open'] = (path, options, done) =>
            target.open(path, options, (failure, file) =>
              done(failure, file === undefined ? undefined : this.#watch(file)),
            );
          return open;
        }
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function'
          ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
          : member;
      },
    });
  }

  get writesUnderWay(): number {
    return this.#held.length;
  }

  letWritesEnd(): void {
    this.holdsWrites = false;
    for (const go of this.#held.splice(0)) go();
  }

  #watch(file: DiskFile): DiskFile {
    this.open.push(file.path);
    return {
      path: file.path,
      write: (position, chunks, done) => {
        const go = (): void => file.write(position, chunks, done);
        if (this.holdsWrites) this.#held.push(go);
        else go();
      },
      read: (position, length, done) => file.read(position, length, done),
      sync: (done) => file.sync(done),
      truncate: (size, done) => file.truncate(size, done),
      size: (done) => file.size(done),
      close: (done) => {
        const at = this.open.indexOf(file.path);
        if (at < 0) throw new Error(`closed twice: ${file.path}`);
        this.open.splice(at, 1);
        file.close(done);
      },
    };
  }
}

const wanted = spec('full', { syncMode: 'lazy' });

/** A log whose write found the disk full, after or while a sync of the same file. */
function refusedDuringSync(syncEnds: 'before' | 'after'): { w: LogWorld; disk: WatchedDisk; log: PartitionLog } {
  const w = new LogWorld(19);
  const disk = new WatchedDisk(w);
  w.start();
  const log = w.createOne(wanted);
  w.append(log, { values: ['written'] });
  w.time.settle();
  disk.holdsWrites = true;
  w.append(log, { values: ['refused'] });
  expect([log.durableOffset, disk.writesUnderWay]).toEqual([0, 1]);
  w.disk.operationCounts.clear();
  w.opened.manager.checkpoint(() => undefined);
  if (syncEnds === 'before') w.time.settle();
  expect(w.disk.operationCounts.get('sync')).toBeGreaterThanOrEqual(1);
  w.disk.faults.fail = (operation, path) => (operation === 'write' && path.endsWith('.log') ? 'ENOSPC' : null);
  disk.letWritesEnd();
  while (log.state === 'open' && w.time.step());
  expect(log.durableOffset).toBe(syncEnds === 'before' ? 1 : 0);
  w.time.settle();
  w.disk.faults.fail = () => null;
  expect([log.state, log.logEndOffset, log.durableOffset]).toEqual(['read-only', 1, 1]);
  return { w, disk, log };
}

describe.each(['before', 'after'] as const)(
  'a write that finds the disk full, and a sync that ends %s it',
  (syncEnds) => {
    test('leave no file open once the log is deleted', () => {
      const { w, disk } = refusedDuringSync(syncEnds);
      w.opened.manager.delete([wanted], () => undefined);
      w.time.settle();
      expect(disk.open).toEqual([]);
      expect(w.disk.files().map(({ path }) => path)).not.toContainEqual(expect.stringContaining('full-0'));
    });

    test('leave no file open once the log begins anew elsewhere', () => {
      const { w, disk, log } = refusedDuringSync(syncEnds);
      w.opened.manager.resumeWrites();
      w.time.settle();
      expect(log.state).toBe('open');
      w.wait<void>((done) => log.truncateFullyAndStartAt(100, done));
      expect(disk.open.filter((path) => path.endsWith('.log'))).toEqual([]);
      w.append(log, { values: ['after'] });
      w.time.settle();
      expect(w.readAll(log)).toEqual([{ offset: 100, text: 'after' }]);
    });
  },
);

describe('damage that is found when the log is read again after the disk was full', () => {
  const strict = spec('full');
  const path = '/data/full-0/00000000000000000000.log';
  const fullOn = (part: string) => (operation: string, at: string) =>
    operation === 'write' && at.includes(part) ? 'ENOSPC' : null;

  function written(): { w: LogWorld; log: PartitionLog; errors: string[] } {
    const w = new LogWorld(19);
    const errors: string[] = [];
    w.onError = (message) => errors.push(message);
    w.start();
    const log = w.createOne(strict);
    for (const value of ['a', 'b', 'c']) w.append(log, { values: [value] });
    w.time.settle();
    expect(log.durableOffset).toBe(3);
    return { w, log, errors };
  }

  function flip(w: LogWorld): void {
    w.disk.poke(path, 70, Buffer.from([(w.disk.peek(path)?.[70] ?? 0) ^ 1]));
  }

  test('is told and stands in the list of logs', () => {
    const { w, log, errors } = written();
    flip(w);
    w.disk.faults.fail = fullOn('.log');
    w.append(log, { values: ['refused'] });
    w.time.settle();
    w.disk.faults.fail = () => null;
    expect([log.state, log.stateReason]).toEqual(['damaged', expect.stringContaining(path)]);
    expect(errors).toEqual(['the disk is full', expect.stringContaining('a log is damaged')]);
    w.crash({ keepPageCache: false });
    expect(w.opened.damaged).toEqual([{ topic: 'full', partition: 0, reason: expect.stringContaining('earlier') }]);
  });

  test('stands there too when the node was stopping', () => {
    const { w, log, errors } = written();
    w.disk.faults.fail = fullOn('/full-0/');
    w.append(log, { values: ['refused'] });
    w.time.settle();
    w.disk.faults.fail = () => null;
    expect(log.state).toBe('read-only');
    flip(w);
    const before = w.disk.peek(path);
    w.shutdown();
    expect([log.state, errors.at(-1)]).toEqual(['damaged', expect.stringContaining('a log is damaged')]);
    expect(w.disk.peek(path)).toEqual(before);
    w.start();
    expect(w.opened.damaged).toEqual([{ topic: 'full', partition: 0, reason: expect.stringContaining('earlier') }]);
  });
});
