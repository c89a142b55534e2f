import { describe, expect, it } from '@jest/globals';
import { fc } from '../support/properties.ts';
import { type AnyResource, type Cluster, FIRST_CONTROLLER_ID } from '../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../operator/api/settings.ts';
import { type Desired, desiredOf, resolveOwnership } from '../../operator/core/desired.ts';
import { plan } from '../../operator/core/plan.ts';
import { wantedNodes } from '../../operator/core/plan-nodes.ts';
import type { Step } from '../../operator/core/steps.ts';
import { cluster, group, PerfectCluster, topic } from '../support/operator-model.ts';

const NAMES = ['a', 'b', 'c'] as const;
const STEPS_MAX = 200;

const name = fc.constantFrom(...NAMES);
const config = (...keys: string[]) =>
  fc.dictionary(fc.constantFrom(...keys), fc.constantFrom('1', '2')).map((one) => new Map(Object.entries(one)));
const topics = fc.record(
  {
    topicName: name,
    partitions: fc.integer({ min: 1, max: 3 }),
    replicationFactor: fc.integer({ min: 1, max: 3 }),
    config: config('retention.ms', 'segment.bytes'),
  },
  { requiredKeys: ['config'] },
);
const groups = fc.record(
  {
    groupId: name,
    topics: fc.uniqueArray(name, { minLength: 1 }),
    createTopics: fc.record({ partitions: fc.integer({ min: 1, max: 3 }) }, { requiredKeys: [] }),
    config: config('share.delivery.count.limit', 'share.auto.offset.reset'),
  },
  { requiredKeys: ['topics', 'config'] },
);
const manifests = fc
  .record({
    cluster: config('num.partitions', 'log.retention.ms').map((one) => cluster(Object.fromEntries(one))),
    topics: fc.array(topics, { maxLength: 4 }).map((all) => all.map((spec, index) => topic(`t${index}`, spec))),
    groups: fc
      .array(groups, { maxLength: 4 })
      .map((all) => all.map((spec, index) => group(`g${index}`, spec.topics, spec))),
  })
  .map((all): Desired => {
    const resources: AnyResource[] = [all.cluster, ...all.topics, ...all.groups];
    const [one] = desiredOf(resources);
    if (one === undefined) throw new Error('there is a Cluster');
    return one;
  });

function converge(desired: Desired, world: PerfectCluster): number {
  for (let taken = 0; taken < STEPS_MAX; taken += 1) {
    const [step] = plan(desired, world.observe(), isDynamicSetting).steps;
    if (step === undefined) return taken;
    world.carryOut(step);
  }
  throw new Error('the plan does not end');
}

describe('plans', () => {
  it('come to an end from any earlier manifests, and then are empty and ready', () => {
    fc.assert(
      fc.property(fc.array(manifests, { minLength: 1, maxLength: 3 }), (history) => {
        const world = new PerfectCluster();
        for (const desired of history) {
          converge(desired, world);
          expect(converge(desired, world)).toBe(0);
          expect(plan(desired, world.observe(), isDynamicSetting)).toMatchObject({ steps: [], ready: true });
        }
      }),
    );
  });

  it('never shrink a topic, and alter only topics that a Topic names', () => {
    fc.assert(
      fc.property(manifests, manifests, (before, after) => {
        const world = new PerfectCluster();
        converge(before, world);
        const old = new Map(world.topics);
        converge(after, world);
        const declared = new Set(after.topics.map((one) => one.spec.topicName ?? one.metadata.name));
        for (const [topicName, was] of old) {
          const is = world.topics.get(topicName);
          expect(is?.partitions).toBeGreaterThanOrEqual(was.partitions);
          if (!declared.has(topicName)) expect(is).toEqual(was);
        }
      }),
    );
  });

  it('begin a group once in each partition of its topics, where its settings say or at the first record', () => {
    fc.assert(
      fc.property(fc.array(manifests, { minLength: 1, maxLength: 3 }), (history) => {
        const world = new PerfectCluster();
        const resets = new Set(['earliest']);
        for (const desired of history) {
          for (const { spec } of desired.shareGroups)
            resets.add(spec.config.get('share.auto.offset.reset') ?? 'earliest');
          converge(desired, world);
          for (const [id, owner] of resolveOwnership(desired).groups) {
            const places = owner.spec.topics.flatMap((topicName) =>
              Array.from({ length: world.topics.get(topicName)?.partitions ?? 0 }, (_, n) => `${id} ${topicName}-${n}`),
            );
            expect(places.filter((place) => !world.begun.has(place))).toEqual([]);
          }
        }
        for (const [, starts] of world.begun) {
          expect(starts).toHaveLength(1);
          expect(resets.has(starts[0] ?? '')).toBe(true);
        }
      }),
    );
  });

  it('do not depend on the order in which manifests of different names are read', () => {
    fc.assert(
      fc.property(manifests, (desired) => {
        const ids = [...desired.topics.map((one) => one.spec.topicName ?? one.metadata.name)];
        fc.pre(new Set(ids).size === ids.length);
        const turned: Desired = { ...desired, topics: desired.topics.toReversed() };
        const [one, other] = [new PerfectCluster(), new PerfectCluster()];
        converge(desired, one);
        converge(turned, other);
        expect(other.topics).toEqual(one.topics);
      }),
    );
  });
});

const WINDOWS = [{ start: '02:00', durationMinutes: 60, timeZone: 'UTC' }];
const NIGHT = Date.parse('2026-11-29T02:30:00Z');
const NOON = Date.parse('2026-11-29T12:00:00Z');

const REPLACE = 'weir.dev/replace-node';

/** A value with which no node comes up. */
const BAD = '4';

/** What happens to a cluster of several nodes. */
const events = fc.oneof(
  fc.record({ kind: fc.constant('setting' as const), value: fc.constantFrom('1', '2', '3', BAD) }),
  fc.record({ kind: fc.constant('grow' as const), brokers: fc.integer({ min: 0, max: 2 }), controllers: fc.nat(2) }),
  fc.record({ kind: fc.constant('shrink' as const), brokers: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('fill' as const), node: fc.nat(20), replicas: fc.nat(5) }),
  fc.record({ kind: fc.constant('crash' as const), node: fc.nat(20), disk: fc.constantFrom('kept', 'lost') }),
  fc.record({ kind: fc.constant('lead' as const), node: fc.nat(20) }),
  fc.record({ kind: fc.constant('restart' as const), value: fc.constantFrom('', 'a', 'b') }),
  fc.record({ kind: fc.constant('upgrade' as const), isNight: fc.boolean() }),
  fc.record({ kind: fc.constant('pause' as const), value: fc.constantFrom('true', 'false', 'what') }),
  fc.record({ kind: fc.constant('replace' as const), node: fc.constantFrom(-1, 0, 1, 2, 3, 5, FIRST_CONTROLLER_ID) }),
  fc.record({ kind: fc.constant('omit' as const), confirmed: fc.constantFrom('', '3') }),
  // Few, so that much happens at once, or so many that what was asked for is there.
  fc.record({ kind: fc.constant('steps' as const), count: fc.constantFrom(1, 2, 4, 40) }),
);
type Event = typeof events extends fc.Arbitrary<infer E> ? E : never;

/** A cluster whose manifest changes and whose nodes fail while the planner works, one step at a time. */
class Fleet {
  readonly world = new PerfectCluster('slow');
  #brokers: number;
  #controllers: number | null;
  #setting = '1';
  #omitsReplicas = false;
  readonly annotations = new Map<string, string>();
  /** The maintenance window is open. */
  isNight = true;
  /** Replicas that were put somewhere: none is ever lost. */
  replicas = 0;
  /** Whether a disk went since somebody asked for it. */
  #hasReplaced = false;

  constructor(brokers: number, controllers: number | null) {
    this.#brokers = brokers;
    this.#controllers = controllers;
    this.world.badValue = BAD;
  }

  get cluster(): Cluster {
    const controllers = this.#controllers === null ? {} : { controllers: this.#controllers };
    const annotations = Object.fromEntries([...this.annotations].filter(([, value]) => value !== ''));
    const omitted = this.#omitsReplicas ? ({ omitsReplicas: true } as const) : {};
    const rest = { ...controllers, ...omitted, annotations, windows: WINDOWS };
    return cluster({ 'num.partitions': this.#setting }, { brokers: this.#brokers, ...rest });
  }

  take(event: Event): void {
    const ids = [...this.world.nodes.keys()].sort((a, b) => a - b);
    switch (event.kind) {
      case 'setting':
        this.#setting = event.value;
        break;
      case 'grow':
        this.#brokers += event.brokers;
        this.#omitsReplicas = false;
        if (this.#controllers !== null) this.#controllers = Math.min(5, this.#controllers + 2 * event.controllers);
        break;
      case 'shrink': {
        const least = this.#controllers === null && this.#brokers >= 3 ? 3 : 1;
        this.#brokers = Math.max(least, this.#brokers - event.brokers);
        this.#omitsReplicas = false;
        break;
      }
      case 'fill': {
        const id = ids.filter((one) => one < FIRST_CONTROLLER_ID)[event.node % ids.length] ?? -1;
        const node = this.world.nodes.get(id);
        if (node === undefined || this.world.draining.has(id)) break;
        this.replicas += event.replicas - node.replicas;
        this.world.fill(id, event.replicas);
        break;
      }
      case 'crash': {
        const id = ids[event.node % ids.length] ?? -1;
        const isSafe = this.world.isQuorate() && this.world.isQuorate(id);
        if (isSafe && this.world.nodes.get(id)?.isStopped === false)
          this.world.crash(id, event.disk === 'lost' ? 'lost' : 'kept');
        break;
      }
      case 'lead':
        this.world.leaderId = this.world.voters[event.node % Math.max(1, this.world.voters.length)]?.id ?? -1;
        break;
      case 'restart':
        this.annotations.set('weir.dev/restart', event.value);
        break;
      case 'upgrade':
        this.isNight = event.isNight;
        for (const node of this.world.nodes.values()) node.hasForeignMaking = true;
        break;
      case 'pause':
        this.annotations.set('weir.dev/pause', event.value);
        break;
      case 'replace':
        this.annotations.set(REPLACE, event.node < 0 ? '' : String(event.node));
        this.world.replacedDisk = null;
        this.#hasReplaced = false;
        break;
      case 'omit':
        // The default is 3 brokers.
        this.#omitsReplicas = true;
        this.#brokers = 3;
        this.annotations.set('weir.dev/confirm-scale-down', event.confirmed);
        break;
      case 'steps':
        for (let n = 0; n < event.count && this.step(); n += 1);
        break;
    }
  }

  get isPaused(): boolean {
    return ['true', 'what'].includes(this.annotations.get('weir.dev/pause') ?? '');
  }

  /** Nobody holds anything back any more, and the number of brokers is one that somebody wrote. */
  settle(): void {
    this.annotations.set('weir.dev/pause', '');
    this.isNight = true;
    this.#setting = '1';
    this.#settleScale();
    const id = Number(this.annotations.get(REPLACE) || -1);
    const wanted = wantedNodes(this.cluster, isDynamicSetting);
    const isLone = this.#brokers === 1 || wanted[0]?.voters.join() === String(id);
    // Nobody has a copy of what is on such a disk.
    if (isLone || !wanted.some((node) => node.id === id)) this.annotations.set(REPLACE, '');
  }

  #settleScale(): void {
    if (!this.#omitsReplicas) return;
    this.#omitsReplicas = false;
    const count = [...this.world.nodes.keys()].filter((id) => id < FIRST_CONTROLLER_ID).length;
    if ((this.annotations.get('weir.dev/confirm-scale-down') ?? '') === '') this.#brokers = Math.max(3, count);
  }

  /** Carries the next step out, or lets time pass; false when there is nothing left to do. */
  step(): boolean {
    const { steps, ready } = this.plan();
    const [step] = steps;
    if (step === undefined) {
      if (ready) return false;
      this.world.tick();
      return true;
    }
    this.#check(step);
    const wasQuorate = this.world.isQuorate();
    if (this.world.carryOut(step) !== 'done') this.world.tick();
    if (step.kind === 'AddVoter' || step.kind === 'RemoveVoter') expect(this.world.isQuorate()).toBe(true);
    if (step.kind === 'Restart' && this.world.voters.length > 1) expect(this.world.isQuorate()).toBe(wasQuorate);
    return true;
  }

  plan() {
    const desired = { cluster: this.cluster, topics: [], shareGroups: [] };
    const made = plan(desired, { ...this.world.observe(), nowMs: this.isNight ? NIGHT : NOON }, isDynamicSetting);
    if (this.isPaused) expect(made.steps).toEqual([]);
    const count = (...kinds: readonly Step['kind'][]): number =>
      made.steps.filter((step) => kinds.includes(step.kind)).length;
    expect(count('Restart')).toBeLessThanOrEqual(1);
    expect(count('AddVoter', 'RemoveVoter')).toBeLessThanOrEqual(1);
    return made;
  }

  /** What goes holds nothing and gets nothing more, and is no voter; nothing moves while one that stays is down. */
  #checkLeaving(step: Step): void {
    const { nodes, draining, voters } = this.world;
    const isUnconfirmed = this.#omitsReplicas && this.annotations.get('weir.dev/confirm-scale-down') !== '3';
    if (isUnconfirmed) expect(['Drain', 'RemoveNode', 'ForgetNode']).not.toContain(step.kind);
    if (step.kind === 'RemoveNode' || step.kind === 'ForgetNode') {
      expect(nodes.get(step.id)).toMatchObject({ replicas: 0, isStopped: step.kind === 'ForgetNode' });
      if (step.kind === 'RemoveNode') expect(draining.has(step.id)).toBe(true);
      expect(voters.map((voter) => voter.id)).not.toContain(step.id);
      expect(step.id).toBe(Math.max(...[...nodes.keys()].filter((id) => id < FIRST_CONTROLLER_ID)));
    }
    if (step.kind !== 'Drain') return;
    expect(step.ids.every((id) => id >= this.#brokers)).toBe(true);
    for (const [id, node] of nodes) if (id < this.#brokers) expect(node.isReady).toBe(true);
  }

  #isWanted(id: number): boolean {
    return id < this.#brokers || id >= FIRST_CONTROLLER_ID;
  }

  /** The disk that somebody named goes, once, and only while all others serve and one of them has a copy. */
  #checkReplacement({ id }: Extract<Step, { kind: 'ReplaceDisk' }>): void {
    const { nodes, voters, replacedDisk } = this.world;
    expect(String(id)).toBe(this.annotations.get(REPLACE));
    expect(this.#hasReplaced).toBe(false);
    const others = [...nodes].filter(([other]) => other !== id && this.#isWanted(other));
    expect(others.every(([, node]) => node.isReady)).toBe(true);
    if (voters.some((voter) => voter.id === id)) expect(this.world.isQuorate(id)).toBe(true);
    const copies = others.filter(([other, { lag }]) => other < FIRST_CONTROLLER_ID && lag === 0);
    if (id < FIRST_CONTROLLER_ID) expect(copies.length).toBeGreaterThan(0);
    this.#hasReplaced = replacedDisk?.id === id && replacedDisk.disk === `d${id}.${nodes.get(id)?.generation}`;
  }

  #check(step: Step): void {
    this.#checkLeaving(step);
    if (step.kind === 'ReplaceDisk') this.#checkReplacement(step);
    const { nodes, leaderId } = this.world;
    // Those of brokers and of controllers apart are not the same.
    const hashes = new Map(wantedNodes(this.cluster, isDynamicSetting).map(({ id, specHash }) => [id, specHash]));
    if (step.kind === 'Restart') {
      const isFailed = (node: NonNullable<ReturnType<typeof nodes.get>>): boolean =>
        this.world.isBad(node) &&
        !node.isReady &&
        !node.hasForeignMaking &&
        node.spec.specHash === hashes.get(node.spec.id) &&
        (step.node.restart === '' || node.spec.restart === step.node.restart);
      const failed = [...nodes].filter(([id, node]) => id !== step.node.id && this.#isWanted(id) && isFailed(node));
      expect(failed.map(([id]) => id)).toEqual([]);
    }
    if (step.kind === 'Restart' && nodes.get(step.node.id)?.isReady === true) {
      const others = [...nodes].filter(([id]) => id !== step.node.id && this.#isWanted(id));
      expect(others.every(([, node]) => node.isReady)).toBe(true);
      const outdated = others.filter(
        ([id, node]) =>
          node.spec.specHash !== hashes.get(id) ||
          node.hasForeignMaking === true ||
          (step.node.restart !== '' && node.spec.restart !== step.node.restart),
      );
      if (step.node.id === leaderId) expect(outdated).toEqual([]);
      const { spec } = nodes.get(step.node.id) ?? {};
      const isAsked = step.node.restart !== '' && spec?.restart !== step.node.restart;
      if (!isAsked && spec?.specHash === step.node.specHash) expect(this.isNight).toBe(true);
    }
    const disk = (id: number): string => `d${id}.${nodes.get(id)?.generation}`;
    if (step.kind === 'AddVoter') {
      expect(step.directoryId).toBe(disk(step.id));
      expect(nodes.get(step.id)).toMatchObject({ isReady: true, lag: 0 });
    }
    if (step.kind === 'RemoveVoter') expect(step.directoryId).not.toBe(disk(step.id));
  }
}

describe('plans for several nodes', () => {
  const shapes = fc.record({
    brokers: fc.integer({ min: 1, max: 5 }),
    controllers: fc.constantFrom(null, 1, 3, 5),
    isThere: fc.boolean(),
    events: fc.array(events, { maxLength: 12 }),
  });

  it('keep a quorum, take down one node that serves at a time, and end with the voters that are wanted', () => {
    fc.assert(
      fc.property(shapes, ({ brokers, controllers, isThere, events: happened }) => {
        const fleet = new Fleet(brokers, controllers);
        while (isThere && fleet.step());
        for (const event of happened) fleet.take(event);
        fleet.settle();
        for (let turn = 0; fleet.step(); turn += 1) expect(turn).toBeLessThan(STEPS_MAX);
        expect(fleet.plan()).toMatchObject({ steps: [], conditions: [], ready: true });
        const { nodes, voters } = fleet.world;
        const [wanted] = wantedNodes(fleet.cluster, isDynamicSetting);
        expect(voters.map((voter) => voter.id).sort((a, b) => a - b)).toEqual(wanted?.voters);
        for (const { id, directoryId } of voters) expect(directoryId).toBe(`d${id}.${nodes.get(id)?.generation}`);
        expect([...nodes.keys()].sort((a, b) => a - b)).toEqual(
          wantedNodes(fleet.cluster, isDynamicSetting).map(({ id }) => id),
        );
        expect([...nodes.values()].map((node) => node.mark).filter((mark) => mark !== null)).toEqual([]);
        expect(fleet.world.draining.size).toBe(0);
        expect([...nodes.values()].reduce((sum, node) => sum + node.replicas, 0)).toBe(fleet.replicas);
      }),
      {
        numRuns: 300,
        // One that is drained and down still holds what it held.
        examples: [
          [
            {
              brokers: 2,
              controllers: null,
              isThere: false,
              events: [
                { kind: 'steps', count: 4 },
                { kind: 'fill', node: 7, replicas: 1 },
                { kind: 'shrink', brokers: 1 },
                { kind: 'crash', node: 1, disk: 'kept' },
              ],
            },
          ],
        ],
      },
    );
  });
});
