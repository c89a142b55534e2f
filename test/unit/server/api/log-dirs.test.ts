import { describe, expect, test } from '@jest/globals';
import { Settings } from '../../../../broker/core/config/settings.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type { Disk } from '../../../../broker/ports/disk.ts';
import { row } from '../../../../broker/server/api/describe-log-dirs.ts';
import type { LogState, PartitionLog } from '../../../../broker/server/logs/partition-log.ts';
import { ask } from '../../../support/metadata/lab-client.ts';

function services() {
  // The row asks of a log nothing else.
  const log = (topic: string, partition: number, sizeInBytes: number, state: LogState = 'open') =>
    ({ topic, partition, sizeInBytes, state }) as PartitionLog;
  const logs = [log('a', 0, 100), log('a', 1, 50), log('a', 2, 10, 'damaged'), log('b', 0, 5)];
  const partitions = { replicas: () => logs };
  const disk = {
    space: (_path: string, done: (failure: null, space: object) => void) =>
      done(null, { totalBytes: 1000, usableBytes: 600 }),
  } as unknown as Disk;
  return { partitions, settings: new Settings(new Map([['log.dirs', '/data']])), ports: { disk } };
}

describe('DescribeLogDirs', () => {
  const told = (partitionIndex: number, partitionSize: number) => ({
    partitionIndex,
    partitionSize,
    offsetLag: 0,
    isFutureKey: false,
  });

  test('tells of every replica how large it is, whoever leads it, and of damaged ones nothing', () => {
    const [directory] = ask(row, services(), { topics: null }).results;
    expect(directory).toMatchObject({ logDir: '/data', totalBytes: 1000, usableBytes: 600 });
    expect(directory?.topics).toEqual([
      { name: 'a', partitions: [told(0, 100), told(1, 50)] },
      { name: 'b', partitions: [told(0, 5)] },
    ]);
  });

  test('tells of what is asked for', () => {
    const topics = [
      { topic: 'a', partitions: [1, 2, 7] },
      { topic: 'c', partitions: [0] },
    ];
    expect(ask(row, services(), { topics }).results[0]?.topics).toEqual([{ name: 'a', partitions: [told(1, 50)] }]);
  });

  test('says of a directory that does not answer that it does not, and nothing of its room', () => {
    const failure = { code: 'EIO', operation: 'statfs', path: '/data', message: 'EIO' };
    const space: Disk['space'] = (_path, done) => done(failure, undefined);
    const broken = { ...services(), ports: { disk: { space } as unknown as Disk } };
    const [directory] = ask(row, broken, { topics: [] }).results;
    expect(directory).toMatchObject({ errorCode: ErrorCode.KAFKA_STORAGE_ERROR, totalBytes: -1, usableBytes: -1 });
  });
});
