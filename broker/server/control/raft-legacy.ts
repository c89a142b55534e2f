import type { Entry, ReplicaKey } from '../../core/raft/types.ts';
import type { DiskFile } from '../../ports/disk.ts';
import { removeIfExists, replaceFile } from '../logs/disk-tasks.ts';
import { step, type Task } from '../task.ts';
import type { Frame } from './frames.ts';
import { writeCheckpoint } from './raft-checkpoint.ts';
import { checkpointName, type RaftFiles, roundsName } from './raft-files.ts';
import { encodeRaftFrame } from './raft-frames.ts';
import type { RaftRecoveryDeps } from './raft-recovery.ts';
import { encodeStateFile, FIRST_ROUND, STATE_FILE } from './raft-state-file.ts';
import { readLegacyLog } from './legacy-log.ts';

/**
 * Makes the metadata log of release 0.1.0 one of Raft, whose only voter is this replica. Its files go when the new ones are
 * all there: the state file comes last, and until then the log counts as it was. Gives the bytes of an unfinished write that
 * were cut. Throws `MetadataDamageError` for a log that was not whole already.
 */
export function* convertLegacyLog(deps: RaftRecoveryDeps, files: RaftFiles): Task<number> {
  const { disk, crc32c, directory, self } = deps;
  const { snapshot, scan } = yield* readLegacyLog(deps);
  // Of a conversion that did not come to its end.
  for (const name of [...files.segments.map((segment) => segment.name), ...files.checkpoints.map(checkpointName)]) {
    yield* removeIfExists(disk, `${directory}/${name}`);
  }
  const term = Math.max(scan.term, snapshot?.term ?? 0);
  const hardState = { term, votedFor: term === 0 ? null : self, damagedUpTo: 0, damagedTerm: 0 };
  const place = { index: snapshot?.index ?? 0, term: snapshot?.term ?? 0 };
  yield* writeCheckpoint(deps, {
    place,
    voters: [self] satisfies readonly ReplicaKey[],
    offset: snapshot?.offset ?? -1,
    payload: snapshot?.payload ?? new Uint8Array(),
  });
  const entries = scan.frames.flatMap(toEntries);
  const frames = [];
  const file = yield* step<DiskFile>((done) => disk.open(`${directory}/${roundsName(1)}`, { create: true }, done));
  yield* step<void>((done) => file.truncate(0, done));
  let position = 0;
  let lastFrameCrc = 0;
  for (const part of scan.frames) {
    const [first] = part.entries;
    if (first === undefined) continue;
    const number = frames.push(part);
    const frame = encodeRaftFrame({ number, hardState, fromIndex: first.index, entries: toEntries(part) }, crc32c);
    const start = position;
    yield* step<void>((done) => file.write(start, frame.chunks, done));
    position += frame.sizeInBytes;
    lastFrameCrc = frame.crc;
  }
  yield* step<void>((done) => file.sync(done));
  file.close(() => undefined);
  yield* step<void>((done) => disk.syncDirectory(directory, done));
  const slot = {
    round: FIRST_ROUND + 1,
    hardState,
    firstFrame: 1,
    lastFrame: frames.length,
    lastFrameCrc,
    lastIndex: entries.at(-1)?.index ?? place.index,
    isPending: false,
    isLone: true,
    checkpointIndex: place.index,
  };
  yield* replaceFile(disk, directory, STATE_FILE, encodeStateFile(slot, crc32c));
  return scan.cutBytes;
}

function toEntries({ term, entries }: Frame): Entry[] {
  return entries.map(({ index, payload }) => ({ index, term, body: { kind: 'batch', payload } }));
}
