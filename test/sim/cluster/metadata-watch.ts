import { brokerId } from '../../../broker/core/base/ids.ts';
import { MetadataImage } from '../../../broker/core/metadata/image.ts';
import { type BrokerRecord, decodeRecords, type MetadataRecord } from '../../../broker/core/metadata/records.ts';
import type { PartitionState } from '../../../broker/core/metadata/topic.ts';
import type { PartitionView } from '../../../broker/core/metadata/view.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import type { ToData } from '../../../broker/server/control/link.ts';

/** How often whole images are compared: at every offset that this divides. */
const WHOLE_EVERY = 16;

/** `min.insync.replicas` of topics with several replicas here. */
const MIN_ISR = 2;

interface Followed {
  readonly topics: readonly string[];
  readonly hear: (
    where: { readonly topic: string; readonly partition: number },
    leader: number | null,
    leaderEpoch: number,
    topicId: string,
  ) => void;
  readonly epochs: Map<string, number>;
}

interface Reader {
  /** Last offset that it was given. */
  offset: number;
  life: number;
}

/**
 * Looks at what control isolates give to their data isolates: every node is told the same batches in the same order, images
 * are equal at equal offsets, epochs of brokers, leaders and partitions only rise (D5), and replicas count once (KIP-966). It has an image of its own, built
 * from what was told first.
 */
export class MetadataWatch {
  readonly problems: string[] = [];
  readonly #image = new MetadataImage();
  readonly #batches = new Map<number, { readonly digest: number; readonly by: string }>();
  readonly #wholes = new Map<number, { readonly digest: number; readonly by: string }>();
  readonly #readers = new Map<string, Reader>();
  /** Topics whose leaders somebody wants to hear of, by whom, and the last epoch of each partition that he heard of. */
  #followed: Followed | null = null;
  /** By topic id and partition, as they were when last looked at. */
  readonly #leaderEpochs = new Map<string, number>();

  /** Last offset that any node was told of. */
  get offset(): number {
    return this.#image.offset;
  }

  /** Tells of each leader epoch of some topics when a node is told of it first; leader null: an epoch that nobody was told of. */
  followLeaders(topics: readonly string[], hear: Followed['hear']): void {
    this.#followed = { topics, hear, epochs: new Map() };
  }

  /** Whether every replica of these topics is in sync, as far as anybody was told. */
  isInSync(topics: readonly string[]): boolean {
    return topics.every(
      (name) =>
        this.#image.topicByName(name)?.partitions.every(({ isr, replicas }) => isr.length === replicas.length) ?? true,
    );
  }

  /** Where a broker is in sync, and so is another one that may lead, as far as anybody was told. */
  replaceable(id: number): readonly { readonly name: string; readonly leads: boolean }[] {
    const mayLead = (other: number): boolean => other !== id && this.#image.mayLead(other);
    return [...this.#image.partitionsOn(brokerId(id), 'counting')].flatMap(({ name, partitions }) =>
      partitions
        .filter(({ isr }) => isr.includes(brokerId(id)) && isr.some(mayLead))
        .map(({ index, leader }) => ({ name: `${name}-${index}`, leads: leader === brokerId(id) })),
    );
  }

  /** A message to a data isolate, of one life of it; `describe` tells its image after that. */
  told(node: string, life: number, message: ToData, describe: () => string): void {
    if (message.kind === 'batch') this.#batch(node, life, message, describe);
    else if (message.kind === 'started' || message.kind === 'snapshot') this.#whole(node, life, message, describe);
  }

  /** Compares a whole image with all that were seen at its offset. */
  compare(node: string, offset: number, description: string): void {
    const digest = digestOf(Buffer.from(description));
    const known = this.#wholes.get(offset);
    if (known === undefined) this.#wholes.set(offset, { digest, by: node });
    else if (known.digest !== digest)
      this.problems.push(`M3: the images of ${known.by} and ${node} differ at offset ${offset}`);
  }

  #whole(
    node: string,
    life: number,
    message: Extract<ToData, { readonly kind: 'started' | 'snapshot' }>,
    describe: () => string,
  ): void {
    const { offset, payload } = message;
    const before = this.#readers.get(node);
    if (before !== undefined && before.life === life && offset < before.offset)
      this.problems.push(`M3: ${node} was at offset ${before.offset} and is put back to ${offset}`);
    this.#readers.set(node, { offset, life });
    if (offset > this.#image.offset) this.#advance(offset, () => this.#image.restore(decodeRecords(payload), offset));
    this.compare(node, offset, describe());
  }

  #batch(
    node: string,
    life: number,
    message: Extract<ToData, { readonly kind: 'batch' }>,
    describe: () => string,
  ): void {
    const { baseOffset, payload } = message;
    const digest = digestOf(payload);
    const known = this.#batches.get(baseOffset);
    if (known === undefined) this.#batches.set(baseOffset, { digest, by: node });
    else if (known.digest !== digest)
      this.problems.push(`M3: ${known.by} and ${node} were told different batches at offset ${baseOffset}`);
    const records = decodeRecords(payload);
    const last = baseOffset + records.length - 1;
    const reader = this.#readers.get(node);
    if (reader !== undefined && reader.life === life && baseOffset !== reader.offset + 1)
      this.problems.push(`M3: ${node} was told of offset ${baseOffset} after ${reader.offset}`);
    this.#readers.set(node, { offset: last, life });
    if (baseOffset === this.#image.offset + 1) {
      this.#unfenced(records);
      const moved = this.#moved(records);
      this.#advance(last, () => void this.#image.apply(records, baseOffset));
      for (const { name, index, isr } of moved) this.#stillSafe(name, index, isr);
      for (const record of records) if (record.kind === 'broker') this.#countsAnew(record);
    }
    if (isWholeBetween(baseOffset - 1, last)) this.compare(node, last, describe());
  }

  /** Partitions whose replicas these records change, and who was in sync before. */
  #moved(
    records: readonly MetadataRecord[],
  ): { readonly name: string; readonly index: number; readonly isr: number }[] {
    const topics = records.flatMap((record) => (record.kind === 'partitionChanges' ? record.topics : []));
    return topics.flatMap(({ topicId, partitions }) => {
      const topic = this.#image.topics().find(({ id }) => id === topicId);
      const changes = partitions.filter(({ replicas }) => replicas !== null);
      return changes.map(({ index }) => ({
        ...{ name: topic?.name ?? '', index },
        isr: topic?.partitions[index]?.isr.length ?? 0,
      }));
    });
  }

  /** A move to other replicas leaves two in sync, if there were two. */
  #stillSafe(name: string, index: number, before: number): void {
    const isr = this.#image.topicByName(name)?.partitions[index]?.isr.length ?? before;
    if (isr < Math.min(MIN_ISR, before))
      this.problems.push(`Q5: a move leaves ${isr} of ${before} replicas of ${name}-${index} in sync`);
  }

  /** A new incarnation is in sync nowhere, and eligible only where what the earlier one had is known to be whole (D4). */
  #countsAnew(broker: BrokerRecord): void {
    for (const { name, partitions } of this.#image.partitionsOn(brokerId(broker.brokerId), 'held')) {
      for (const partition of partitions) {
        const fault = restartFault(partition, broker);
        if (fault !== null) this.problems.push(`Q5: of ${name}-${partition.index} broker ${broker.brokerId} ${fault}`);
      }
    }
  }

  /** A broker is let in only at its latest epoch. */
  #unfenced(records: readonly MetadataRecord[]): void {
    for (const record of records) {
      if (record.kind !== 'brokerFence' || record.fenced) continue;
      const broker = this.#image.brokers().find(({ id }) => id === record.brokerId);
      if (broker !== undefined && broker.epoch !== record.brokerEpoch)
        this.problems.push(
          `E2: broker ${record.brokerId} is unfenced at epoch ${record.brokerEpoch}, it is at ${broker.epoch}`,
        );
    }
  }

  /** Applies something to the image of its own, and looks at what may only rise (E1). */
  #advance(offset: number, apply: () => void): void {
    const brokers = new Map(this.#image.brokers().map(({ id, epoch }) => [id, epoch]));
    const before = this.#image.offset;
    try {
      apply();
    } catch (error) {
      this.problems.push(`M3: what was told at offset ${offset} can't be applied: ${String(error)}`);
      return;
    }
    for (const { id, epoch } of this.#image.brokers()) {
      const earlier = brokers.get(id) ?? -1;
      if (epoch < earlier) this.problems.push(`E1: broker ${id} goes back from epoch ${earlier} to ${epoch}`);
    }
    if (this.#followed !== null) this.#tellLeaders(this.#followed);
    if (isWholeBetween(before, offset)) this.#compareEpochs();
  }

  #tellLeaders({ topics, hear, epochs }: Followed): void {
    for (const topic of topics) {
      const { id = '', partitions = [] } = this.#image.topicByName(topic) ?? {};
      for (const { index: partition, leader, leaderEpoch } of partitions) {
        const key = `${topic}-${partition}`;
        const before = epochs.get(key) ?? -1;
        if (leaderEpoch <= before) continue;
        epochs.set(key, leaderEpoch);
        if (before >= 0 && leaderEpoch > before + 1) hear({ topic, partition }, null, leaderEpoch - 1, id);
        hear({ topic, partition }, leader, leaderEpoch, id);
      }
    }
  }

  #compareEpochs(): void {
    for (const topic of this.#image.topics()) {
      for (const partition of topic.partitions) {
        const { index, leaderEpoch } = partition;
        for (const fault of replicaFaults(partition)) this.problems.push(`Q5: of ${topic.name}-${index} ${fault}`);
        const name = `${topic.id}-${index}`;
        const before = this.#leaderEpochs.get(name) ?? -1;
        if (leaderEpoch < before)
          this.problems.push(`E1: ${topic.name}-${index} goes back from leader epoch ${before} to ${leaderEpoch}`);
        this.#leaderEpochs.set(name, leaderEpoch);
      }
    }
  }
}

/** What may not be of a partition's replicas (KIP-966). */
function replicaFaults({ leader, replicas, isr, elr }: PartitionView): string[] {
  const faults: string[] = [];
  const both = isr.find((id) => elr.includes(id));
  const stranger = [...isr, ...elr].find((id) => !replicas.includes(id));
  if (both !== undefined) faults.push(`broker ${both} is in the ISR and in the ELR`);
  if (stranger !== undefined) faults.push(`broker ${stranger} counts, and is no replica`);
  if (leader !== -1 && !isr.includes(leader)) faults.push(`broker ${leader} leads, and is not in sync`);
  return faults;
}

/** What may not be of a partition in the batch that registers a broker anew; null: nothing. */
function restartFault(
  { replicas, directories, isr, elr, durableFromEpoch }: PartitionState,
  broker: BrokerRecord,
): string | null {
  const { brokerId: id, directoryId, uncleanRestart } = broker;
  const ofIt = (members: readonly number[]): boolean => members.some((member) => member === id);
  if (ofIt(isr)) return 'is in sync as an earlier incarnation';
  if (!ofIt(elr)) return null;
  const disk = directories[replicas.findIndex((member) => member === id)];
  if (disk !== directoryId) return 'is eligible on another disk';
  return uncleanRestart && durableFromEpoch < 0 ? 'is eligible, and may have lost what was not synced' : null;
}

function isWholeBetween(before: number, offset: number): boolean {
  return Math.floor(offset / WHOLE_EVERY) !== Math.floor(before / WHOLE_EVERY);
}

function digestOf(bytes: Uint8Array): number {
  return crc32c(bytes, 0, bytes.length);
}
