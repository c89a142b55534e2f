import { DISK_STALL_MS } from '../../../core/metadata/sessions.ts';
import type { TimerHandle, Timers } from '../../../ports/clock.ts';
import type { Log } from '../../../ports/log.ts';
import type { ControlBugs } from '../planted-bugs.ts';
import type { RaftHost } from './raft-host.ts';

/** How often the disk is looked at, and, while it hangs, the leadership is offered, ms. */
const LOOK_INTERVAL_MS = 250;

/** What the watch works with. */
export interface StuckLeaderDeps {
  readonly timers: Timers;
  readonly log: Log;
  readonly host: Pick<RaftHost, 'ask' | 'state'>;
  /** Age of the oldest write or sync on this node's disk that has not ended, of logs or of metadata, ms. */
  readonly diskStalledMs: () => number;
  readonly bugs: ControlBugs;
}

/**
 * A leader of the quorum whose own disk hangs, or is full, commits nothing, so that no leader of any partition is elected; and it is heard by
 * all others, so that nobody takes over by himself. So it hands over (F5).
 */
export class StuckLeader {
  readonly #deps: StuckLeaderDeps;
  /** The last write of Raft that was done at the last look, and looks in a row at which that one was the last and another waited. */
  #written = 0;
  #waitedLooks = 0;
  #isTold = false;
  #timer: TimerHandle;

  constructor(deps: StuckLeaderDeps) {
    this.#deps = deps;
    this.#timer = this.#wait();
  }

  /** Looks no more. */
  end(): void {
    this.#timer.cancel();
  }

  #wait(): TimerHandle {
    return this.#deps.timers.after(LOOK_INTERVAL_MS, () => {
      this.#timer = this.#wait();
      this.#look();
    });
  }

  #look(): void {
    const { host, log, diskStalledMs, bugs } = this.#deps;
    const { writeCount, writtenCount } = host.state;
    const isWaiting = writtenCount < writeCount && writtenCount === this.#written;
    this.#written = writtenCount;
    this.#waitedLooks = isWaiting ? this.#waitedLooks + 1 : 0;
    // A full disk refuses, and is asked again: nothing of that takes long. A process that stood still looked at nothing meanwhile.
    const stalledMs = Math.max(diskStalledMs(), this.#waitedLooks * LOOK_INTERVAL_MS);
    const isStuck = stalledMs > DISK_STALL_MS && host.state.leadership !== null && host.state.voters.length > 1;
    if (isStuck && !this.#isTold)
      log.warn(
        { stalledMs },
        'the disk of this controller, which leads the quorum, hangs or is full: another one is to take over',
      );
    this.#isTold = isStuck;
    // One that is under way makes the next one a no-op.
    if (isStuck && !bugs.has('keeps-stuck-leader'))
      host.ask({ kind: 'transfer', to: null, isStuck: true }, () => undefined);
  }
}
