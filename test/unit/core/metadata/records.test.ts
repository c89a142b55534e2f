import { describe, expect, test } from '@jest/globals';
import {
  decodeRecords,
  encodeBySchema,
  encodeRecords,
  type MetadataRecord,
} from '../../../../broker/core/metadata/records.ts';
import { sampleId } from '../../../support/metadata/lab.ts';
import { NOT_MOVING, PLAIN_RECORD } from '../../../support/metadata/parts.ts';
import { SAME_REPLICAS } from '../../../../broker/core/metadata/election.ts';

const RECORDS: readonly MetadataRecord[] = [
  { kind: 'cluster', clusterId: sampleId(1) },
  { kind: 'feature', name: 'weir.version', level: 1 },
  {
    kind: 'broker',
    brokerId: 2_147_483_647,
    brokerEpoch: Number.MAX_SAFE_INTEGER,
    incarnationId: sampleId(2),
    directoryId: sampleId(3),
    rack: null,
    fenced: true,
    endpoints: [{ listener: 'PLÄIN', host: '::1', port: 65_535 }],
    weirVersionMin: -1,
    weirVersionMax: -1,
    uncleanRestart: true,
    ...PLAIN_RECORD,
  },
  {
    kind: 'broker',
    brokerId: 1,
    brokerEpoch: -1,
    incarnationId: sampleId(2),
    directoryId: sampleId(3),
    rack: 'r',
    fenced: false,
    endpoints: [],
    weirVersionMin: 1,
    weirVersionMax: 2,
    uncleanRestart: false,
    ...PLAIN_RECORD,
  },
  {
    kind: 'broker',
    brokerId: 2,
    brokerEpoch: -1,
    incarnationId: sampleId(2),
    directoryId: sampleId(3),
    rack: null,
    fenced: true,
    endpoints: [],
    weirVersionMin: 1,
    weirVersionMax: 3,
    uncleanRestart: false,
    host: 'höst',
    cordoned: true,
    draining: true,
    shuttingDown: true,
    unfencedEpoch: Number.MAX_SAFE_INTEGER,
    advertised: [],
  },
  {
    kind: 'broker',
    brokerId: 3,
    brokerEpoch: -1,
    incarnationId: sampleId(2),
    directoryId: sampleId(3),
    rack: null,
    fenced: true,
    endpoints: [{ listener: 'OUTSIDE', host: 'b-3', port: 9094 }],
    weirVersionMin: 1,
    weirVersionMax: 3,
    uncleanRestart: false,
    ...PLAIN_RECORD,
    advertised: [{ listener: 'OUTSIDE', host: 'b-3.example.com', port: 443 }],
  },
  { kind: 'brokerAdvertised', brokerId: 3, brokerEpoch: 7, advertised: [{ listener: 'PLÄIN', host: '::1', port: 1 }] },
  { kind: 'brokerRemoved', brokerId: 1, brokerEpoch: 7 },
  { kind: 'brokerPlacement', brokerId: 1, brokerEpoch: 7, cordoned: true, draining: false, shuttingDown: true },
  {
    kind: 'controller',
    controllerId: 3,
    incarnationId: sampleId(2),
    directoryId: sampleId(3),
    host: 'c-3.local',
    port: 9093,
    weirVersionMin: 1,
    weirVersionMax: 2,
    machine: 'mächine',
  },
  { kind: 'controllerRemoved', controllerId: 3 },
  { kind: 'brokerFence', brokerId: 0, brokerEpoch: 7, fenced: false },
  { kind: 'topic', topicId: sampleId(4), name: 'a' },
  { kind: 'topicRemoved', topicId: sampleId(4) },
  {
    kind: 'partitions',
    topicId: sampleId(4),
    partitions: [
      {
        index: 0,
        leader: -1,
        leaderEpoch: 0,
        partitionEpoch: 0,
        durableFromEpoch: -1,
        replicas: [1, 2],
        directories: [sampleId(5), sampleId(6)],
        isr: [2],
        elr: [],
        lastKnownElr: [1],
        ...NOT_MOVING,
      },
    ],
  },
  {
    kind: 'partitions',
    topicId: sampleId(4),
    partitions: [
      {
        index: 0,
        leader: -1,
        leaderEpoch: 0,
        partitionEpoch: 0,
        durableFromEpoch: -1,
        replicas: [1, 2],
        directories: [sampleId(5), sampleId(6)],
        isr: [2],
        elr: [],
        lastKnownElr: [1],
        addingReplicas: [2],
        removingReplicas: [],
      },
    ],
  },
  {
    kind: 'partitionChanges',
    topics: [
      {
        topicId: sampleId(4),
        partitions: [
          {
            index: 0,
            leader: 1,
            leaderEpoch: 3,
            partitionEpoch: 4,
            durableFromEpoch: -2,
            isr: null,
            elr: [],
            lastKnownElr: null,
            ...SAME_REPLICAS,
          },
        ],
      },
    ],
  },
  {
    kind: 'partitionChanges',
    topics: [
      {
        topicId: sampleId(4),
        partitions: [
          {
            index: 0,
            leader: 1,
            leaderEpoch: 3,
            partitionEpoch: 4,
            durableFromEpoch: -2,
            isr: null,
            elr: [],
            lastKnownElr: null,
            replicas: [1, 2],
            directories: [sampleId(5), sampleId(6)],
            addingReplicas: [],
            removingReplicas: null,
          },
        ],
      },
    ],
  },
  { kind: 'config', scope: 'group', resource: 'g', name: 'share.isolation.level', value: null },
  { kind: 'producerIds', nextProducerId: 1000 },
];

describe('metadata records', () => {
  test('of every kind come back as they were', () => {
    expect(decodeRecords(encodeRecords(RECORDS))).toEqual(RECORDS);
  });

  test('of many partitions have the bytes of their schema, although they are written by hand', () => {
    for (const record of RECORDS) {
      if (record.kind !== 'partitions' && record.kind !== 'partitionChanges') continue;
      const body = encodeRecords([record]).subarray(8);
      expect(Buffer.from(body).toString('hex')).toBe(Buffer.from(encodeBySchema(record)).toString('hex'));
    }
  });

  test('of many partitions pass over tagged fields of a newer minor form, and end with what is cut short', () => {
    const [record] = RECORDS.filter(({ kind }) => kind === 'partitionChanges');
    const bytes = Buffer.from(encodeRecords(record === undefined ? [] : [record]));
    // One tagged field (tag 7, two bytes) where the record had none.
    const longer = Buffer.concat([bytes.subarray(0, -1), Buffer.from([1, 7, 2, 0xaa, 0xbb])]);
    longer.writeUInt32BE(longer.length - 8, 4);
    expect(decodeRecords(longer)).toEqual([record]);
    for (let length = 8; length < bytes.length; length += 1) {
      const cut = Buffer.from(bytes.subarray(0, length));
      cut.writeUInt32BE(length - 8, 4);
      expect(() => decodeRecords(cut)).toThrow(/PartitionChangesRecord/);
    }
  });

  test('keep their bytes: a change of the format needs a new version', () => {
    expect(
      Buffer.from(encodeRecords([{ kind: 'config', scope: 'topic', resource: 't', name: 'n', value: 'v' }])).toString(
        'hex',
      ),
    ).toBe(
      // type 9, version 0, length 8: scope 0, "t", "n", "v", no tagged fields
      '00090000' + '00000008' + '00' + '0274' + '026e' + '0276' + '00',
    );
  });

  test('of an unknown type or version stop the node, they are never skipped (B4)', () => {
    const bytes = Buffer.from(encodeRecords([{ kind: 'cluster', clusterId: 'x' }]));
    const unknownType = Buffer.from(bytes);
    unknownType.writeUInt16BE(999, 0);
    expect(() => decodeRecords(unknownType)).toThrow('metadata record type 999 is not known to this release');
    const newVersion = Buffer.from(bytes);
    newVersion.writeUInt16BE(1, 2);
    expect(() => decodeRecords(newVersion)).toThrow(
      'version 1 of metadata record ClusterRecord is not known to this release',
    );
  });

  test('cut short anywhere are refused', () => {
    const bytes = encodeRecords(RECORDS.slice(0, 1));
    for (let length = 1; length < bytes.length; length += 1) {
      expect(() => decodeRecords(bytes.subarray(0, length))).toThrow(/ends inside a record/);
    }
  });
});
