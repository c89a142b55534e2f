import type { Settings } from '../../core/config/settings.ts';
import type { MetadataCommand, MetadataOutcome } from '../../core/metadata/commands.ts';
import { decide, type DecisionContext, topicIdCount } from '../../core/metadata/decide.ts';
import type { MetadataImage } from '../../core/metadata/image.ts';
import { decideInternal, type InternalCommand } from '../../core/metadata/internal-commands.ts';
import { MIN_ISR } from '../../core/metadata/min-isr.ts';
import type { MetadataBugs } from '../../core/metadata/planted-bugs.ts';
import { encodeRecords, type MetadataRecord } from '../../core/metadata/records.ts';
import type { MetadataDelta } from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { LogIndex } from '../../core/raft/types.ts';
import type { Log } from '../../ports/log.ts';
import type { RaftHost } from './quorum/raft-host.ts';

/** Commands that may wait for their commit at a time; more are refused. */
const WAITING_MAX = 10_000;
/** Largest encoded batch; a command that needs more is refused before anything is changed. */
const BATCH_BYTES_MAX = 16 * 1024 * 1024;

const FILE_MIN_ISR = 'min.insync.replicas of all brokers is from now on what the settings of this controller say';
const DEFAULT_MIN_ISR =
  'min.insync.replicas of all brokers is the default from now on: the settings of this controller name none';
const NOT_OF_BROKERS =
  'what those of brokers say does not count; kafka-configs --alter --entity-type brokers --entity-default changes it';

/** What the active controller works with. */
export interface ControllerDeps {
  readonly nodeId: number;
  readonly host: RaftHost;
  /** The node's settings; the controller keeps their dynamic part up to date. */
  readonly settings: Settings;
  readonly log: Log;
  /** Who lives and who votes, which no record says. */
  readonly members: DecisionContext['members'];
  /** A fresh random topic id. */
  readonly newTopicId: () => string;
  /** Told of every decision, before it is committed. */
  readonly onDecided: (delta: MetadataDelta) => void;
  /** Its state and the log have come apart: it must be made anew from what is committed. */
  readonly onLost: () => void;
  /** What a test breaks on purpose in decisions. */
  readonly bugs: MetadataBugs;
}

/** Told once what became of a command; null: this node is not, or no longer, the active controller, and it may or may not be done. */
export type SubmitDone = (outcome: MetadataOutcome | null, offset: number) => void;

interface Waiting {
  readonly index: LogIndex;
  readonly offset: number;
  /** null: nobody asked for it. */
  readonly outcome: MetadataOutcome | null;
  readonly done: SubmitDone;
}

/**
 * The active controller in one leadership: decides commands one after the other on a state that includes what is not
 * committed yet, proposes each decision as one atomic batch, and answers once everything that the decision has seen is
 * committed. Nothing is rolled back: when the leadership ends, this state is dropped.
 */
export class Controller {
  readonly #deps: ControllerDeps;
  readonly #image: MetadataImage;
  /** In the order of their index. */
  #waiting: Waiting[] = [];
  /** The last entry that was proposed here. */
  #lastIndex: LogIndex = 0;
  #isOver = false;

  /** `image` is a copy of the committed state, behind which the log has nothing more. */
  constructor(deps: ControllerDeps, image: MetadataImage) {
    this.#deps = deps;
    this.#image = image;
    this.#refreshSettings();
  }

  /** The state with what is not committed yet; not to be changed. */
  get image(): MetadataImage {
    return this.#image;
  }

  /** Decides a command; `done` is called once, when all that the outcome depends on is committed. */
  submit(command: MetadataCommand, done: SubmitDone): void {
    if (!this.#isDeciding) {
      done(null, -1);
      return;
    }
    if (this.#isFull) {
      done(failed(ErrorCode.THROTTLING_QUOTA_EXCEEDED, 'too many metadata changes wait to be durable'), -1);
      return;
    }
    const topicIds: string[] = [];
    for (let count = topicIdCount(command); count > 0; count -= 1) topicIds.push(this.#deps.newTopicId());
    const { records, outcome } = decide({ ...this.#context, topicIds }, command);
    if (records.length === 0) this.#answerRead(outcome, done);
    else this.#propose(records, outcome, done);
  }

  /**
   * Carries out what this controller itself finds to be done, unless it can't now: then it is asked for again. Whether anything
   * is changed.
   */
  carryOut(command: InternalCommand): boolean {
    if (!this.#isDeciding || this.#isFull) return false;
    const records = decideInternal({ ...this.#context, topicIds: [] }, command);
    if (records.length > 0) this.#propose(records, null, () => undefined);
    return records.length > 0;
  }

  /** While the leadership is handed over nothing is appended; the next controller decides. */
  get #isDeciding(): boolean {
    const { leadership } = this.#deps.host.state;
    return !this.#isOver && leadership !== null && leadership.transfer === null;
  }

  get #isFull(): boolean {
    const { leadership, options } = this.#deps.host.state;
    return this.#waiting.length >= WAITING_MAX || (leadership?.uncommittedBytes ?? 0) > options.uncommittedBytesMax;
  }

  get #context(): Omit<DecisionContext, 'topicIds'> {
    const { settings, members, bugs } = this.#deps;
    return { image: this.#image, settings, members, bugs };
  }

  #propose(records: readonly MetadataRecord[], outcome: MetadataOutcome | null, done: SubmitDone): void {
    const payload = encodeRecords(records);
    if (payload.length > BATCH_BYTES_MAX) {
      done(failed(ErrorCode.POLICY_VIOLATION, 'the change is too large for one batch of metadata; split it'), -1);
      return;
    }
    const hadMinIsr = this.#hasMinIsr;
    const delta = this.#image.apply(records, this.#image.offset + 1);
    if (delta.configsChanged.some(({ scope }) => scope === 'broker' || scope === 'cluster')) this.#refreshSettings();
    if (!hadMinIsr && this.#hasMinIsr && outcome?.kind !== 'alterConfigs') this.#tellMinIsr();
    this.#deps.onDecided(delta);
    const { offset } = this.#image;
    this.#deps.host.ask({ kind: 'propose', payload }, (result) => {
      if (this.#isOver) done(null, -1);
      else if (result.kind === 'proposed') this.#await(result.place.index, { offset, outcome, done });
      else {
        // What was applied here is in no log.
        this.end();
        done(null, -1);
        this.#deps.onLost();
      }
    });
  }

  /** Everything up to an index is committed. */
  committed(index: LogIndex): void {
    let ready = 0;
    while ((this.#waiting[ready]?.index ?? Number.POSITIVE_INFINITY) <= index) ready += 1;
    for (const { done, outcome, offset } of this.#waiting.splice(0, ready)) done(outcome, offset);
  }

  /** The leadership is over: nobody is told that anything was done. */
  end(): void {
    this.#isOver = true;
    for (const { done } of this.#waiting.splice(0)) done(null, -1);
  }

  /** What was decided without a change has to be true still: this node leads, and all that was seen is committed. */
  #answerRead(outcome: MetadataOutcome, done: SubmitDone): void {
    const { offset } = this.#image;
    this.#deps.host.ask({ kind: 'read' }, (result) => {
      if (this.#isOver || result.kind !== 'readable') done(null, -1);
      else this.#await(this.#lastIndex, { offset, outcome, done });
    });
  }

  #await(index: LogIndex, rest: Omit<Waiting, 'index'>): void {
    this.#lastIndex = index;
    if (index <= this.#deps.host.appliedIndex) rest.done(rest.outcome, rest.offset);
    else this.#waiting.push({ index, ...rest });
  }

  get #hasMinIsr(): boolean {
    return this.#image.configOverrides('cluster', '').has(MIN_ISR);
  }

  /** Nobody asked for the value, which stays (I14): files of brokers may say another one. */
  #tellMinIsr(): void {
    const { settings, log } = this.#deps;
    const value = settings.broker(MIN_ISR);
    if (settings.fixed.has(MIN_ISR)) log.info({ value }, FILE_MIN_ISR);
    else if (settings.broker('process.roles').includes('broker')) log.info({ value }, DEFAULT_MIN_ISR);
    // Whoever leaves it out here may well have it in the files of brokers.
    else log.warn({ value }, `${DEFAULT_MIN_ISR}; ${NOT_OF_BROKERS}`);
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
