import { unreachable } from '../base/assert.ts';
import type { CoordinatorRecord, CoordinatorShard, Now, Outbox, Ticket } from '../coordinator/shard.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { StateBatch } from './persistence.ts';
import { NO_BUGS, type PlantedBugs } from './planted-bugs.ts';
import { mergeStateBatches } from './state-batches.ts';
import {
  decodeStateRecord,
  keyText,
  type SharePartitionKey,
  type ShareState,
  type ShareStateUpdate,
  snapshotRecord,
  tombstoneRecord,
  updateRecord,
} from './state-records.ts';

/** How often a shard renews cold snapshots and lets the log before the oldest needed one go. */
export const PRUNE_INTERVAL_MS = 300_000;
/** Share-partitions that one shard remembers; more are refused. */
const STATES_MAX = 200_000;
/** Cold snapshots that are renewed at one time, so that a turn stays short. */
const RENEWED_MAX = 500;
/** Pause before the next ones of the same round. */
const RENEW_PAUSE_MS = 1_000;

/** A change that a share-partition's leader wants kept. −1 leaves an epoch unchecked, the start or the count unchanged. */
export interface StateChange {
  readonly stateEpoch: number;
  readonly leaderEpoch: number;
  readonly startOffset: number;
  readonly deliveryCompleteCount: number;
  readonly stateBatches: readonly StateBatch[];
}

/** What the share coordinator is asked. */
export type ShareStateCommand =
  | {
      readonly kind: 'initialize';
      readonly key: SharePartitionKey;
      readonly stateEpoch: number;
      readonly startOffset: number;
    }
  | { readonly kind: 'read'; readonly key: SharePartitionKey; readonly leaderEpoch: number }
  | { readonly kind: 'read-summary'; readonly key: SharePartitionKey }
  | { readonly kind: 'write'; readonly key: SharePartitionKey; readonly change: StateChange }
  | { readonly kind: 'delete'; readonly key: SharePartitionKey };

/** The answer; `state` is set for reads that succeeded. */
export interface ShareStateResponse {
  readonly errorCode: number;
  readonly state: ShareState | null;
}

/** No state at or above `beforeOffset` rests on the log below it: DeleteRecords may take it. */
export interface PruneEffect {
  readonly kind: 'prune';
  readonly beforeOffset: number;
}

type Out = Outbox<ShareStateResponse, PruneEffect>;

/** One share-partition's state with what the log holds of it. */
interface Entry {
  readonly key: SharePartitionKey;
  state: ShareState;
  updateCount: number;
  /** Where its newest snapshot lies in the log. */
  snapshotOffset: number;
}

const OK: ShareStateResponse = { errorCode: ErrorCode.NONE, state: null };

function failed(errorCode: number): ShareStateResponse {
  return { errorCode, state: null };
}

/** The state after an update. The start never regresses; the count follows the start, and never back (PROTOCOL §2.9). */
function applyUpdate(state: ShareState, update: ShareStateUpdate): ShareState {
  const startOffset = Math.max(state.startOffset, update.startOffset);
  let { deliveryCompleteCount } = state;
  if (update.startOffset > state.startOffset) deliveryCompleteCount = update.deliveryCompleteCount;
  else if (update.startOffset === state.startOffset) {
    deliveryCompleteCount = Math.max(deliveryCompleteCount, update.deliveryCompleteCount);
  }
  return {
    ...state,
    leaderEpoch: Math.max(state.leaderEpoch, update.leaderEpoch),
    startOffset,
    deliveryCompleteCount,
    stateBatches: mergeStateBatches(state.stateBatches, update.stateBatches, startOffset),
  };
}

/** One partition of `__share_group_state`: the share coordinator as a coordinator shard. All of its state is durable. */
export class ShareStateShard implements CoordinatorShard<ShareStateCommand, ShareStateResponse, PruneEffect> {
  readonly #entries = new Map<string, Entry>();
  readonly #updatesPerSnapshot: () => number;
  readonly #bugs: PlantedBugs;
  /** Offset after the last replayed record. */
  #endOffset = 0;
  /** Snapshots below it were not renewed since the last round of pruning. */
  #coldBelow = 0;
  #pruneMs = Number.POSITIVE_INFINITY;

  /** `updatesPerSnapshot`: `share.coordinator.snapshot.update.records.per.snapshot`, 0 to 500, read at each write. */
  constructor(updatesPerSnapshot: () => number, bugs: PlantedBugs = NO_BUGS) {
    this.#updatesPerSnapshot = updatesPerSnapshot;
    this.#bugs = bugs;
  }

  /** Applies one record of the log. */
  replay(record: CoordinatorRecord, offset: number): void {
    this.#endOffset = offset + 1;
    const decoded = decodeStateRecord(record);
    if (decoded === null) return;
    const text = keyText(decoded.key);
    switch (decoded.kind) {
      case 'snapshot':
        this.#entries.set(text, { key: decoded.key, state: decoded.state, updateCount: 0, snapshotOffset: offset });
        break;
      case 'update': {
        const entry = this.#entries.get(text);
        if (entry === undefined) return;
        entry.state = applyUpdate(entry.state, decoded.update);
        entry.updateCount += 1;
        break;
      }
      case 'tombstone':
        this.#entries.delete(text);
        break;
      default:
        unreachable(decoded);
    }
  }

  /** Starts the pruning interval. */
  loaded(now: Now): void {
    if (this.#endOffset > 0) this.#pruneMs = now.monotonicMs + PRUNE_INTERVAL_MS;
  }

  /** Carries out one command and answers it. */
  decide(command: ShareStateCommand, ticket: Ticket, now: Now, out: Out): void {
    out.reply(ticket, this.#decide(command, now, out));
    if (this.#endOffset > this.#coldBelow) this.#pruneMs = Math.min(this.#pruneMs, now.monotonicMs + PRUNE_INTERVAL_MS);
  }

  /** When pruning is due, in monotonic ms. */
  nextDeadlineMs(): number {
    return this.#pruneMs;
  }

  /** Renews the snapshots that hold the log back and lets go what lies before the oldest. */
  onTime(now: Now, out: Out): void {
    if (now.monotonicMs < this.#pruneMs) return;
    let renewed = 0;
    for (const entry of this.#entries.values()) {
      if (renewed === RENEWED_MAX) break;
      if (entry.snapshotOffset >= this.#coldBelow) continue;
      out.append(snapshotRecord(entry.key, this.#nextSnapshot(entry.state, now)));
      renewed += 1;
    }
    let beforeOffset = this.#endOffset;
    for (const entry of this.#entries.values()) beforeOffset = Math.min(beforeOffset, entry.snapshotOffset);
    out.effect({ kind: 'prune', beforeOffset });
    const complete = renewed < RENEWED_MAX;
    if (complete) this.#coldBelow = this.#endOffset;
    this.#pruneMs = complete ? Number.POSITIVE_INFINITY : now.monotonicMs + RENEW_PAUSE_MS;
  }

  /** One line per share-partition, sorted. */
  describe(): string {
    const lines = [...this.#entries].map(([text, { state, updateCount }]) => {
      const batches = state.stateBatches.map(
        (batch) => ` [${batch.firstOffset},${batch.lastOffset}] ${batch.deliveryState} x${batch.deliveryCount}`,
      );
      const epochs = `state ${state.stateEpoch} leader ${state.leaderEpoch} snapshot ${state.snapshotEpoch}+${updateCount}`;
      return `${text} ${epochs} start ${state.startOffset} complete ${state.deliveryCompleteCount}${batches.join('')}`;
    });
    return lines.sort().join('\n');
  }

  #decide(command: ShareStateCommand, now: Now, out: Out): ShareStateResponse {
    const entry = this.#entries.get(keyText(command.key));
    switch (command.kind) {
      case 'initialize':
        return this.#initialize(entry, command, now, out);
      case 'read':
        return this.#read(entry, command.leaderEpoch, out);
      case 'read-summary':
        return { errorCode: ErrorCode.NONE, state: entry?.state ?? null };
      case 'write':
        return this.#write(entry, command.change, now, out);
      case 'delete':
        if (entry !== undefined) out.append(tombstoneRecord(command.key));
        return OK;
      default:
        return unreachable(command);
    }
  }

  /** Starts a state anew. Repeating the same one changes nothing, so that a retry cannot undo later acknowledgements. */
  #initialize(
    entry: Entry | undefined,
    command: Extract<ShareStateCommand, { kind: 'initialize' }>,
    now: Now,
    out: Out,
  ): ShareStateResponse {
    const { key, stateEpoch, startOffset } = command;
    if (entry !== undefined && stateEpoch < entry.state.stateEpoch) return failed(ErrorCode.FENCED_STATE_EPOCH);
    if (entry !== undefined && stateEpoch === entry.state.stateEpoch) return OK;
    if (entry === undefined && this.#entries.size >= STATES_MAX) return failed(ErrorCode.UNKNOWN_SERVER_ERROR);
    const state: ShareState = {
      snapshotEpoch: entry === undefined ? 0 : entry.state.snapshotEpoch + 1,
      stateEpoch,
      leaderEpoch: entry?.state.leaderEpoch ?? -1,
      startOffset,
      deliveryCompleteCount: startOffset < 0 ? -1 : 0,
      createdMs: entry?.state.createdMs ?? now.wallMs,
      writtenMs: now.wallMs,
      stateBatches: [],
    };
    out.append(snapshotRecord(key, state));
    return OK;
  }

  #read(entry: Entry | undefined, leaderEpoch: number, out: Out): ShareStateResponse {
    if (entry === undefined) return failed(ErrorCode.INVALID_REQUEST);
    if (leaderEpoch !== -1 && leaderEpoch < entry.state.leaderEpoch) return failed(ErrorCode.FENCED_LEADER_EPOCH);
    if (leaderEpoch > entry.state.leaderEpoch) {
      const { snapshotEpoch } = entry.state;
      const bump = { snapshotEpoch, leaderEpoch, startOffset: -1, deliveryCompleteCount: -1, stateBatches: [] };
      out.append(updateRecord(entry.key, bump));
    }
    return { errorCode: ErrorCode.NONE, state: entry.state };
  }

  #write(entry: Entry | undefined, change: StateChange, now: Now, out: Out): ShareStateResponse {
    if (entry === undefined) return failed(ErrorCode.INVALID_REQUEST);
    const { state, key } = entry;
    const isStale = change.leaderEpoch !== -1 && change.leaderEpoch < state.leaderEpoch;
    if (isStale && !this.#bugs.has('stale-leader-accepted')) return failed(ErrorCode.FENCED_LEADER_EPOCH);
    if (change.stateEpoch !== -1 && change.stateEpoch < state.stateEpoch) return failed(ErrorCode.FENCED_STATE_EPOCH);
    const { snapshotEpoch } = state;
    const { leaderEpoch, startOffset, deliveryCompleteCount, stateBatches } = change;
    const update = { snapshotEpoch, leaderEpoch, startOffset, deliveryCompleteCount, stateBatches };
    if (entry.updateCount >= this.#updatesPerSnapshot()) {
      out.append(snapshotRecord(key, this.#nextSnapshot(applyUpdate(state, update), now)));
    } else {
      const merged = mergeStateBatches([], stateBatches, Math.max(startOffset, state.startOffset));
      out.append(updateRecord(key, { ...update, stateBatches: merged }));
    }
    return OK;
  }

  #nextSnapshot(state: ShareState, now: Now): ShareState {
    return { ...state, snapshotEpoch: state.snapshotEpoch + 1, writtenMs: now.wallMs };
  }
}
