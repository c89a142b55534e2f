import { describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../operator/api/kinds.ts';
import {
  type AutoscaleMemory,
  judgeLoad,
  type Judged,
  NOTHING_SEEN,
  SAMPLE_MS,
  STALE_MS,
} from '../../../../operator/core/autoscale.ts';
import type { AdminObservation, BrokerLoad, GroupObservation } from '../../../../operator/core/observed.ts';
import { AUTOSCALE, cluster } from '../../../support/operator-manifests.ts';
import { PerfectCluster } from '../../../support/operator-model.ts';
import { fc } from '../../../support/properties.ts';

const DISK = 1_000_000_000;
const SESSIONS_MAX = 2_000;

/** What there is to do in all, and how it lies on brokers. */
interface Work {
  /** Bytes of logs. */
  logs: number;
  /** Data loops that it would take. */
  busy: number;
  bytesPerSecond: number;
  sessions: number;
  /** The part of a broker by its id, 1 for an even one. */
  skew: (id: number) => number;
}

const IDLE: Work = { logs: 0, busy: 0, bytesPerSecond: 0, sessions: 0, skew: () => 1 };

/** Brokers that do some work, and a judge that looks every ten seconds. */
class Scene {
  readonly work: Work = { ...IDLE };
  readonly groups = new Map<string, GroupObservation>();
  count: number;
  /** Null: it was not asked. */
  copiesMax: number | null = 3;
  diskBytes = DISK;
  volumeBytes: number | null = null;
  memory: AutoscaleMemory = NOTHING_SEEN;
  nowMs = 0;
  /** Brokers that don't tell. */
  readonly silent = new Set<number>();
  /** Starts of brokers. */
  readonly epochs = new Map<number, number>();
  readonly #totals = new Map<number, { busyMs: number; bytes: number; sinceMs: number }>();
  readonly #cluster: Cluster;
  readonly #annotations: Readonly<Record<string, string>>;

  constructor(count: number, spec: Parameters<typeof cluster>[1] = {}) {
    this.count = count;
    this.#annotations = spec.annotations ?? {};
    this.#cluster = cluster({}, { brokers: 3, autoscale: {}, ...spec, annotations: this.#annotations });
  }

  /** One look. */
  look({ isAsked = true } = {}): Judged {
    this.nowMs += SAMPLE_MS;
    const ids = Array.from({ length: this.count }, (_, id) => id);
    const loads = new Map(ids.filter((id) => !this.silent.has(id)).map((id) => [id, this.#loadOf(id)]));
    const { host } = new PerfectCluster().observe();
    const nodes = ids.map((id) => ({ ...NODE, id, volumeBytes: this.volumeBytes }));
    const admin: AdminObservation = {
      ...NO_ADMIN,
      groups: this.groups,
      ...(isAsked && { loads }),
      ...(this.copiesMax !== null && { copiesMax: this.copiesMax }),
    };
    const { autoscale = AUTOSCALE } = this.#cluster.spec.brokers;
    const look = { cluster: this.#cluster, autoscale, host: { ...host, nodes, floor: 3 }, admin, nowMs: this.nowMs };
    const judged = judgeLoad(this.memory, look);
    this.memory = judged.memory;
    return judged;
  }

  /** Looks for so long, or until something is decided; gives the last one. */
  looks(seconds: number): Judged {
    let judged = this.look();
    for (let left = seconds * 1000 - SAMPLE_MS; left > 0 && judged.change === null; left -= SAMPLE_MS)
      judged = this.look();
    return judged;
  }

  /** Does what was decided. Whatever is under way ends before it is judged again, with nothing remembered. */
  follow({ change }: Judged): number {
    this.count = change?.brokers ?? this.count;
    if (change !== null) this.memory = NOTHING_SEEN;
    return this.count;
  }

  #loadOf(id: number): BrokerLoad {
    const share = this.work.skew(id) / this.count;
    const total = this.#totals.get(id) ?? { busyMs: 0, bytes: 0, sinceMs: this.nowMs - SAMPLE_MS };
    const spanMs = this.nowMs - total.sinceMs;
    total.busyMs += this.work.busy * share * spanMs;
    total.bytes += (this.work.bytesPerSecond * share * spanMs) / 1000;
    total.sinceMs = this.nowMs;
    this.#totals.set(id, total);
    return {
      brokerEpoch: this.epochs.get(id) ?? 7,
      atMs: this.nowMs + 1_000_000 * id,
      busyMs: total.busyMs,
      receivedBytes: total.bytes / 2,
      sentBytes: total.bytes / 2,
      logBytes: this.work.logs * share,
      diskBytes: this.diskBytes,
      shareSessions: this.work.sessions * share,
      shareSessionsMax: SESSIONS_MAX,
    };
  }
}

const NODE = {
  specHash: '',
  phase: 'running',
  ready: true,
  address: null,
  directoryId: null,
  controlAddress: null,
  mark: null,
} as const;

const NO_ADMIN: AdminObservation = {
  brokers: [],
  unfenced: [],
  quorum: null,
  members: new Map(),
  obstacles: new Map(),
  losses: new Map(),
  topics: new Map(),
  groups: new Map(),
  config: new Map(),
};

const share = (members: number, backlog?: number): GroupObservation => ({
  type: 'share',
  members,
  ...(backlog === undefined ? {} : { backlog }),
  config: new Map(),
});

describe('the load of brokers', () => {
  it.each([
    ['logs on a disk', { logs: 0.71 * 3 * DISK }, 'the logs of broker 0 take 71 % of its disk'],
    ['time of the data loop', { busy: 0.61 * 3 }, 'broker 0 is busy for 61 % of the time'],
    ['share sessions', { sessions: 0.61 * 3 * SESSIONS_MAX }, 'broker 0 has 61 % of the share sessions that it takes'],
    ['bytes', { bytesPerSecond: 3 * 1_100_000 }, '1100000 bytes go through broker 0 each second'],
  ])('asks for one more when there are too many %s, a minute long', (_name, work, why) => {
    const scene = new Scene(3, { autoscale: { throughput: '1M' } });
    Object.assign(scene.work, work);
    // The first of them tells no rate yet.
    expect(scene.looks(70).change).toBeNull();
    expect(scene.look().change).toEqual({ brokers: 4, why: `4 brokers instead of 3: ${why}` });
  });

  it('asks for nothing where it is as high as it may be, by what the manifest says', () => {
    const scene = new Scene(3, { autoscale: { diskPercent: 80, loadPercent: 75, throughput: '2M' } });
    Object.assign(scene.work, { logs: 0.79 * 3 * DISK, busy: 0.74 * 3, bytesPerSecond: 3 * 1_990_000 });
    expect(scene.looks(300)).toMatchObject({ change: null, notes: [] });
  });

  it('is that of the busiest broker, not of all on average', () => {
    const scene = new Scene(4);
    Object.assign(scene.work, { logs: 0.4 * 4 * DISK, skew: (id: number) => (id === 2 ? 1.8 : 0.7) });
    expect(scene.looks(80).change?.why).toContain('the logs of broker 2 take 72 % of its disk');
  });

  it('that is high for a moment asks for nothing', () => {
    const scene = new Scene(3);
    for (let round = 0; round < 20; round += 1) {
      scene.work.busy = 0.9 * 3;
      expect(scene.looks(50).change).toBeNull();
      scene.work.busy = 0.5 * 3;
      expect(scene.looks(20).change).toBeNull();
    }
  });

  it('is told when maxReplicas are too few', () => {
    const scene = new Scene(4, { autoscale: { maxReplicas: 4 } });
    scene.work.busy = 4;
    expect(scene.looks(80)).toMatchObject({
      change: null,
      notes: [{ type: 'ScalingLimited', reason: 'AtMaxReplicas', resource: 'Cluster c' }],
    });
  });
});

it.each([
  [DISK, 2 * DISK],
  [2 * DISK, DISK],
])('a disk is as large as the smaller of volume and file system: %d, %d', (volumeBytes, diskBytes) => {
  const scene = new Scene(3);
  scene.work.logs = 0.71 * 3 * DISK;
  Object.assign(scene, { volumeBytes, diskBytes });
  expect(scene.looks(80).change).toMatchObject({ brokers: 4 });
});

describe('what is not known', () => {
  it('changes nothing, and is told after a minute', () => {
    const scene = new Scene(3);
    scene.work.busy = 3;
    scene.silent.add(1);
    expect(scene.looks(60)).toMatchObject({ change: null, notes: [] });
    expect(scene.looks(600)).toMatchObject({ change: null, notes: [{ type: 'ScalingHeld', reason: 'LoadUnknown' }] });
    scene.silent.clear();
    expect(scene.looks(70)).toMatchObject({ change: null, notes: [] });
    expect(scene.looks(10).change?.brokers).toBe(4);
  });

  it('is what was heard too long ago', () => {
    const scene = new Scene(3);
    scene.work.busy = 3;
    scene.looks(30);
    scene.silent.add(2);
    expect(scene.looks(STALE_MS / 1000).change?.brokers).toBeUndefined();
    expect(scene.looks(3600).change).toBeNull();
  });

  it('is how busy a broker is that started anew: its totals begin again', () => {
    const scene = new Scene(3);
    scene.looks(60);
    scene.epochs.set(0, 8);
    expect(scene.look().memory.unknownSinceMs).toBe(scene.nowMs);
    expect(scene.look().memory.unknownSinceMs).toBeNull();
  });

  it('is none of what was asked a moment ago: looks between questions count on', () => {
    const scene = new Scene(3);
    scene.work.busy = 3;
    scene.looks(20);
    for (let at = 0; at < 3; at += 1) expect(scene.look({ isAsked: false }).memory.moreSinceMs).not.toBeNull();
  });

  it('is the size of a disk that nobody tells', () => {
    const scene = new Scene(3);
    scene.diskBytes = 0;
    expect(scene.looks(30).memory.unknownSinceMs).not.toBeNull();
    scene.volumeBytes = DISK;
    expect(scene.look().memory.unknownSinceMs).toBeNull();
  });
});

describe('a broker that is not needed', () => {
  it('goes when the others can do without it for half an hour, with a margin', () => {
    const scene = new Scene(4);
    // Three would have 47 % each, of the 48 % that they may have with the margin.
    scene.work.busy = 0.47 * 3;
    expect(scene.looks(1_810).change).toBeNull();
    expect(scene.look().change).toMatchObject({ brokers: 3 });
    const close = new Scene(4);
    close.work.busy = 0.49 * 3;
    expect(close.looks(10_000).change).toBeNull();
  });

  it('stays when the load has been higher meanwhile', () => {
    const scene = new Scene(4);
    expect(scene.looks(1_800).change).toBeNull();
    scene.work.busy = 2;
    scene.look();
    scene.work.busy = 0;
    expect(scene.looks(1_800).change).toBeNull();
    expect(scene.looks(30).change).toMatchObject({ brokers: 3 });
  });

  it.each([
    ['the floor', {}, 3],
    ['a floor that is higher', { brokers: 5 }, 5],
    ['three, since a cluster of three doesn’t become smaller', { brokers: 1 }, 3],
  ])('stays where there would be fewer than %s', (_name, spec, count) => {
    const looked = (brokers: number): Judged => {
      const scene = new Scene(brokers, spec);
      scene.copiesMax = 1;
      return scene.looks(10_000);
    };
    expect(looked(count)).toMatchObject({ change: null, notes: [] });
    expect(looked(count + 1).change).toMatchObject({ brokers: count });
  });

  it('stays while some partition has a copy on each', () => {
    const scene = new Scene(5);
    scene.copiesMax = 5;
    expect(scene.looks(10_000).change).toBeNull();
    scene.copiesMax = 4;
    expect(scene.look().change).toMatchObject({ brokers: 4 });
  });

  it('is asked about before it goes', () => {
    const scene = new Scene(4);
    scene.looks(1_000);
    scene.copiesMax = null;
    expect(scene.looks(10_000)).toMatchObject({ change: null, asksCopies: true });
    scene.copiesMax = 4;
    expect(scene.look()).toMatchObject({ change: null, asksCopies: false });
    scene.copiesMax = null;
    // What was heard counts for a while, and is asked again before it is forgotten.
    expect(scene.looks(50)).toMatchObject({ asksCopies: false, memory: { copies: { max: 4 } } });
    expect(scene.looks(70)).toMatchObject({ asksCopies: true, memory: { copies: { max: 4 } } });
    expect(scene.look().memory.copies).toBeNull();
  });

  it('stays where scaleIn is Manual, which is told, until somebody confirms that number', () => {
    const manual = { autoscale: { scaleIn: 'Manual' } } as const;
    expect(new Scene(5, manual).looks(10_000)).toMatchObject({
      change: null,
      notes: [{ type: 'ScalingLimited', reason: 'ScaleInManual' }],
    });
    const confirmed = (brokers: string) =>
      new Scene(5, { ...manual, annotations: { 'weir.dev/confirm-scale-down': brokers } }).looks(10_000).change
        ?.brokers;
    expect([confirmed('5'), confirmed('4'), confirmed('3')]).toEqual([undefined, 4, 4]);
  });
});

/** What a load comes to while a share group that somebody reads falls behind. */
function judgedBehind(work: Partial<Work>, spec: Parameters<typeof cluster>[1] = {}): Judged {
  const scene = new Scene(4, spec);
  Object.assign(scene.work, work);
  expect(scene.looks(300).change).toBeNull();
  let backlog = 10_000;
  let judged = scene.look();
  for (let minute = 0; minute < 6 && judged.change === null; minute += 1) {
    backlog *= 1.2;
    scene.groups.set('workers', share(3, backlog));
    judged = scene.looks(60);
  }
  return judged;
}

describe('share groups that fall behind', () => {
  it.each<[string, (part: number) => readonly [Partial<Work>, Parameters<typeof cluster>[1]?]]>([
    ['time', (part) => [{ busy: 4 * 0.6 * part }]],
    ['sessions', (part) => [{ sessions: 4 * SESSIONS_MAX * 0.6 * part }]],
    ['bytes', (part) => [{ bytesPerSecond: 4e6 * part }, { autoscale: { throughput: '1M' } }]],
  ])('ask for a broker from two thirds of the %s on that one may have, and not before', (_what, load) => {
    expect(judgedBehind(...load(0.68)).change).toMatchObject({
      brokers: 5,
      why: expect.stringMatching(/, and share group workers falls behind$/),
    });
    expect(judgedBehind(...load(0.65)).change).toBeNull();
  });

  it('say nothing of disks, which are as full as they are', () => {
    expect(judgedBehind({ logs: 4 * DISK * 0.68 }).change).toBeNull();
  });

  it('ask for a broker while those that there are have two thirds of their load, and let none go', () => {
    const scene = new Scene(4);
    scene.work.busy = 0.41 * 4;
    expect(scene.looks(300).change).toBeNull();
    const grow = (members: number): Judged => {
      let backlog = 10_000;
      for (let minute = 0; minute < 4; minute += 1) {
        backlog *= 1.2;
        scene.groups.set('workers', share(members, backlog));
        const judged = scene.looks(60);
        if (judged.change !== null) return judged;
      }
      return scene.look();
    };
    // Nobody reads it: brokers can't help.
    expect(grow(0).change).toBeNull();
    expect(grow(3).change).toEqual({
      brokers: 5,
      why: '5 brokers instead of 4: broker 0 is busy for 41 % of the time, and share group workers falls behind',
    });
  });

  it('let no broker go, however little there is to do', () => {
    const scene = new Scene(4);
    let backlog = 10_000;
    for (let minute = 0; minute < 60; minute += 1) {
      backlog *= 1.2;
      scene.groups.set('workers', share(3, backlog));
      expect(scene.looks(60).change).toBeNull();
    }
  });

  it.each([
    ['of which it can’t be told', share(2)],
    ['whose members nobody tells', { type: 'share', config: new Map() } as GroupObservation],
  ])('keep brokers from going, and so do those %s', (_name, group) => {
    const scene = new Scene(4);
    scene.groups.set('workers', group);
    expect(scene.looks(10_000).change).toBeNull();
    scene.groups.set('workers', share(2, 10));
    expect(scene.looks(2_000).change).toMatchObject({ brokers: 3 });
  });
});

describe('decisions', () => {
  /** Work of some size, on brokers that have up to a tenth more or less than an even part. */
  const works = fc.record({
    logs: fc.double({ min: 0, max: 6, noNaN: true }),
    busy: fc.double({ min: 0, max: 6, noNaN: true }),
    sessions: fc.double({ min: 0, max: 6, noNaN: true }),
    skews: fc.array(fc.double({ min: 0.9, max: 1.1, noNaN: true }), { minLength: 12, maxLength: 12 }),
  });
  const begins = fc.record({
    floor: fc.integer({ min: 1, max: 5 }),
    count: fc.integer({ min: 1, max: 9 }),
    work: works,
  });

  const workOf = ({ logs, busy, sessions, skews }: typeof works extends fc.Arbitrary<infer W> ? W : never) => ({
    logs: logs * DISK,
    busy,
    sessions: sessions * SESSIONS_MAX,
    skew: (id: number) => skews[id] ?? 1,
  });

  it('go one way while the load is the same, one broker at a time, and end between floor and maxReplicas', () => {
    fc.assert(
      fc.property(begins, ({ floor, count, work }) => {
        const scene = new Scene(Math.max(floor, count), { brokers: floor, autoscale: { scaleInSeconds: 60 } });
        Object.assign(scene.work, workOf(work));
        const path = [scene.count];
        for (;;) {
          const judged = scene.looks(300);
          if (judged.change === null) break;
          path.push(scene.follow(judged));
          if (path.length > 20) throw new Error(`it never ends: ${path.join(' ')}`);
        }
        const ways = new Set(path.slice(1).map((to, at) => to - (path[at] ?? 0)));
        expect(ways.size).toBeLessThanOrEqual(1);
        expect([...ways].every((by) => Math.abs(by) === 1)).toBe(true);
        expect(Math.min(...path)).toBeGreaterThanOrEqual(Math.max(floor, Math.min(3, path[0] ?? 0)));
        expect(Math.max(...path)).toBeLessThanOrEqual(9);
      }),
    );
  });

  it('are made on nothing that is not known, and never sooner than the manifest says', () => {
    const looks = fc.array(fc.record({ work: works, silent: fc.nat(5) }), { minLength: 5, maxLength: 30 });
    fc.assert(
      fc.property(looks, (rounds) => {
        const scene = new Scene(4, { autoscale: { scaleInSeconds: 60 } });
        let knownSince: number | null = null;
        for (const { work, silent } of rounds) {
          Object.assign(scene.work, workOf(work));
          scene.silent.clear();
          if (silent < 4) scene.silent.add(silent);
          const judged = scene.look();
          const isKnown = judged.memory.unknownSinceMs === null;
          knownSince = isKnown ? (knownSince ?? scene.nowMs) : null;
          if (judged.change !== null) expect(scene.nowMs - (knownSince ?? scene.nowMs)).toBeGreaterThanOrEqual(60_000);
          scene.follow(judged);
          if (judged.change !== null) knownSince = null;
        }
      }),
    );
  });
});
