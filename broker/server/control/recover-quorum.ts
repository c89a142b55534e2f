import { encodeRecords } from '../../core/metadata/records.ts';
import type { ReplicaKey } from '../../core/raft/types.ts';
import { readIfExists, replaceFile } from '../logs/disk-tasks.ts';
import { step, type Task } from '../task.ts';
import { endOf, imageOf, type InspectDeps, type InspectedLog } from './inspect-log.ts';
import { writeCheckpoint } from './raft-checkpoint.ts';
import { checkpointName, readRaftFiles } from './raft-files.ts';
import { encodeStateFile, type RaftSlot, STATE_FILE, STATE_FILE_BYTES_MAX } from './raft-state-file.ts';

/**
 * Metadata offsets that are left out, more than could be lost: brokers that have seen what is lost get a snapshot of what is
 * left, and no broker epoch is given twice.
 */
const OFFSET_GAP = 1_000_000_000;

/**
 * Makes `self` the only voter of the log that was inspected, with the metadata at its end (V11): one snapshot in a new term,
 * as if the others had been removed. When it is interrupted it is to be done again. The files from before are kept in the
 * directory that is given back. The log must hold a formed cluster.
 */
export function* recoverQuorum(deps: InspectDeps, log: InspectedLog, self: ReplicaKey): Task<string> {
  const { disk, crc32c, directory } = deps;
  const listing = yield* step<{ readonly name: string }[]>((done) =>
    disk.list(directory, (failure, entries) => done(failure, [...(entries ?? [])])),
  );
  const files = readRaftFiles(listing.map(({ name }) => name));
  const image = imageOf(log);
  const end = endOf(log);
  const term = Math.max(end.term, log.slot?.hardState.term ?? 0) + 1;
  const place = { index: Math.max(end.index, log.slot?.lastIndex ?? 0) + 1, term };
  const kept = `${directory}/before-term-${term}`;
  yield* step<void>((done) => disk.makeDirectory(kept, done));
  const state = yield* readIfExists(disk, `${directory}/${STATE_FILE}`, STATE_FILE_BYTES_MAX);
  if (state !== null) yield* replaceFile(disk, kept, STATE_FILE, state);
  const payload = encodeRecords([...image.snapshot()]);
  yield* writeCheckpoint(deps, { place, voters: [self], offset: image.offset + OFFSET_GAP, payload });
  yield* step<void>((done) => disk.syncDirectory(directory, done));
  const lastFrame = Math.max(log.lastFrame, log.slot?.lastFrame ?? 0) + 1;
  const slot: RaftSlot = {
    round: (log.slot?.round ?? 1) + 1,
    hardState: { term, votedFor: self, damagedUpTo: 0, damagedTerm: 0 },
    firstFrame: lastFrame + 1,
    lastFrame,
    lastFrameCrc: 0,
    lastIndex: place.index,
    isPending: false,
    isLone: true,
    checkpointIndex: place.index,
  };
  yield* replaceFile(disk, directory, STATE_FILE, encodeStateFile(slot, crc32c));
  for (const name of [...files.segments.map((segment) => segment.name), ...files.checkpoints.map(checkpointName)])
    yield* step<void>((done) => disk.rename(`${directory}/${name}`, `${kept}/${name}`, done));
  for (const changed of [kept, directory]) yield* step<void>((done) => disk.syncDirectory(changed, done));
  return kept;
}
