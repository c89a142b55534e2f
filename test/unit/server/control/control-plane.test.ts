import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type {
  ChangeQuorumRequest,
  ChangeQuorumResponse,
  QuorumResponse,
} from '../../../../broker/ports/control-net.ts';
import { ControlWorld, creation } from '../../../support/metadata/control-world.ts';

describe('the control plane of one node', () => {
  test('forms a cluster on an empty directory, registers the broker and elects it', () => {
    const world = new ControlWorld(1);
    const life = world.ready();
    world.submit(life, creation('orders', 2));
    expect(life.plane.view.clusterId).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(life.plane.view.controllerId).toBe(0);
    expect(life.plane.view.brokers()).toMatchObject([{ id: 0, fenced: false, epoch: life.plane.brokerEpoch }]);
    expect(life.plane.view.topicByName('orders')?.partitions.map(({ leader }) => leader)).toEqual([0, 0]);
  });

  test('answers a command after its records are applied here (read-your-writes), and tells listeners before', () => {
    const world = new ControlWorld(1);
    const life = world.ready();
    const seen: string[] = [];
    life.plane.onDelta((delta) => seen.push(...delta.topicsCreated.map(({ name }) => `delta ${name}`)));
    life.plane.submit(creation('a'), 5000, () =>
      seen.push(`outcome, visible ${life.plane.view.topicByName('a') !== null}`),
    );
    expect(seen).toEqual([]);
    world.world.runFor(1000);
    expect(seen).toEqual(['delta a', 'outcome, visible true']);
  });

  test('answers a refusal that rests on an uncommitted change only after that change', () => {
    const world = new ControlWorld(1);
    const life = world.ready();
    const order: string[] = [];
    life.plane.submit(creation('a'), 5000, () => order.push('first'));
    life.plane.submit(creation('a'), 5000, (outcome) => {
      order.push(
        `second ${outcome.kind === 'createTopics' ? outcome.topics[0]?.errorCode : -1} ${life.plane.view.topicByName('a') !== null}`,
      );
    });
    world.world.runFor(1000);
    expect(order).toEqual(['first', `second ${ErrorCode.TOPIC_ALREADY_EXISTS} true`]);
  });

  test('writes commands that come together with few syncs', () => {
    const world = new ControlWorld(1);
    const life = world.ready();
    const before = world.disk.operationCounts.get('sync') ?? 0;
    let answered = 0;
    for (let count = 0; count < 200; count += 1) {
      life.plane.submit(creation(`t${count}`), 5000, () => {
        answered += 1;
      });
    }
    world.world.runFor(2000);
    expect(answered).toBe(200);
    // Those of the rounds, and of the mark that follows them.
    expect((world.disk.operationCounts.get('sync') ?? 0) - before).toBeLessThan(8);
  });

  test('tells of a quorum of one: itself, never behind, with offsets that count records (V12)', () => {
    const world = new ControlWorld(1);
    const life = world.ready();
    world.submit(life, creation('orders', 2));
    const response = world.wait<QuorumResponse | null>((done) => life.plane.describeQuorum(5000, done));
    const end = life.plane.view.offset + 1;
    expect(response).toMatchObject({ isLeader: true, leaderId: 0, leaderEpoch: 1, highWatermark: end, observers: [] });
    expect(response?.voters).toMatchObject([{ replica: { id: 0 }, logEndOffset: end }]);
    world.crash();
    const next = world.ready();
    const again = world.wait<QuorumResponse | null>((done) => next.plane.describeQuorum(5000, done));
    expect(again).toMatchObject({ leaderEpoch: 2, voters: [{ replica: response?.voters[0]?.replica }] });
  });

  test('lets nobody else into a quorum of one, and keeps its only voter', () => {
    const world = new ControlWorld(1);
    const life = world.ready();
    const quorum = world.wait<QuorumResponse | null>((done) => life.plane.describeQuorum(5000, done));
    const self = quorum?.voters[0]?.replica ?? { id: -1, directoryId: '' };
    const code = (change: ChangeQuorumRequest['change'], replica = self): number | undefined =>
      world.wait<ChangeQuorumResponse | null>((done) => life.plane.changeQuorum({ change, replica }, 5000, done))
        ?.errorCode;
    const stranger = { ...self, id: 5 };
    expect([code('add-voter'), code('add-voter', stranger)]).toEqual([
      ErrorCode.DUPLICATE_VOTER,
      ErrorCode.INVALID_REQUEST,
    ]);
    expect([code('remove-voter'), code('remove-voter', stranger)]).toEqual([
      ErrorCode.VOTER_NOT_FOUND,
      ErrorCode.VOTER_NOT_FOUND,
    ]);
    expect([code('transfer'), code('transfer', stranger)]).toEqual([ErrorCode.NONE, ErrorCode.VOTER_NOT_FOUND]);
  });

  test('gives REQUEST_TIMED_OUT when the controller does not answer in time, and no answer after it', () => {
    const world = new ControlWorld(1);
    const life = world.ready();
    const outcomes: unknown[] = [];
    life.plane.submit(creation('late'), 0.001, (outcome) => outcomes.push([outcome.kind, outcome.errorCode]));
    world.world.runFor(5000);
    expect(outcomes).toEqual([['failed', ErrorCode.REQUEST_TIMED_OUT]]);
    expect(life.plane.view.topicByName('late')).not.toBeNull();
  });

  test('begins each life with the stored metadata and none of its leaderships (D5)', () => {
    const world = new ControlWorld(1);
    const first = world.ready();
    world.submit(first, creation('a'));
    world.crash();
    const second = world.start();
    world.wait<string | null>((done) => world.register(second, done));
    expect(second.plane.view.topicByName('a')?.partitions[0]).toMatchObject({ leader: -1, leaderEpoch: 1 });
    world.wait<string | null>((done) => second.plane.unfence(done));
    expect(second.plane.view.topicByName('a')?.partitions[0]).toMatchObject({ leader: 0, leaderEpoch: 2 });
    expect(second.plane.brokerEpoch).toBeGreaterThan(first.plane.brokerEpoch);
  });

  test('stops once: the broker is fenced in the metadata, and a second end is not told', () => {
    const world = new ControlWorld(1);
    const life = world.ready();
    let stopped = 0;
    life.plane.shutdown(() => {
      stopped += 1;
    });
    world.world.runFor(5000);
    life.plane.lost('the thread ended');
    expect(stopped).toBe(1);
    expect(life.fatal).toBeNull();
    expect(life.plane.view.brokers()[0]?.fenced).toBe(true);
  });

  test('tells the data isolate when the control isolate is lost', () => {
    const world = new ControlWorld(1);
    const life = world.ready();
    life.plane.lost('the thread ended');
    expect(life.fatal).toBe('the thread ended');
  });
});

describe('health', () => {
  test('a data loop that turns is live; one that hangs is not, until it turns again', () => {
    const world = new ControlWorld(1, { 'weir.loop.stall.ms': '2000' });
    const life = world.ready();
    world.world.runFor(10_000);
    expect(life.node.live()).toEqual([]);
    life.plane.lost('stand-in for a hang: no beats any more');
    world.world.runFor(1500);
    expect(life.node.live()).toEqual([]);
    world.world.runFor(1500);
    expect(life.node.live()).toEqual([expect.stringMatching(/^the data loop has not turned for [23]\d\d\d ms$/)]);
    life.link.send({ kind: 'beat', offset: life.plane.view.offset, atMs: 0, diskStalledMs: 0 });
    world.world.runFor(300);
    expect(life.node.live()).toEqual([]);
  });

  test('readiness and figures come from the data isolate, and without it in a second anyway', () => {
    const world = new ControlWorld(1);
    const life = world.ready();
    const ready = () => world.wait<readonly string[]>((done) => life.node.askReady(done));
    expect(ready()).toEqual(['starting']);
    const sample = { name: 'x', help: '', type: 'gauge', labels: {}, value: 1 } as const;
    life.plane.setHealth({ ready: () => [], metrics: () => [sample], load: () => null, diskStalledMs: () => 0 });
    expect(ready()).toEqual([]);
    const names = world
      .wait<readonly { readonly name: string }[]>((done) => life.node.askMetrics(done))
      .map(({ name }) => name);
    expect(names).toEqual([
      'weir_data_loop_stalled_seconds',
      'weir_clock_offset_seconds',
      'weir_metadata_committed_index',
      'weir_metadata_log_bytes',
      'weir_metadata_offset',
      'weir_quorum_term',
      'weir_quorum_leader_id',
      'weir_quorum_is_leader',
      'weir_quorum_voters',
      'weir_quorum_log_end_index',
      'x',
    ]);
    life.link.onMessage(() => undefined);
    expect(ready()).toEqual(['the data isolate does not answer']);
  });
});

describe('the identity of a data directory (V11)', () => {
  const outcome = (world: ControlWorld, fixed: Readonly<Record<string, string>> = {}): string | null => {
    const life = world.start(fixed);
    let registered = false;
    world.register(life, () => {
      registered = true;
    });
    world.world.runUntil(() => registered || life.fatal !== null, 60_000);
    world.crash(true);
    return life.fatal;
  };

  test('is kept: cluster id and directory id are the same in every life', () => {
    const world = new ControlWorld(1);
    expect(outcome(world)).toBeNull();
    const before = world.disk.peek('data/meta.properties')?.toString();
    expect(before).toMatch(
      /^version=1\ncluster.id=.{22}\nnode.id=0\ndirectory.id=.{22}\nweir.metadata.log=begun\nweir.crc32c=[0-9a-f]{8}\n$/,
    );
    expect(outcome(world)).toBeNull();
    expect(world.disk.peek('data/meta.properties')?.toString()).toBe(before);
  });

  test('takes the cluster id that it is given, and later no other', () => {
    const world = new ControlWorld(1);
    const clusterId = 'qwGLBdpSY2s3GqYrkIVg7w';
    expect(outcome(world, { 'weir.cluster.id': clusterId })).toBeNull();
    expect(outcome(world, { 'weir.cluster.id': clusterId })).toBeNull();
    expect(outcome(world, { 'weir.cluster.id': 'AwGLBdpSY2s3GqYrkIVg7w' })).toBe(
      `data belongs to cluster ${clusterId}, not to AwGLBdpSY2s3GqYrkIVg7w`,
    );
  });

  test('of another node is refused', () => {
    const world = new ControlWorld(1);
    outcome(world);
    expect(outcome(world, { 'node.id': '3' })).toBe('data belongs to node 0, not to node 3');
  });

  test('that is damaged, missing beside data or of a newer format is refused', () => {
    const world = new ControlWorld(1);
    outcome(world);
    world.disk.poke('data/meta.properties', 0, Buffer.from('version=2'));
    expect(outcome(world)).toMatch(
      /^data\/meta.properties has version 2; this release reads version 1; start the release of Weir that wrote it/,
    );
    world.disk.poke('data/meta.properties', 0, Buffer.from('version=1\ncluster.ix'));
    expect(outcome(world)).toMatch(/meta.properties is damaged/);
    world.disk.vanish('data/meta.properties');
    expect(outcome(world)).toBe('data holds data, but no meta.properties that says whose it is');
  });

  test('with logs but without metadata is refused: the metadata was lost', () => {
    const world = new ControlWorld(1);
    outcome(world);
    world.wait<unknown>((done) => world.disk.makeDirectory('data/orders-0', done));
    world.disk.vanish('data/__cluster_metadata-0');
    expect(outcome(world)).toBe('data holds logs, but its cluster metadata (__cluster_metadata-0) is missing');
  });
});
