// The operator of the chart over a longer time: what it leaves alone while records go through, and where brokers and disks come and go.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from '@jest/globals';
import { API_VERSION } from '../../operator/api/names.ts';
import type { KubernetesObject } from '../../operator/ports/kubernetes.ts';
import { at } from '../support/kubernetes/rendered.ts';
import type { Child } from '../wire/harness/child.ts';
import { GiveUp, waitFor } from '../wire/harness/wait.ts';
import { describeEntry, isChange } from './harness/audit.ts';
import { EXAMPLES } from './harness/charts.ts';
import type { ControlPlane } from './harness/control-plane.ts';
import type { Kubelet } from './harness/kubelet.ts';
import { objectsOf, podUidsOf } from './harness/listed.ts';
import { type Operated, startOperated } from './harness/operated.ts';
import { Programs } from './harness/programs.ts';
import { stepsOn } from './harness/step.ts';

const MINUTES = Number(process.env['WEIR_TEST_MINUTES'] ?? 1);
const QUIET_MS = 240_000 + MINUTES * 60_000;
const BOOTSTRAP = ['--bootstrap', 'quickstart-bootstrap.default.svc.cluster.local:9092'] as const;
const READY = ['--for=condition=Ready', '--timeout=120s'] as const;

let operated: Operated;
let plane: ControlPlane;
let kubelet: Kubelet;
let weir: Programs;

beforeAll(async () => {
  operated = await startOperated();
  ({ plane, kubelet } = operated);
  weir = new Programs(operated);
  await plane.kubectl('apply', '-f', join(EXAMPLES, 'quickstart.yaml'));
  for (const what of ['cluster.weir.dev/quickstart', 'sharegroup.weir.dev/workers'])
    await plane.kubectl('wait', what, ...READY);
}, 300_000);
afterAll(async () => {
  await weir?.stop();
  await operated?.stop();
}, 120_000);

const step = stepsOn(() => operated);

/** Applies what is declared, and waits for it. */
async function declare(...manifests: readonly (readonly [kind: string, name: string, spec: object])[]): Promise<void> {
  await plane.apply(
    ...manifests.map(([kind, name, spec]) => ({ apiVersion: API_VERSION, kind, metadata: { name }, spec })),
  );
  for (const [kind, name] of manifests) await plane.kubectl('wait', `${kind}.weir.dev/${name}`, ...READY);
}

/** Deletes these, the Cluster last, and waits until nothing of it is there. */
async function forget(cluster: string, ...members: readonly string[]): Promise<void> {
  for (const what of [...members, `cluster.weir.dev/${cluster}`]) await plane.kubectl('delete', what, '--timeout=120s');
  await waitFor('its objects are gone', async () => (await objectsOf(plane, cluster)).length === 0);
}

/** A figure of a ShareGroup may be written again so long after its status was. */
const SOFT_MS = 60_000;
/** For so long the member works, and for so long it stands still; looks come every 30 s, so that they find both. */
const TIDE_MS = 7_000;
const RECORDS_PER_SECOND = 100;

/** Records that come all the time, to a member that stands still half of it: there are none left, then many. */
class Tide {
  readonly taken = new Set<string>();
  put = 0;
  readonly #member: Child;
  readonly #putter: Child;
  readonly #timers: NodeJS.Timeout[] = [];
  #isStill = false;

  private constructor(member: Child, putter: Child, taken: Set<string>) {
    [this.#member, this.#putter, this.taken] = [member, putter, taken];
  }

  /** There is a member that has taken the first record and stands still, before as many others as this. */
  static async begin(count: number): Promise<Tide> {
    const taken = new Set<string>();
    const member = await weir.start(['take', 'workers', '--topic', 'jobs', ...BOOTSTRAP], (line) => taken.add(line));
    const tide = new Tide(member, await weir.start(['put', 'jobs', ...BOOTSTRAP]), taken);
    tide.#send(1);
    await waitFor('the member takes records', () => taken.size === 1);
    tide.#turn();
    tide.#send(count);
    return tide;
  }

  get left(): number {
    return this.put - this.taken.size;
  }

  /** Goes on until `end`. */
  flow(): void {
    const [sinceMs, before] = [Date.now(), this.put];
    const due = (): number => Math.floor(((Date.now() - sinceMs) * RECORDS_PER_SECOND) / 1000) + before;
    this.#turn();
    this.#timers.push(
      setInterval(() => this.#turn(), TIDE_MS),
      setInterval(() => this.#send(due() - this.put), 50),
    );
  }

  /** Nothing more comes, and everything is taken. */
  async end(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    if (this.#isStill) this.#turn();
    this.#putter.endInput();
    expect(await this.#putter.exited).toBe(0);
    await waitFor('all of them are taken', () => this.left === 0);
    await this.#member.stop();
  }

  #turn(): void {
    this.#isStill = !this.#isStill;
    this.#member.signal(this.#isStill ? 'SIGSTOP' : 'SIGCONT');
  }

  #send(count: number): void {
    for (let n = 0; n < count; n += 1) {
      this.put += 1;
      this.#putter.write(`${this.put}\n`);
    }
  }
}

step(
  'nothing is written while nothing changes, whatever goes through the cluster and however it swings',
  async () => {
    const tide = await Tide.begin(300);
    // A group is looked at twice a minute: that it has a member is told by then, with what lies before that.
    let told = Number.NaN;
    await waitFor('the group is known to be in use', async () => {
      const { status } = await plane.get('sharegroups.weir.dev', 'workers');
      told = Number(at(status, 'backlog'));
      return at(status, 'state') === 'Stable';
    });
    expect(Math.abs(told - 300)).toBeLessThan(50);
    tide.flow();
    const lefts: number[] = [];
    const timer = setInterval(() => lefts.push(tide.left), 500);
    try {
      await delay(SOFT_MS + 1_000);
      const [calm, before] = [await plane.audit(), tide.put];
      lefts.length = 0;
      await delay(MINUTES * 60_000);
      const changes = (await plane.audit()).slice(calm.length).filter(isChange);
      expect(changes.map(describeEntry)).toEqual([]);
      expect(tide.put - before).toBeGreaterThan(MINUTES * 600);
      // It was far from what is told, on either side.
      expect(Math.min(...lefts)).toBeLessThan(told / 2);
      expect(Math.max(...lefts)).toBeGreaterThan(told * 2);
    } finally {
      clearInterval(timer);
      await tide.end();
    }
  },
  QUIET_MS,
);

step('a broker that is killed comes back in its pod', async () => {
  const before = await podUidsOf(plane, 'quickstart');
  await kubelet.kill('quickstart-broker-1');
  await waitFor('it is ready again', async () => {
    const pod = await plane.get('pod', 'quickstart-broker-1');
    const status = at(pod, 'status', 'containerStatuses', 0);
    return at(status, 'restartCount') === 1 && at(status, 'ready') === true;
  });
  await plane.kubectl('wait', 'cluster.weir.dev/quickstart', ...READY);
  expect(await podUidsOf(plane, 'quickstart')).toEqual(before);
  await plane.kubectl('delete', '-f', join(EXAMPLES, 'quickstart.yaml'), '--timeout=120s');
});

step('every node of a cluster gets a new disk, one after the other, and no record is lost', async () => {
  const bootstrap = ['--bootstrap', 'moved-bootstrap.default.svc.cluster.local:9092'] as const;
  const clusterRef = { name: 'moved' };
  await declare(
    [
      'Cluster',
      'moved',
      {
        brokers: { replicas: 3, storage: { size: '1Gi' } },
        config: { 'default.replication.factor': '3', 'min.insync.replicas': '2' },
        storage: { onDelete: 'Delete' },
      },
    ],
    ['Topic', 'copied', { clusterRef, partitions: 3 }],
    ['ShareGroup', 'copiers', { clusterRef, topics: ['copied'] }],
  );
  const records = Array.from({ length: 200 }, (_, index) => `record ${index}`);
  await weir.says(['put', 'copied', ...bootstrap], `${records.join('\n')}\n`);

  const disks = async (): Promise<ReadonlyMap<string, string>> => {
    const { items } = await plane.get('pvc', '-l', 'weir.dev/cluster=moved');
    return new Map((items as readonly KubernetesObject[]).map(({ metadata: { name, uid = '' } }) => [name, uid]));
  };
  const first = await disks();
  expect(first.size).toBe(3);
  for (const id of [1, 0, 2]) {
    const before = await disks();
    const own = `data-moved-broker-${id}`;
    await plane.kubectl('annotate', '--overwrite', 'wcl', 'moved', `weir.dev/replace-node=${id}`);
    await waitFor(`node ${id} has another disk`, async () => {
      const after = await disks();
      return after.has(own) && after.get(own) !== before.get(own);
    });
    await plane.kubectl('wait', 'cluster.weir.dev/moved', ...READY);
    const after = await disks();
    expect([...after].filter(([name, uid]) => before.get(name) !== uid).map(([name]) => name)).toEqual([own]);
  }
  expect([...(await disks()).values()].filter((uid) => [...first.values()].includes(uid))).toEqual([]);
  const taken = await weir.says(['take', 'copiers', '--topic', 'copied', ...bootstrap, '--max', '200', '--idle', '30']);
  expect([...taken].sort()).toEqual([...records].sort());

  await forget('moved', 'topic.weir.dev/copied', 'sharegroup.weir.dev/copiers');
});

/** A cluster whose load decides how many brokers it has, three or four. */
const SCALED = 'scaled';
const AT_SCALED = ['--bootstrap', `${SCALED}-bootstrap.default.svc.cluster.local:9092`] as const;
const AUTOSCALE = { maxReplicas: 4, scaleIn: 'Drain', loadPercent: 90, scaleOutSeconds: 10, scaleInSeconds: 10 };
/** First words of what was put into topic `kept`. */
const kept: string[] = [];

async function keep(when: string): Promise<void> {
  const records = Array.from({ length: 50 }, (_, index) => `${when}-${index}`);
  kept.push(...records);
  await weir.says(['put', 'kept', ...AT_SCALED], `${records.join('\n')}\n`);
}

const becomes = (brokers: number): Promise<unknown> =>
  waitFor(
    `there are ${brokers} brokers, and nothing is left to be done`,
    async () => {
      const { spec, status } = await plane.get('wcl', SCALED);
      const ready = (at(status, 'conditions') as readonly object[]).find((one) => at(one, 'type') === 'Ready');
      if (at(spec, 'brokers', 'replicas') !== 3) throw new GiveUp('somebody wrote the spec');
      const counts = [at(status, 'replicas'), at(status, 'readyReplicas')];
      return counts.every((count) => count === brokers) && at(ready, 'status') === 'True';
    },
    { deadlineMs: 300_000, pollMs: 500 },
  );

/** Why brokers came. */
async function reasonsToGrow(): Promise<readonly string[]> {
  const { items } = await plane.get('events', '--field-selector', `involvedObject.name=${SCALED},reason=ScalingOut`);
  return (items as readonly KubernetesObject[]).map((one) => String(one['message']));
}

step('a disk that fills brings a broker, which goes when it is empty again', async () => {
  const clusterRef = { name: SCALED };
  await declare(
    [
      'Cluster',
      SCALED,
      {
        brokers: { replicas: 3, storage: { size: '32Mi' }, autoscale: AUTOSCALE },
        config: { 'default.replication.factor': '3', 'min.insync.replicas': '2' },
        storage: { onDelete: 'Delete' },
      },
    ],
    ['Topic', 'bulk', { clusterRef, partitions: 8, deletionPolicy: 'Delete' }],
    ['Topic', 'kept', { clusterRef, partitions: 4 }],
    ['ShareGroup', 'keepers', { clusterRef, topics: ['kept'] }],
  );
  await keep('before');
  // Three quarters of each disk.
  await weir.says(['put', 'bulk', ...AT_SCALED], `${'x'.repeat(50_000)}\n`.repeat(520));
  await becomes(4);
  expect(await reasonsToGrow()).toEqual([expect.stringMatching(/^4 brokers instead of 3: the logs of broker \d/)]);
  await keep('with');
  await plane.kubectl('delete', 'topic.weir.dev/bulk', '--timeout=60s');
  await becomes(3);
  await keep('without');
  const left = (await objectsOf(plane, SCALED)).filter((name) => name.endsWith('broker-3'));
  expect(left).toEqual([]);
});

step('so does traffic, for as long as it lasts, and no record is lost', async () => {
  const throughput = JSON.stringify({ spec: { brokers: { autoscale: { throughput: '50k' } } } });
  await plane.kubectl('patch', 'wcl', SCALED, '--type=merge', '-p', throughput);
  const putter = await weir.start(['put', 'kept', ...AT_SCALED]);
  // A hundred thousand bytes each second, which two others copy.
  const timer = setInterval(() => {
    const word = `rush-${kept.length}`;
    kept.push(word);
    putter.write(`${word} ${'x'.repeat(2_000)}\n`);
  }, 20);
  try {
    await becomes(4);
  } finally {
    clearInterval(timer);
    putter.endInput();
  }
  expect(await putter.exited).toBe(0);
  expect(await reasonsToGrow()).toContainEqual(
    expect.stringMatching(/^4 brokers instead of 3: \d+ bytes go through broker \d each second$/),
  );
  await becomes(3);
  const max = String(kept.length);
  const told = await weir.says(['take', 'keepers', '--topic', 'kept', ...AT_SCALED, '--max', max, '--idle', '30']);
  expect(told.map((line) => line.split(' ', 1)[0]).sort()).toEqual([...kept].sort());
  await forget(SCALED, 'topic.weir.dev/kept', 'sharegroup.weir.dev/keepers');
});
