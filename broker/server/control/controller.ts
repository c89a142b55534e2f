import { assert } from '../../core/base/assert.ts';
import type { Settings } from '../../core/config/settings.ts';
import type { MetadataCommand, MetadataOutcome } from '../../core/metadata/commands.ts';
import { decide, topicIdCount } from '../../core/metadata/decide.ts';
import { MetadataImage } from '../../core/metadata/image.ts';
import { decodeRecords, encodeRecords, type MetadataRecord } from '../../core/metadata/records.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { LogEntry } from './frames.ts';
import type { ReplicatedLog } from './replicated-log.ts';
import type { Snapshot } from './snapshot-file.ts';

/** Commands that may wait for their commit at a time; more are refused. */
const WAITING_MAX = 10_000;
/** Bytes that may wait for their commit at a time; commands that come then are refused. */
const UNCOMMITTED_BYTES_MAX = 64 * 1024 * 1024;
/** Largest encoded batch; a command that needs more is refused before anything is changed. */
const BATCH_BYTES_MAX = 16 * 1024 * 1024;

/** What the controller works with. */
export interface ControllerDeps {
  readonly nodeId: number;
  readonly log: ReplicatedLog;
  /** The node's settings; the controller keeps their dynamic part up to date. */
  readonly settings: Settings;
  /** A fresh random topic id. */
  readonly newTopicId: () => string;
  /** Gets every committed batch, in order and before the outcomes that depend on it. */
  readonly onBatch: (entry: LogEntry) => void;
}

interface Waiting {
  readonly index: number;
  readonly outcome: MetadataOutcome;
  readonly done: (outcome: MetadataOutcome) => void;
}

/**
 * The active controller: decides commands one after the other on a state that includes what is not committed yet,
 * appends each decision as one atomic batch, and answers once everything that the decision has seen is committed.
 * Nothing is rolled back: when the log fails, the state is dropped with the process.
 */
export class Controller {
  readonly #deps: ControllerDeps;
  readonly #image: MetadataImage;
  /** In the order of their index. */
  #waiting: Waiting[] = [];

  /** `snapshot` and `entries` are what the log was recovered to. Throws `UnknownMetadataError` for records of a newer release. */
  constructor(
    deps: ControllerDeps,
    recovered: { readonly snapshot: Snapshot | null; readonly entries: readonly LogEntry[] },
  ) {
    this.#deps = deps;
    this.#image = new MetadataImage();
    this.#image.controllerId = deps.nodeId;
    if (recovered.snapshot !== null)
      this.#image.restore(decodeRecords(recovered.snapshot.payload), recovered.snapshot.offset);
    for (const entry of recovered.entries) this.#image.apply(decodeRecords(entry.payload), entry.baseOffset);
    this.#refreshSettings();
    deps.log.onCommit((entries) => this.#committed(entries));
  }

  /** The cluster's id, '' before it is formed. */
  get clusterId(): string {
    return this.#image.clusterId;
  }

  /** The state as one batch of records, with the offset up to which it goes. Only when nothing waits for its commit. */
  capture(): { readonly payload: Uint8Array; readonly offset: number } {
    assert(this.#deps.log.lastIndex === this.#deps.log.committedIndex, 'what others are told is committed');
    return { payload: encodeRecords([...this.#image.snapshot()]), offset: this.#image.offset };
  }

  /** Decides a command; `done` is called once, when all that the outcome depends on is committed. */
  submit(command: MetadataCommand, done: (outcome: MetadataOutcome) => void): void {
    const { log, settings } = this.#deps;
    if (this.#waiting.length >= WAITING_MAX || log.uncommittedBytes > UNCOMMITTED_BYTES_MAX) {
      done(failed(ErrorCode.THROTTLING_QUOTA_EXCEEDED, 'too many metadata changes wait to be durable'));
      return;
    }
    const topicIds: string[] = [];
    for (let count = topicIdCount(command); count > 0; count -= 1) topicIds.push(this.#deps.newTopicId());
    // The only controller that there is, and every broker that registers is its own next incarnation.
    const members = { isAlive: () => false, isVoter: (id: number) => id === this.#deps.nodeId };
    const { records, outcome } = decide({ image: this.#image, settings, topicIds, members }, command);
    if (records.length > 0) {
      const payload = encodeRecords(records);
      if (payload.length > BATCH_BYTES_MAX) {
        done(failed(ErrorCode.POLICY_VIOLATION, 'the change is too large for one batch of metadata; split it'));
        return;
      }
      this.#append(records, payload);
    }
    if (log.lastIndex === log.committedIndex) done(outcome);
    else this.#waiting.push({ index: log.lastIndex, outcome, done });
  }

  #append(records: readonly MetadataRecord[], payload: Uint8Array): void {
    const { log, settings } = this.#deps;
    const baseOffset = this.#image.offset + 1;
    const delta = this.#image.apply(records, baseOffset);
    if (delta.configsChanged.some(({ scope }) => scope === 'broker' || scope === 'cluster')) this.#refreshSettings();
    log.append({ baseOffset, recordCount: records.length, payload });
    if (log.bytesSinceSnapshot < settings.broker('metadata.log.max.record.bytes.between.snapshots')) return;
    const { offset } = this.#image;
    log.snapshot({ index: log.lastIndex, offset, payload: encodeRecords([...this.#image.snapshot()]) });
  }

  #committed(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#deps.onBatch(entry);
    const { committedIndex } = this.#deps.log;
    let ready = 0;
    while ((this.#waiting[ready]?.index ?? Number.POSITIVE_INFINITY) <= committedIndex) ready += 1;
    for (const { done, outcome } of this.#waiting.splice(0, ready)) done(outcome);
  }

  #refreshSettings(): void {
    const { settings, nodeId } = this.#deps;
    settings.setDynamic(
      this.#image.configOverrides('broker', String(nodeId)),
      this.#image.configOverrides('cluster', ''),
    );
  }
}

function failed(errorCode: number, errorMessage: string): MetadataOutcome {
  return { kind: 'failed', errorCode, errorMessage };
}
