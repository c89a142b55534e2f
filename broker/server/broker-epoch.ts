import type { Crc32c } from '../core/base/checksum.ts';
import { decodeBrokerEpoch, encodeBrokerEpoch } from '../core/log/broker-epoch.ts';
import { BROKER_EPOCH } from '../core/log/file-names.ts';
import type { Disk } from '../ports/disk.ts';
import { readIfExists, replaceFile } from './logs/disk-tasks.ts';
import type { Task } from './task.ts';

const SIZE_MAX = 4096;

/** Where the file lies. */
export interface EpochPlace {
  readonly disk: Disk;
  readonly crc32c: Crc32c;
  /** The node's one data directory. */
  readonly directory: string;
}

/** The last epoch in which the broker of this disk asked to be let in, −1 when there is none: a copy made earlier names less (D4 c). */
export function* readBrokerEpoch({ disk, crc32c, directory }: EpochPlace): Task<number> {
  const bytes = yield* readIfExists(disk, `${directory}/${BROKER_EPOCH}`, SIZE_MAX);
  return bytes === null ? -1 : decodeBrokerEpoch(bytes, crc32c);
}

/** Keeps the epoch of this incarnation; durable at the end, which comes before it asks to be let in. */
export function* keepBrokerEpoch({ disk, crc32c, directory }: EpochPlace, brokerEpoch: number): Task<void> {
  yield* replaceFile(disk, directory, BROKER_EPOCH, encodeBrokerEpoch(brokerEpoch, crc32c));
}
