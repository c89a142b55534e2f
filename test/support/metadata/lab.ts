import { brokerId } from '../../../broker/core/base/ids.ts';
import { Settings } from '../../../broker/core/config/settings.ts';
import type {
  MetadataCommand,
  NewTopic,
  OutcomeOf,
  RegisterBrokerCommand,
  RegisterControllerCommand,
} from '../../../broker/core/metadata/commands.ts';
import { decide, type DecisionContext } from '../../../broker/core/metadata/decide.ts';
import { decideInternal, type InternalCommand } from '../../../broker/core/metadata/internal-commands.ts';
import { type MetadataBugs, NO_METADATA_BUGS } from '../../../broker/core/metadata/planted-bugs.ts';
import { weirVersionRange } from '../../../broker/core/metadata/features.ts';
import { MetadataImage } from '../../../broker/core/metadata/image.ts';
import { decodeRecords, encodeRecords, type MetadataRecord } from '../../../broker/core/metadata/records.ts';
import type { MetadataDelta } from '../../../broker/core/metadata/view.ts';
import { NEW_DISK } from './parts.ts';

/** 22 characters of base64url that count up. */
export function sampleId(number: number): string {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(8, number + 1_000_000);
  return Buffer.from(bytes).toString('base64url');
}

/** A topic as most tests want it: defaults, automatic placement. */
export function newTopic(name: string, more: Partial<NewTopic> = {}): NewTopic {
  return { name, partitionCount: 1, replicationFactor: 1, assignments: [], configs: [], ...more };
}

/** The state machine with its log in memory: every batch goes through its encoded form, as in a node. */
export class MetadataLab {
  readonly image = new MetadataImage();
  settings: Settings;
  readonly batches: Uint8Array[] = [];
  readonly deltas: MetadataDelta[] = [];
  /** Told of every delta. */
  onDelta: (delta: MetadataDelta) => void = () => undefined;
  /** Ids of brokers that are known to live, and of controllers that vote. */
  readonly alive = new Set<number>();
  readonly voters = new Set<number>();
  /** Ids of brokers whose disks hang. */
  readonly slow = new Set<number>();
  /** What is broken on purpose in decisions. */
  bugs: MetadataBugs = NO_METADATA_BUGS;
  #nextId = 1;

  constructor(fixed: Readonly<Record<string, string>> = {}) {
    this.settings = new Settings(new Map(Object.entries(fixed)));
  }

  /** A lab with a formed cluster and these brokers in. */
  static withBrokers(ids: readonly number[], fixed: Readonly<Record<string, string>> = {}): MetadataLab {
    const lab = new MetadataLab(fixed);
    lab.run({ kind: 'formatCluster', clusterId: sampleId(0) });
    for (const id of ids) lab.join(id);
    return lab;
  }

  /** A lab with a cluster that an earlier release formed, at `weir.version` 1. */
  static atLevel1(): MetadataLab {
    const lab = new MetadataLab();
    lab.#apply([
      { kind: 'cluster', clusterId: sampleId(0) },
      { kind: 'feature', name: 'weir.version', level: 1 },
    ]);
    return lab;
  }

  /** Decides a command and applies what it gives. */
  run<C extends MetadataCommand>(command: C): OutcomeOf<C> {
    const { records, outcome } = decide(this.#context(), command);
    if (records.length > 0) this.#apply(records);
    return outcome as OutcomeOf<C>;
  }

  /** Carries out what the controller asks of itself. */
  carryOut(command: InternalCommand): void {
    const records = decideInternal(this.#context(), command);
    if (records.length > 0) this.#apply(records);
  }

  #context(): DecisionContext {
    const topicIds = Array.from({ length: 300 }, () => sampleId(this.#nextId++));
    const members = {
      isAlive: (id: number) => this.alive.has(id),
      isVoter: (id: number) => this.voters.has(id),
      isSlow: (id: number) => this.slow.has(id),
    };
    return { image: this.image, settings: this.settings, topicIds, members, bugs: this.bugs };
  }

  /** Registers a broker, in its own directory, and lets it in; gives its epoch. */
  join(id: number, unfence = true): number {
    const registered = this.run(this.registration(id));
    const brokerEpoch = registered.kind === 'registerBroker' ? registered.brokerEpoch : -1;
    if (unfence) this.run({ kind: 'unfenceBroker', brokerId: id, brokerEpoch });
    return brokerEpoch;
  }

  /** The registration of a new incarnation of a broker. */
  registration(id: number, more: Partial<RegisterBrokerCommand> = {}): RegisterBrokerCommand {
    return {
      kind: 'registerBroker',
      brokerId: id,
      incarnationId: sampleId(this.#nextId++),
      directoryId: sampleId(500_000 + id),
      previousBrokerEpoch: -1,
      ...NEW_DISK,
      // Its disk has been in use as lately as it was in.
      lastUnfencedEpoch: this.image.broker(brokerId(id))?.unfencedEpoch ?? -1,
      endpoints: [{ listener: 'PLAINTEXT', host: `host-${id}`, port: 9092 }],
      rack: null,
      ...weirVersionRange(),
      ...more,
    };
  }

  /** The registration of a new incarnation of a controller. */
  controllerRegistration(id: number, more: Partial<RegisterControllerCommand> = {}): RegisterControllerCommand {
    return {
      kind: 'registerController',
      controllerId: id,
      incarnationId: sampleId(this.#nextId++),
      directoryId: sampleId(500_000 + id),
      host: `host-${id}`,
      port: 9093,
      machine: `machine-${id}`,
      ...weirVersionRange(),
      ...more,
    };
  }

  /** Error codes of creating these topics, in the order answered. */
  create(...topics: readonly NewTopic[]): readonly number[] {
    const outcome = this.run({ kind: 'createTopics', topics, validateOnly: false });
    return outcome.kind === 'createTopics' ? outcome.topics.map(({ errorCode }) => errorCode) : [outcome.errorCode];
  }

  /** Error codes of setting these settings of one resource. */
  set(
    scope: 'topic' | 'broker' | 'cluster' | 'group',
    name: string,
    texts: Readonly<Record<string, string | null>>,
  ): number {
    const operations = Object.entries(texts).map(([key, value]) => ({ name: key, operation: 'set' as const, value }));
    const outcome = this.run({ kind: 'alterConfigs', resources: [{ scope, name, operations }], validateOnly: false });
    return outcome.kind === 'alterConfigs' ? (outcome.resources[0]?.errorCode ?? -1) : outcome.errorCode;
  }

  /** A second image that replays the log from its beginning. */
  replayed(): MetadataImage {
    const image = new MetadataImage();
    for (const batch of this.batches) image.apply(decodeRecords(batch), image.offset + 1);
    return image;
  }

  #apply(records: readonly MetadataRecord[]): void {
    const batch = encodeRecords(records);
    this.batches.push(batch);
    const delta = this.image.apply(decodeRecords(batch), this.image.offset + 1);
    this.deltas.push(delta);
    this.onDelta(delta);
    this.settings.setDynamic(this.image.configOverrides('broker', '0'), this.image.configOverrides('cluster', ''));
  }
}
