import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { MetadataCommand } from '../../../../broker/core/metadata/commands.ts';
import { weirVersionRange } from '../../../../broker/core/metadata/features.ts';
import { NO_METADATA_BUGS } from '../../../../broker/core/metadata/planted-bugs.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { NO_RAFT_BUGS } from '../../../../broker/core/raft/planted-bugs.ts';
import { decodeRecords, encodeRecords, type MetadataRecord } from '../../../../broker/core/metadata/records.ts';
import type { Entry, EntryBody, Message } from '../../../../broker/core/raft/types.ts';
import { crc32c } from '../../../../broker/io/crc32c.ts';
import type { WatchResponse } from '../../../../broker/ports/control-net.ts';
import { QuorumNode } from '../../../../broker/server/control/quorum/quorum-node.ts';
import { ReplicaMover } from '../../../../broker/server/control/quorum/replica-mover.ts';
import { encodeCheckpoint } from '../../../../broker/server/control/raft-checkpoint.ts';
import { sampleId } from '../../../support/metadata/lab.ts';
import { agreementWith } from '../../../support/raft/agreement.ts';
import { SELF, StorageBench, THREE } from '../../../support/raft/storage-bench.ts';

const quiet = (): void => undefined;

const registration = (controllerId: number): MetadataCommand => ({
  ...{ kind: 'registerController', controllerId, directoryId: sampleId(1), incarnationId: sampleId(controllerId) },
  ...{ host: 'h', port: 1, machine: '', ...weirVersionRange() },
});

const CLUSTER = 'ClusterOfManyNodes000A';
const HEAD = { from: { id: 2, directoryId: 'disk-2' }, to: SELF } as const;
const NO_OP: EntryBody = { kind: 'no-op' };
const batchOf = (...records: MetadataRecord[]): EntryBody => ({ kind: 'batch', payload: encodeRecords(records) });
const topic = (number: number): EntryBody => batchOf({ kind: 'topic', topicId: sampleId(number), name: `t${number}` });

/** A controller among two voters that agree when the test lets them. */
class Scene {
  readonly #bench = StorageBench.formed(1, THREE);
  readonly #sent: Message[] = [];
  readonly node: QuorumNode;
  /** Next turns of what takes many, while the test holds them back. */
  #turns: (() => void)[] | null = null;
  readonly fatals: string[] = [];
  readonly lines: unknown[] = [];
  /** Whether it became the active controller or is it no more, each time. */
  readonly changes: boolean[] = [];
  /** Offsets at which features may have changed. */
  readonly featuresSeenAt: number[] = [];

  constructor(settings: Readonly<Record<string, string>> = {}) {
    this.#bench.close();
    const { storage, start } = this.#bench.open();
    if (start === null) throw new Error('it is formed');
    const { time } = this.#bench;
    this.node = new QuorumNode(
      {
        clock: time,
        timers: {
          after: (delayMs, callback) => {
            if (delayMs > 0 || this.#turns === null) return time.after(delayMs, callback);
            this.#turns.push(callback);
            return { cancel: quiet };
          },
        },
        random: { uint32: () => 1, bytes: (size) => new Uint8Array(size).fill(7) },
        log: {
          debug: quiet,
          info: (fields, message) => void this.lines.push(['info', message, fields]),
          warn: (fields, message) => void this.lines.push(['warn', message, fields]),
          error: quiet,
        },
        settings: new Settings(new Map(Object.entries(settings))),
        self: SELF,
        clusterId: CLUSTER,
        storage,
        send: (message) => void this.#sent.push(message),
        onFatal: (message) => void this.fatals.push(message),
        isAlive: () => true,
        isSlow: () => false,
        onDecided: quiet,
        onFeatures: () => void this.featuresSeenAt.push(this.node.offset),
        onActive: (controller) => void this.changes.push(controller !== null),
        bugs: NO_RAFT_BUGS,
        metadataBugs: NO_METADATA_BUGS,
      },
      { raft: start, snapshot: null },
    );
  }

  /** Time passes; the others hear what was sent, and agree. */
  pass(ms: number, agree = true): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.#bench.time.advance(10);
      this.#bench.time.settle();
      for (const message of this.#sent.splice(0)) {
        const answer = agree ? agreementWith(message) : null;
        if (answer !== null) this.node.host.receive(answer);
      }
    }
  }

  /** The leader of a term says that these are committed, behind what it said before. */
  hear(term: number, bodies: readonly EntryBody[], from = 1): void {
    const entries = bodies.map((body, i): Entry => ({ index: from + i, term, body }));
    const previous = { index: from - 1, term: from === 1 ? 0 : term };
    const committedIndex = from - 1 + entries.length;
    this.node.host.receive({ ...HEAD, kind: 'append', term, previous, entries, committedIndex, round: 1 });
    this.#bench.time.settle();
    this.#sent.length = 0;
  }

  /** The leader of a term sends its state at an index and a metadata offset. */
  takeOver(term: number, index: number, offset: number): void {
    const payload = Buffer.from(encodeRecords([{ kind: 'cluster', clusterId: CLUSTER }]));
    const checkpoint = { place: { index, term }, voters: THREE, offset, payload };
    const { chunks, sizeInBytes } = encodeCheckpoint(checkpoint, crc32c);
    const meta = { place: checkpoint.place, voters: THREE, sizeInBytes };
    const data = Buffer.concat(chunks);
    this.node.host.receive({ ...HEAD, kind: 'snapshot', term, meta, position: 0, data, round: 1 });
    this.#bench.time.settle();
  }

  /** Somebody watches what follows an offset. */
  watch(offset: number): { readonly got: WatchResponse[]; readonly ends: unknown[] } {
    const [got, ends]: [WatchResponse[], unknown[]] = [[], []];
    const end = (failure: unknown): void => void ends.push(failure);
    this.node.feed.watch(
      { send: (message) => void got.push(message), queuedBytes: () => 0, onDrain: quiet, end },
      offset,
    );
    return { got, ends };
  }

  /** How much of what takes more than one turn is held back. */
  get heldCount(): number {
    return this.#turns?.length ?? 0;
  }

  /** Whatever takes more than one turn stops after the first, or goes on. */
  hold(isHeld: boolean): void {
    const turns = this.#turns ?? [];
    this.#turns = isHeld ? [] : null;
    for (const turn of turns) turn();
    this.#bench.time.settle();
  }

  /** The offset of the snapshot on its disk, and how many records are in it. */
  stored(): unknown {
    let found: unknown;
    this.#bench.storage.readSnapshot(({ offset, payload }) => {
      found = { offset, count: decodeRecords(payload).length };
    });
    this.#bench.time.settle();
    return found;
  }

  stop(): void {
    this.node.stop(quiet);
    this.#bench.time.settle();
  }

  active(): NonNullable<QuorumNode['active']> {
    const { active } = this.node;
    if (active === null) throw new Error('it decides nothing');
    return active;
  }
}

test('a leader whose proposal was refused decides again when all that it had proposed is committed, not before (C3)', () => {
  const scene = new Scene();
  scene.pass(3000);
  const { node } = scene;
  const registered = (): number[] =>
    scene
      .active()
      .image.controllers()
      .map(({ id }) => id);
  expect(registered()).toEqual([]);
  const outcomes: unknown[] = [];
  node.host.ask({ kind: 'read' }, () => {
    node.submit(registration(5), quiet);
    // What is asked for in between is refused when it comes to it.
    node.host.ask({ kind: 'transfer', to: 2 }, quiet);
    node.submit(registration(6), (outcome) => outcomes.push(outcome));
  });
  scene.pass(200);
  expect(outcomes).toEqual([null]);
  // Nobody takes over.
  scene.pass(3000);
  expect(registered()).toEqual([5]);
});

test('a leader whose proposal was refused while nothing waited to be committed decides again at once', () => {
  const scene = new Scene();
  scene.pass(3000);
  const { node } = scene;
  const outcomes: unknown[] = [];
  node.host.ask({ kind: 'read' }, () => {
    node.host.ask({ kind: 'transfer', to: 2 }, quiet);
    node.submit(registration(5), (outcome) => outcomes.push(outcome));
  });
  // Nobody takes over, and nothing more is committed by itself.
  scene.pass(3000);
  node.submit(registration(6), (outcome) => outcomes.push(outcome?.errorCode));
  scene.pass(500);
  expect(outcomes).toEqual([null, 0]);
});

test('a controller that another one leads decides nothing any more, nor does one that has stopped', () => {
  const scene = new Scene();
  scene.pass(3000);
  expect([scene.node.active === null, scene.changes]).toEqual([false, [true]]);
  scene.hear(9, []);
  expect([scene.node.active, scene.node.controllerId, scene.changes]).toEqual([null, 2, [true, false]]);
  scene.pass(3000);
  expect(scene.changes).toEqual([true, false, true]);
  scene.stop();
  expect([scene.node.active, scene.changes]).toEqual([null, [true, false, true, false]]);
});

test('the metadata of another cluster is not decided upon', () => {
  const scene = new Scene();
  scene.hear(1, [NO_OP, batchOf({ kind: 'cluster', clusterId: sampleId(1) })]);
  scene.pass(3000);
  expect(scene.fatals).toEqual([
    `the metadata is that of cluster ${sampleId(1)}, the data directory that of ${CLUSTER}`,
  ]);
  expect(scene.changes).toEqual([]);
});

test('the first to decide for a cluster that lacks the min.insync.replicas of all brokers gives it one (I14)', () => {
  const scene = new Scene({ 'min.insync.replicas': '2' });
  const features = ['weir.version', 'eligible.leader.replicas.version'].map(
    (name, at): MetadataRecord => ({ kind: 'feature', name, level: 3 - 2 * at }),
  );
  scene.hear(1, [NO_OP, batchOf({ kind: 'cluster', clusterId: CLUSTER }, ...features)]);
  scene.pass(3000);
  expect(scene.node.image.configOverrides('cluster', '').get('min.insync.replicas')).toBe('2');
});

describe('a min.insync.replicas of all brokers that nobody asked for is told of', () => {
  const told = (settings: Readonly<Record<string, string>>): unknown[] => {
    const scene = new Scene(settings);
    scene.pass(3000);
    return scene.lines.filter((line) => JSON.stringify(line).includes('min.insync.replicas'));
  };

  test('with where it comes from', () => {
    const fromFile = expect.stringMatching(/what the settings of this controller say$/);
    expect(told({ 'min.insync.replicas': '2' })).toEqual([['info', fromFile, { value: 2 }]]);
    expect(told({})).toEqual([['info', expect.stringMatching(/is the default .* name none$/), { value: 1 }]]);
  });

  test('as a warning where a controller without brokers has none', () => {
    const message = expect.stringMatching(/is the default .* of brokers .* kafka-configs/);
    expect(told({ 'process.roles': 'controller' })).toEqual([['warn', message, { value: 1 }]]);
  });

  test('not when somebody gives it another value, or it has one', () => {
    const scene = new Scene({ 'min.insync.replicas': '2' });
    const feature: MetadataRecord = { kind: 'feature', name: 'weir.version', level: 2 };
    scene.hear(1, [NO_OP, batchOf({ kind: 'cluster', clusterId: CLUSTER }, feature)]);
    scene.pass(3000);
    const operations = [{ name: 'min.insync.replicas', operation: 'set', value: '3' }] as const;
    const resources = [{ scope: 'cluster', name: '', operations }] as const;
    scene.node.submit({ kind: 'alterConfigs', resources, validateOnly: false }, quiet);
    scene.pass(500);
    const codes: unknown[] = [];
    scene.node.submit(registration(5), (outcome) => codes.push(outcome?.errorCode));
    scene.pass(500);
    expect(codes).toEqual([ErrorCode.NONE]);
    expect(scene.node.image.configOverrides('cluster', '').get('min.insync.replicas')).toBe('3');
    expect(JSON.stringify(scene.lines)).not.toContain('min.insync');
  });
});

test('features may be other ones behind a batch that changes them, and behind a snapshot', () => {
  const scene = new Scene();
  const feature: MetadataRecord = { kind: 'feature', name: 'weir.version', level: 2 };
  scene.hear(1, [NO_OP, batchOf({ kind: 'cluster', clusterId: CLUSTER }), topic(1), batchOf(feature), topic(2)]);
  scene.takeOver(1, 20, 70);
  scene.hear(1, [topic(3)], 21);
  expect(scene.featuresSeenAt).toEqual([2, 70]);
});

test('replicas are moved from weir.version 3 on, and whoever wants it sooner is told so', () => {
  const scene = new Scene();
  const feature: MetadataRecord = { kind: 'feature', name: 'weir.version', level: 2 };
  scene.hear(1, [NO_OP, batchOf({ kind: 'cluster', clusterId: CLUSTER }, feature)]);
  scene.pass(3000);
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const timers = { after: () => ({ cancel: quiet }) };
  const mover = new ReplicaMover({ timers, log, settings: new Settings(new Map()) }, scene.active());
  const told: unknown[] = [];
  mover.drain(1, (outcome) => told.push(outcome));
  mover.rebalance((outcome) => told.push(outcome));
  scene.pass(500);
  const errorMessage = expect.stringMatching(/from weir\.version 3 on, the cluster is at 2: raise it with/);
  const refused = { errorCode: ErrorCode.UNSUPPORTED_VERSION, errorMessage, waitingCount: 0, movingCount: 0 };
  expect(told).toMatchObject([refused, refused]);
});

test('nothing is applied behind a record that this release does not know (B4)', () => {
  const scene = new Scene();
  const unknown: EntryBody = { kind: 'batch', payload: Uint8Array.of(0x7f, 0xff, 0, 0, 0, 0, 0, 0) };
  scene.hear(1, [NO_OP, batchOf({ kind: 'cluster', clusterId: CLUSTER }), unknown, topic(1)]);
  expect(scene.fatals).toEqual([expect.stringContaining('is not known to this release')]);
  expect([scene.node.offset, scene.node.image.topicNames()]).toEqual([0, []]);
});

test('who watches a controller that is no voter any more is told to look elsewhere', () => {
  const scene = new Scene();
  const { ends } = scene.watch(-1);
  scene.hear(1, [NO_OP, { kind: 'voters', voters: THREE.slice(0, 2) }]);
  expect(ends).toEqual([]);
  scene.hear(1, [{ kind: 'voters', voters: THREE.slice(1) }], 3);
  expect(ends).toEqual([expect.objectContaining({ code: 'unavailable' })]);
});

test('entries are told in metadata offsets, which count records, also behind a snapshot (V12)', () => {
  const scene = new Scene();
  scene.hear(1, [NO_OP, batchOf({ kind: 'cluster', clusterId: CLUSTER }), topic(1), topic(2)]);
  const offsets = (...indexes: number[]): number[] => indexes.map((index) => scene.node.offsetAt(index));
  expect(offsets(0, 1, 2, 3, 4)).toEqual([-1, -1, 0, 1, 2]);
  // What is not committed yet may be anything; there is nothing before it that is not told.
  expect(offsets(5)).toEqual([2]);
  const { got } = scene.watch(2);
  scene.takeOver(1, 20, 70);
  scene.hear(1, [topic(3), topic(4)], 21);
  expect(offsets(4, 19, 20, 21, 22)).toEqual([-1, -1, 70, 71, 72]);
  scene.pass(50, false);
  // What it has does not lead to the new state.
  expect(got.filter(({ kind }) => kind !== 'controller')).toMatchObject([{ kind: 'snapshot', offset: 72 }]);
});

test('a log that has grown is kept as a snapshot, behind which entries are told as before', () => {
  const scene = new Scene({ 'metadata.log.max.record.bytes.between.snapshots': '1000' });
  const topics = Array.from({ length: 60 }, (_, number) => topic(number));
  scene.hear(1, [NO_OP, batchOf({ kind: 'cluster', clusterId: CLUSTER }), ...topics]);
  scene.pass(50, false);
  const { index } = scene.node.host.state.log.snapshot.place;
  expect(index).toBeGreaterThan(0);
  expect([index - 1, index].map((one) => scene.node.offsetAt(one))).toEqual([-1, index - 2]);
  scene.hear(1, [topic(100)], 63);
  expect([62, 63].map((one) => scene.node.offsetAt(one))).toEqual([60, 61]);
});

describe('while the state is encoded over many turns', () => {
  const many = Array.from({ length: 500 }, (_, number) => topic(number));

  function encoding(): Scene {
    const scene = new Scene({ 'metadata.log.max.record.bytes.between.snapshots': '1000' });
    scene.hold(true);
    scene.hear(1, [NO_OP, batchOf({ kind: 'cluster', clusterId: CLUSTER }), ...many]);
    expect(scene.node.host.state.log.snapshot.place.index).toBe(0);
    return scene;
  }

  test('what is committed meanwhile is not in the snapshot, which is that of one offset', () => {
    const scene = encoding();
    scene.hear(1, [topic(900), topic(901)], 503);
    scene.hold(false);
    scene.pass(50, false);
    expect(scene.node.host.state.log.snapshot.place.index).toBe(502);
    expect(scene.stored()).toEqual({ offset: 500, count: 501 });
  });

  test('whoever asks for it then waits for the one that is made, and nobody waits for the next', () => {
    const scene = new Scene();
    scene.hear(1, [NO_OP, batchOf({ kind: 'cluster', clusterId: CLUSTER }), ...many]);
    scene.hold(true);
    const got: number[] = [];
    for (let asked = 0; asked < 3; asked += 1) scene.node.snapshot(({ offset }) => void got.push(offset));
    expect(scene.heldCount).toBe(1);
    scene.hold(false);
    scene.pass(50, false);
    scene.node.snapshot(({ offset }) => void got.push(offset));
    scene.pass(50, false);
    expect(got).toEqual([500, 500, 500, 500]);
  });

  test('a snapshot of the leader that comes meanwhile is what entries are told behind', () => {
    const scene = encoding();
    scene.takeOver(1, 600, 7000);
    scene.hold(false);
    scene.pass(50, false);
    expect([599, 600].map((one) => scene.node.offsetAt(one))).toEqual([-1, 7000]);
  });
});

test('whoever watches hears who leads, each time that another one does', () => {
  const scene = new Scene();
  scene.pass(3000);
  const { got } = scene.watch(-1);
  scene.pass(10);
  scene.hear(9, []);
  scene.pass(10, false);
  const leaders = got.flatMap((message) => (message.kind === 'controller' ? [message.controllerId] : []));
  expect([leaders[0], leaders.at(-1)]).toEqual([SELF.id, HEAD.from.id]);
});

test('what waits to be committed when another leads is told at once that nobody knows what became of it', () => {
  const scene = new Scene();
  scene.pass(3000);
  const outcomes: unknown[] = [];
  scene.node.submit(registration(5), (outcome) => outcomes.push(outcome));
  scene.pass(30, false);
  expect(outcomes).toEqual([]);
  // It is in the log of the one that leads, whose end is told in metadata offsets too (V12).
  const { node } = scene;
  expect(node.offsetAt(node.host.state.log.lastIndex)).toBe(scene.active().image.offset);
  expect(scene.active().image.offset).toBeGreaterThan(node.offset);
  scene.hear(9, []);
  expect(outcomes).toEqual([null]);
});

test('a controller that votes is not forgotten, another one is (KIP-1312)', () => {
  const scene = new Scene();
  scene.pass(3000);
  const codes: unknown[] = [];
  for (const id of [2, 5]) {
    scene.node.submit(registration(id), quiet);
    scene.node.submit({ kind: 'unregisterController', controllerId: id }, (outcome) => codes.push(outcome?.errorCode));
    scene.pass(200);
  }
  expect(codes).toEqual([ErrorCode.INVALID_REQUEST, ErrorCode.NONE]);
});
