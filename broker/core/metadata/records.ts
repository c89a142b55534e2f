import { TRY_NEWER_RELEASE } from '../base/format.ts';
import { Buffer } from 'node:buffer';
import { assert } from '../base/assert.ts';
import { defineMessage, type MessageCodec } from '../protocol/define-message.ts';
import type { FieldSchema } from '../protocol/schema.ts';
import { WEIR_CONTROLLERS, WEIR_REPLICATION } from './features.ts';
import { decodeChanges, decodePartitions, encodeChanges, encodePartitions } from './partition-codec.ts';
import type { ConfigScope, EndpointView } from './view.ts';

/** Names the cluster; the first record of its metadata. */
export interface ClusterRecord {
  readonly kind: 'cluster';
  readonly clusterId: string;
}

/** Fixes the level of a feature; level 0 removes it. */
export interface FeatureRecord {
  readonly kind: 'feature';
  readonly name: string;
  readonly level: number;
}

/** A new incarnation of a broker, fenced. Its offset is the broker epoch, except in a snapshot, which names the epoch. */
export interface BrokerRecord {
  readonly kind: 'broker';
  readonly brokerId: number;
  /** −1: the offset of this record. */
  readonly brokerEpoch: number;
  readonly incarnationId: string;
  readonly directoryId: string;
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly endpoints: readonly EndpointView[];
  /** Range of `weir.version` that it supports; −1 when it registered below `weir.version` 2, which does not keep what follows. */
  readonly weirVersionMin: number;
  readonly weirVersionMax: number;
  /** The incarnation before it is not known to have ended well: what it had not synced is lost (D4). */
  readonly uncleanRestart: boolean;
  /** As in `BrokerView`; from here on of `weir.version` 3. */
  readonly host: string;
  readonly cordoned: boolean;
  readonly draining: boolean;
  readonly shuttingDown: boolean;
  /** The last epoch in which it was unfenced, in any incarnation; −1 when there was none (D4). */
  readonly unfencedEpoch: number;
  /** As in `BrokerAdvertisedRecord`. */
  readonly advertised: readonly EndpointView[];
}

/** Where clients are told to find a broker, by listener, instead of what it says of itself; it stays with later incarnations. */
export interface BrokerAdvertisedRecord {
  readonly kind: 'brokerAdvertised';
  readonly brokerId: number;
  readonly brokerEpoch: number;
  readonly advertised: readonly EndpointView[];
}

/** What is wanted of a broker beside its registration; it stays with later incarnations, except `shuttingDown`. */
export interface BrokerPlacementRecord {
  readonly kind: 'brokerPlacement';
  readonly brokerId: number;
  readonly brokerEpoch: number;
  readonly cordoned: boolean;
  readonly draining: boolean;
  readonly shuttingDown: boolean;
}

/** Fences a broker or lets it in. */
export interface BrokerFenceRecord {
  readonly kind: 'brokerFence';
  readonly brokerId: number;
  readonly brokerEpoch: number;
  readonly fenced: boolean;
}

/** Removes a broker that is gone for good. */
export interface BrokerRemovedRecord {
  readonly kind: 'brokerRemoved';
  readonly brokerId: number;
  readonly brokerEpoch: number;
}

/** An incarnation of a controller. */
export interface ControllerRecord {
  readonly kind: 'controller';
  readonly controllerId: number;
  readonly incarnationId: string;
  readonly directoryId: string;
  readonly host: string;
  readonly port: number;
  readonly weirVersionMin: number;
  readonly weirVersionMax: number;
  readonly machine: string;
}

/** Removes a controller that is gone for good. */
export interface ControllerRemovedRecord {
  readonly kind: 'controllerRemoved';
  readonly controllerId: number;
}

/** A new topic, as yet without partitions. */
export interface TopicRecord {
  readonly kind: 'topic';
  readonly topicId: string;
  readonly name: string;
}

/** Removes a topic with its partitions and settings. */
export interface TopicRemovedRecord {
  readonly kind: 'topicRemoved';
  readonly topicId: string;
}

/** The whole state of one partition. */
export interface PartitionFields {
  readonly index: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly durableFromEpoch: number;
  readonly replicas: readonly number[];
  /** Directory id of each replica, in the order of `replicas` (D4). */
  readonly directories: readonly string[];
  readonly isr: readonly number[];
  readonly elr: readonly number[];
  readonly lastKnownElr: readonly number[];
  /** As in `PartitionView`. */
  readonly addingReplicas: readonly number[];
  readonly removingReplicas: readonly number[];
}

/** New partitions of one topic, in index order right after those that exist. */
export interface PartitionsRecord {
  readonly kind: 'partitions';
  readonly topicId: string;
  readonly partitions: readonly PartitionFields[];
}

/** What changed in one partition; a null list is unchanged, and so is a `durableFromEpoch` of −2. */
export interface PartitionChange {
  readonly index: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  readonly durableFromEpoch: number;
  readonly isr: readonly number[] | null;
  readonly elr: readonly number[] | null;
  readonly lastKnownElr: readonly number[] | null;
  readonly replicas: readonly number[] | null;
  /** Goes with `replicas`, and changes without it when a replica has another disk. */
  readonly directories: readonly string[] | null;
  readonly addingReplicas: readonly number[] | null;
  readonly removingReplicas: readonly number[] | null;
}

/** Changes of many partitions at once: one fencing is one batch (P2). */
export interface PartitionChangesRecord {
  readonly kind: 'partitionChanges';
  readonly topics: readonly { readonly topicId: string; readonly partitions: readonly PartitionChange[] }[];
}

/** Sets or (value null) unsets one setting of one resource. */
export interface ConfigRecord {
  readonly kind: 'config';
  readonly scope: ConfigScope;
  readonly resource: string;
  readonly name: string;
  readonly value: string | null;
}

/** Producer ids below `nextProducerId` are given away. */
export interface ProducerIdsRecord {
  readonly kind: 'producerIds';
  readonly nextProducerId: number;
}

/** Every record of the metadata log. */
export type MetadataRecord =
  | ClusterRecord
  | FeatureRecord
  | BrokerRecord
  | BrokerFenceRecord
  | BrokerRemovedRecord
  | BrokerPlacementRecord
  | BrokerAdvertisedRecord
  | ControllerRecord
  | ControllerRemovedRecord
  | TopicRecord
  | TopicRemovedRecord
  | PartitionsRecord
  | PartitionChangesRecord
  | ConfigRecord
  | ProducerIdsRecord;

type Kind = MetadataRecord['kind'];
type RecordOf<K extends Kind> = Extract<MetadataRecord, { readonly kind: K }>;
type Body<K extends Kind> = Omit<RecordOf<K>, 'kind'>;
/** Scopes travel as numbers. */
type WireBody<K extends Kind> = K extends 'config' ? Omit<Body<K>, 'scope'> & { readonly scope: number } : Body<K>;

/** Config scopes by their number in records. Numbers are never reused. */
const SCOPES: readonly ConfigScope[] = ['topic', 'broker', 'cluster', 'group'];

/** One kind of record: its number in the log, never reused. */
interface Entry<K extends Kind> {
  readonly type: number;
  readonly codec: MessageCodec<WireBody<K>>;
  /** `weir.version` from which nodes may write each version of this kind (B4). */
  readonly since: readonly number[];
}

const field = (name: string, type: string, more: Partial<FieldSchema> = {}): FieldSchema => ({
  name,
  type,
  versions: '0+',
  ...more,
});

function define<K extends Kind>(
  type: number,
  name: string,
  fields: readonly FieldSchema[],
  since: readonly number[] = [1],
): Entry<K> {
  const versions = since.length === 1 ? '0' : `0-${since.length - 1}`;
  return { type, codec: defineMessage<WireBody<K>>({ name, versions, flexible: '0+', fields }), since };
}

const ENDPOINT_FIELDS = [field('listener', 'string'), field('host', 'string'), field('port', 'int32')];

const PARTITION_FIELDS = [
  field('index', 'int32'),
  field('leader', 'int32'),
  field('leaderEpoch', 'int32'),
  field('partitionEpoch', 'int32'),
  field('durableFromEpoch', 'int32'),
  field('replicas', '[]int32'),
  field('directories', '[]uuid'),
  field('isr', '[]int32'),
  field('elr', '[]int32'),
  field('lastKnownElr', '[]int32'),
  field('addingReplicas', '[]int32', { versions: '1+' }),
  field('removingReplicas', '[]int32', { versions: '1+' }),
];

const CHANGE_FIELDS = [
  field('index', 'int32'),
  field('leader', 'int32'),
  field('leaderEpoch', 'int32'),
  field('partitionEpoch', 'int32'),
  field('durableFromEpoch', 'int32'),
  field('isr', '[]int32', { nullable: '0+' }),
  field('elr', '[]int32', { nullable: '0+' }),
  field('lastKnownElr', '[]int32', { nullable: '0+' }),
  field('replicas', '[]int32', { versions: '1+', nullable: '1+', default: null }),
  field('directories', '[]uuid', { versions: '1+', nullable: '1+', default: null }),
  field('addingReplicas', '[]int32', { versions: '1+', nullable: '1+', default: null }),
  field('removingReplicas', '[]int32', { versions: '1+', nullable: '1+', default: null }),
];

const ENTRIES: { readonly [K in Kind]: Entry<K> } = {
  cluster: define(1, 'ClusterRecord', [field('clusterId', 'string')]),
  feature: define(2, 'FeatureRecord', [field('name', 'string'), field('level', 'int16')]),
  broker: define(
    3,
    'BrokerRecord',
    [
      field('brokerId', 'int32'),
      field('brokerEpoch', 'int64'),
      field('incarnationId', 'uuid'),
      field('directoryId', 'uuid'),
      field('rack', 'string', { nullable: '0+' }),
      field('fenced', 'bool'),
      field('endpoints', '[]Endpoint', { fields: ENDPOINT_FIELDS }),
      field('weirVersionMin', 'int16', { versions: '1+', default: -1 }),
      field('weirVersionMax', 'int16', { versions: '1+', default: -1 }),
      field('uncleanRestart', 'bool', { versions: '1+', default: true }),
      field('host', 'string', { versions: '2+' }),
      field('cordoned', 'bool', { versions: '2+' }),
      field('draining', 'bool', { versions: '2+' }),
      field('shuttingDown', 'bool', { versions: '2+' }),
      field('unfencedEpoch', 'int64', { versions: '2+', default: -1 }),
      field('advertised', '[]Advertised', { versions: '3+', fields: ENDPOINT_FIELDS }),
    ],
    [1, WEIR_CONTROLLERS, WEIR_REPLICATION, WEIR_REPLICATION],
  ),
  brokerFence: define(4, 'BrokerFenceRecord', [
    field('brokerId', 'int32'),
    field('brokerEpoch', 'int64'),
    field('fenced', 'bool'),
  ]),
  topic: define(5, 'TopicRecord', [field('topicId', 'uuid'), field('name', 'string')]),
  topicRemoved: define(6, 'TopicRemovedRecord', [field('topicId', 'uuid')]),
  partitions: define(
    7,
    'PartitionsRecord',
    [field('topicId', 'uuid'), field('partitions', '[]Partition', { fields: PARTITION_FIELDS })],
    [1, WEIR_REPLICATION],
  ),
  partitionChanges: define(
    8,
    'PartitionChangesRecord',
    [
      field('topics', '[]Topic', {
        fields: [field('topicId', 'uuid'), field('partitions', '[]Change', { fields: CHANGE_FIELDS })],
      }),
    ],
    [1, WEIR_REPLICATION],
  ),
  config: define(9, 'ConfigRecord', [
    field('scope', 'int8'),
    field('resource', 'string'),
    field('name', 'string'),
    field('value', 'string', { nullable: '0+' }),
  ]),
  producerIds: define(10, 'ProducerIdsRecord', [field('nextProducerId', 'int64')]),
  brokerRemoved: define(
    11,
    'BrokerRemovedRecord',
    [field('brokerId', 'int32'), field('brokerEpoch', 'int64')],
    [WEIR_CONTROLLERS],
  ),
  controller: define(
    12,
    'ControllerRecord',
    [
      field('controllerId', 'int32'),
      field('incarnationId', 'uuid'),
      field('directoryId', 'uuid'),
      field('host', 'string'),
      field('port', 'int32'),
      field('weirVersionMin', 'int16'),
      field('weirVersionMax', 'int16'),
      field('machine', 'string', { versions: '1+' }),
    ],
    [WEIR_CONTROLLERS, WEIR_REPLICATION],
  ),
  controllerRemoved: define(13, 'ControllerRemovedRecord', [field('controllerId', 'int32')], [WEIR_CONTROLLERS]),
  brokerPlacement: define(
    14,
    'BrokerPlacementRecord',
    [
      field('brokerId', 'int32'),
      field('brokerEpoch', 'int64'),
      field('cordoned', 'bool'),
      field('draining', 'bool'),
      field('shuttingDown', 'bool'),
    ],
    [WEIR_REPLICATION],
  ),
  brokerAdvertised: define(
    15,
    'BrokerAdvertisedRecord',
    [
      field('brokerId', 'int32'),
      field('brokerEpoch', 'int64'),
      field('advertised', '[]Advertised', { fields: ENDPOINT_FIELDS }),
    ],
    [WEIR_REPLICATION],
  ),
};

const KIND_BY_TYPE: ReadonlyMap<number, Kind> = new Map(
  // Object.keys of a record over Kind gives exactly its keys.
  (Object.keys(ENTRIES) as Kind[]).map((kind) => [ENTRIES[kind].type, kind]),
);

/** Bytes before each record: type (2), version (2), body length (4), all big-endian. */
const RECORD_HEADER_BYTES = 8;

/**
 * The bytes of a batch: its records one after the other, each with type, version and length. The batch is applied as a
 * whole or not at all.
 */
export function encodeRecords(records: readonly MetadataRecord[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const record of records) {
    const header = Buffer.alloc(RECORD_HEADER_BYTES);
    const body = encodeBody(record);
    header.writeUInt16BE(ENTRIES[record.kind].type, 0);
    header.writeUInt16BE(versionOf(record), 2);
    header.writeUInt32BE(body.length, 4);
    parts.push(header, body);
  }
  return Buffer.concat(parts);
}

/** A batch that this build cannot read. The node must stop: a record is never skipped (B4). */
export class UnknownMetadataError extends Error {
  readonly code = 'UNKNOWN_METADATA';
}

/**
 * The records of a batch. Throws `UnknownMetadataError` for a type or version of a newer release and for bytes that are
 * no batch; both end the node.
 */
export function decodeRecords(payload: Uint8Array): MetadataRecord[] {
  return [...recordsIn(payload)];
}

/** As `decodeRecords`, one after the other. */
export function* recordsIn(payload: Uint8Array): Generator<MetadataRecord> {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  let position = 0;
  while (position < bytes.length) {
    if (position + RECORD_HEADER_BYTES > bytes.length)
      throw new UnknownMetadataError('a metadata batch ends inside a record header');
    const type = bytes.readUInt16BE(position);
    const version = bytes.readUInt16BE(position + 2);
    const start = position + RECORD_HEADER_BYTES;
    const end = start + bytes.readUInt32BE(position + 4);
    if (end > bytes.length) throw new UnknownMetadataError('a metadata batch ends inside a record');
    yield decodeBody(type, version, bytes.subarray(start, end));
    position = end;
  }
}

function encodeBody(record: MetadataRecord): Uint8Array {
  if (record.kind === 'partitions') return encodePartitions(record, versionOf(record));
  if (record.kind === 'partitionChanges') return encodeChanges(record, versionOf(record));
  if (record.kind === 'config') {
    return ENTRIES.config.codec.encode(0, { ...record, scope: SCOPES.indexOf(record.scope) });
  }
  return encodeBySchema(record);
}

/** The body of a record as its schema says; where it is written by hand the bytes are the same. */
export function encodeBySchema(record: Exclude<MetadataRecord, ConfigRecord>): Uint8Array {
  // The entry under a record's kind encodes exactly that record; the compiler can't follow the pairing.
  const codec = ENTRIES[record.kind].codec as unknown as MessageCodec<MetadataRecord>;
  return codec.encode(versionOf(record), record);
}

/** The lowest version that holds what the record says, so that nodes of lower levels read whatever they may. */
function versionOf(record: MetadataRecord): number {
  if (record.kind === 'partitions') return record.partitions.some(isReassigned) ? 1 : 0;
  if (record.kind === 'partitionChanges')
    return record.topics.some(({ partitions }) => partitions.some(isReassigning)) ? 1 : 0;
  if (record.kind === 'controller') return record.machine === '' ? 0 : 1;
  if (record.kind !== 'broker') return 0;
  const { host, cordoned, draining, shuttingDown, unfencedEpoch, advertised, weirVersionMax } = record;
  if (advertised.length > 0) return 3;
  if (host !== '' || cordoned || draining || shuttingDown || unfencedEpoch !== -1) return 2;
  return weirVersionMax === -1 ? 0 : 1;
}

function isReassigned({ addingReplicas, removingReplicas }: PartitionFields): boolean {
  return addingReplicas.length > 0 || removingReplicas.length > 0;
}

function isReassigning({ replicas, directories, addingReplicas, removingReplicas }: PartitionChange): boolean {
  return replicas !== null || directories !== null || addingReplicas !== null || removingReplicas !== null;
}

/** `weir.version` below which no node may write this record (B4). */
export function levelOf(record: MetadataRecord): number {
  return ENTRIES[record.kind].since[versionOf(record)] ?? Number.POSITIVE_INFINITY;
}

function decodeBody(type: number, version: number, body: Uint8Array): MetadataRecord {
  const kind = KIND_BY_TYPE.get(type);
  if (kind === undefined)
    throw new UnknownMetadataError(`metadata record type ${type} is not known to this release; ${TRY_NEWER_RELEASE}`);
  const { codec } = ENTRIES[kind];
  if (version > codec.maxVersion) {
    throw new UnknownMetadataError(
      `version ${version} of metadata record ${codec.schema.name} is not known to this release; ${TRY_NEWER_RELEASE}`,
    );
  }
  if (kind === 'partitions') return decodePartitions(body, version);
  if (kind === 'partitionChanges') return decodeChanges(body, version);
  if (kind === 'config') {
    const { scope, ...rest } = ENTRIES.config.codec.decode(version, body);
    const scopeName = SCOPES[scope];
    if (scopeName === undefined)
      throw new UnknownMetadataError(`config scope ${scope} is not known to this release; ${TRY_NEWER_RELEASE}`);
    return { kind, ...rest, scope: scopeName };
  }
  // As in encodeBody: kind and codec come from the same entry.
  return { kind, ...codec.decode(version, body) } as MetadataRecord;
}

/** Asserts that every kind has its own number, which the log depends on. */
assert(KIND_BY_TYPE.size === Object.keys(ENTRIES).length, 'two metadata records share a type number');
