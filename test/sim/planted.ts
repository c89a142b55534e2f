import { type CleanerBug, type JournalBug, NO_LOG_BUGS } from '../../broker/core/log/planted-bugs.ts';
import type { PlantedBug as ShareBug } from '../../broker/core/share/planted-bugs.ts';
import type { Disk, DiskDone, DiskFile } from '../../broker/ports/disk.ts';
import type { SimulationOptions } from './simulation.ts';

/** A bug that a test puts into the node or under it, and what the checkers have to say of it. */
export interface Planted {
  readonly name: string;
  readonly options: SimulationOptions;
  /** At least one finding has to match. */
  readonly finding: RegExp;
  /** It is found within so many seeds from `fromSeed` on (a seed that is near a find, to save time). */
  readonly withinSeeds: number;
  readonly fromSeed: number;
}

/** What becomes of a sync that the node asks for. */
type SyncFate = 'lost' | 'answered-early';

const CLIENT_LOG = /\/topic-\d+-\d+\/\d+\.log$/;
const OFFSETS_LOG = /\/__consumer_offsets-\d+\/\d+\.log$/;
const SHARE_STATE_LOG = /\/__share_group_state-\d+\/\d+\.log$/;
const JOURNAL = /\/logs\.journal$/;
const METADATA_LOG = /\/__cluster_metadata-0\//;
const ANY_DIRECTORY = /^\/data(\/topic-\d+-\d+)?$/;

/** Everything that is planted, each with what has to be found. */
export const PLANTED: readonly Planted[] = [
  disk('syncs of records are lost', [CLIENT_LOG, 'lost'], /^L1/, 60),
  disk('syncs of records are answered before they are issued', [CLIENT_LOG, 'answered-early'], /^L1/, 100, 65),
  disk('syncs of group offsets are lost', [OFFSETS_LOG, 'lost'], /^C1/, 60),
  disk('syncs of share state are lost', [SHARE_STATE_LOG, 'lost'], /^S3/, 60, 60),
  disk('syncs of the metadata are lost', [METADATA_LOG, 'lost'], /^M1|^L0|ended by itself/, 60),
  disk('syncs of directories are lost', [ANY_DIRECTORY, 'lost'], /^L1|damaged/, 60),
  disk('syncs of the journal are lost', [JOURNAL, 'lost'], /^[LCS]\d|damaged/, 60),
  journal('reused-early', /^[LCS]\d|damaged/, 100),
  journal('answers-early', /^[LCS]\d|damaged/, 100, 200),
  journal('not-replayed', /^[LCS]\d|damaged/, 60),
  cleaner('swap-unsynced', /^L1|damaged|bad bytes/, 100),
  share('owner-unchecked', /^S[138]/, 150, 72),
  share('answer-before-commit', /^S3/, 100, 31),
  share('count-stands-still', /^S2/, 60),
  share('no-delivery-limit', /^S2/, 150, 80),
  share('gap-skipped', /^S6/, 100, 23),
  share('lock-never-ends', /^S8|^L0|time stands still/, 60),
];

function journal(bug: JournalBug, finding: RegExp, withinSeeds: number, fromSeed = 1): Planted {
  const options = { logBugs: { ...NO_LOG_BUGS, journal: bug } };
  return { name: `journal: ${bug}`, options, finding, withinSeeds, fromSeed };
}

function cleaner(bug: CleanerBug, finding: RegExp, withinSeeds: number, fromSeed = 1): Planted {
  return { name: `cleaner: ${bug}`, options: { cleanerBugs: new Set([bug]) }, finding, withinSeeds, fromSeed };
}

function share(bug: ShareBug, finding: RegExp, withinSeeds: number, fromSeed = 1): Planted {
  return { name: `share groups: ${bug}`, options: { shareBugs: new Set([bug]) }, finding, withinSeeds, fromSeed };
}

function disk(
  name: string,
  [paths, fate]: readonly [RegExp, SyncFate],
  finding: RegExp,
  withinSeeds: number,
  fromSeed = 1,
): Planted {
  const wrapDisk = (real: Disk): Disk => spoilSyncs(real, (path) => (paths.test(path) ? fate : null));
  return { name: `disk: ${name}`, options: { wrapDisk }, finding, withinSeeds, fromSeed };
}

/** A disk that does not do what it says where `fateOf` the path says so. */
export function spoilSyncs(real: Disk, fateOf: (path: string) => SyncFate | null): Disk {
  const sync = (path: string, issue: (done: DiskDone<void>) => void, done: DiskDone<void>): void => {
    const fate = fateOf(path);
    if (fate === null) {
      issue(done);
      return;
    }
    // Some operation that takes its time: completions never come within the call.
    real.space(path, () => done(null, undefined));
    if (fate === 'answered-early') issue(() => undefined);
  };
  return {
    open: (path, options, done) => {
      real.open(path, options, (failure, file) => done(failure, file === undefined ? undefined : spoil(file)));
    },
    readFile: (path, sizeMax, done) => real.readFile(path, sizeMax, done),
    fileSize: (path, done) => real.fileSize(path, done),
    list: (path, done) => real.list(path, done),
    makeDirectory: (path, done) => real.makeDirectory(path, done),
    rename: (from, to, done) => real.rename(from, to, done),
    remove: (path, done) => real.remove(path, done),
    syncDirectory: (path, done) => sync(path, (issued) => real.syncDirectory(path, issued), done),
    space: (path, done) => real.space(path, done),
  };

  function spoil(file: DiskFile): DiskFile {
    return {
      path: file.path,
      write: (position, chunks, done) => file.write(position, chunks, done),
      read: (position, length, done) => file.read(position, length, done),
      sync: (done) => sync(file.path, (issued) => file.sync(issued), done),
      truncate: (size, done) => file.truncate(size, done),
      size: (done) => file.size(done),
      close: (done) => file.close(done),
    };
  }
}
