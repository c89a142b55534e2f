import { expect } from '@jest/globals';
import { type Cluster, FIRST_CONTROLLER_ID } from '../../operator/api/kinds.ts';
import { isDynamicSetting } from '../../operator/api/settings.ts';
import type { Observed } from '../../operator/core/observed.ts';
import { plan } from '../../operator/core/plan.ts';
import { wantedNodes } from '../../operator/core/plan-nodes.ts';
import { describeStep, type Step } from '../../operator/core/steps.ts';
import { cluster } from '../support/operator-manifests.ts';
import { PerfectCluster } from '../support/operator-model.ts';
import type { PartitionSample } from '../support/operator-partitions.ts';
import { fc } from '../support/properties.ts';

const WINDOWS = [{ start: '02:00', durationMinutes: 60, timeZone: 'UTC' }];
const NIGHT = Date.parse('2026-11-29T02:30:00Z');
const NOON = Date.parse('2026-11-29T12:00:00Z');

const REPLACE = 'weir.dev/replace-node';

/** A value with which no node comes up. */
const BAD = '4';

/** A partition of so many copies. */
export const copies = fc.record({
  kind: fc.constant('copies' as const),
  node: fc.nat(20),
  count: fc.integer({ min: 1, max: 3 }),
  minIsr: fc.integer({ min: 1, max: 3 }),
});

/** What happens to a cluster of several nodes. */
export const events = fc.oneof(
  fc.record({ kind: fc.constant('setting' as const), value: fc.constantFrom('1', '2', '3', BAD) }),
  fc.record({ kind: fc.constant('grow' as const), brokers: fc.integer({ min: 0, max: 2 }), controllers: fc.nat(2) }),
  fc.record({ kind: fc.constant('shrink' as const), brokers: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('fill' as const), node: fc.nat(20), replicas: fc.nat(5) }),
  copies,
  fc.record({ kind: fc.constant('crash' as const), node: fc.nat(20), disk: fc.constantFrom('kept', 'lost') }),
  fc.record({ kind: fc.constant('lead' as const), node: fc.nat(20) }),
  fc.record({ kind: fc.constant('refuse' as const), voter: fc.constantFrom(-1, 0, 1, 2, 1001, 1002) }),
  fc.record({ kind: fc.constant('restart' as const), value: fc.constantFrom('', 'a', 'b') }),
  fc.record({ kind: fc.constant('upgrade' as const), isNight: fc.boolean() }),
  fc.record({ kind: fc.constant('pause' as const), value: fc.constantFrom('true', 'false', 'what') }),
  fc.record({ kind: fc.constant('replace' as const), node: fc.constantFrom(-1, 0, 1, 2, 3, 5, FIRST_CONTROLLER_ID) }),
  fc.record({ kind: fc.constant('omit' as const), confirmed: fc.constantFrom('', '3') }),
  // Few, so that much happens at once, or so many that what was asked for is there.
  fc.record({ kind: fc.constant('steps' as const), count: fc.constantFrom(1, 2, 4, 40) }),
);
type Event = typeof events extends fc.Arbitrary<infer E> ? E : never;

/** What a planner sees of a cluster. */
export type Sight = (observed: Observed) => Observed;

/** Everything as it is. */
export const SHARP: Sight = (observed) => observed;

/** A cluster whose manifest changes and whose nodes fail while the planner works, one step at a time. */
export class Fleet {
  readonly world = new PerfectCluster('slow');
  #brokers: number;
  #controllers: number | null;
  #setting = '1';
  /** Whom the quorum does not take in, whoever asks for it. */
  #refused = -1;
  #omitsReplicas = false;
  readonly annotations = new Map<string, string>();
  /** The maintenance window is open. */
  isNight = true;
  /** Replicas that were put somewhere: none is ever lost. */
  replicas = 0;
  /** Whether a disk went since somebody asked for it. */
  #hasReplaced = false;
  readonly #sight: Sight;
  /** So many steps touched a node with partitions that others hold as well. */
  judgedCount = 0;

  constructor(brokers: number, controllers: number | null, sight = SHARP) {
    this.#brokers = brokers;
    this.#controllers = controllers;
    this.#sight = sight;
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
        // There is room for all copies.
        const { copiesMax } = this.world.partitions;
        this.#brokers = Math.max(least, copiesMax, this.#brokers - event.brokers);
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
      case 'copies': {
        const open = ids.filter((id) => this.#isOpen(id));
        const replicas = open.map((_, index) => open[(index + event.node) % open.length] ?? -1).slice(0, event.count);
        if (replicas.length > 0) this.world.partitions.add(replicas, Math.min(event.minIsr, replicas.length));
        break;
      }
      case 'crash':
        this.#crash(ids[event.node % ids.length] ?? -1, event.disk === 'lost' ? 'lost' : 'kept');
        break;
      case 'lead':
        this.world.leaderId = this.world.voters[event.node % Math.max(1, this.world.voters.length)]?.id ?? -1;
        break;
      case 'refuse':
        this.#refused = event.voter;
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

  #crash(id: number, disk: 'kept' | 'lost'): void {
    const isSpare = disk === 'kept' || this.world.partitions.isSpare(id);
    const isSafe = isSpare && this.world.isQuorate() && this.world.isQuorate(id);
    if (isSafe && this.world.nodes.get(id)?.isStopped === false) this.world.crash(id, disk);
  }

  /** Whether new partitions are placed on a node: on none that goes, since others may be too few for so many copies. */
  #isOpen(id: number): boolean {
    return id < this.#brokers && this.world.nodes.get(id)?.isReady === true && !this.world.draining.has(id);
  }

  get isPaused(): boolean {
    return ['true', 'what'].includes(this.annotations.get('weir.dev/pause') ?? '');
  }

  /** Nobody holds anything back any more, and the number of brokers is one that somebody wrote. */
  settle(): void {
    this.annotations.set('weir.dev/pause', '');
    this.isNight = true;
    this.#refused = -1;
    this.#setting = '1';
    this.#settleScale();
    const id = Number(this.annotations.get(REPLACE) || -1);
    const wanted = wantedNodes(this.cluster, isDynamicSetting);
    const isLone = this.#brokers === 1 || wanted[0]?.voters.join() === String(id) || !this.world.partitions.isSpare(id);
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
    // Each by itself: one that failed is held back, and the next one is carried out.
    for (const one of steps) this.#check(one);
    const step = steps.find((one) => one.kind !== 'AddVoter' || one.id !== this.#refused);
    if (step === undefined) {
      if (ready) return false;
      this.world.tick();
      return true;
    }
    const wasQuorate = this.world.isQuorate();
    const before = this.world.partitions.samples();
    const progress = this.world.carryOut(step);
    this.#checkPartitions(step, before);
    if (progress !== 'done') this.world.tick();
    if (step.kind === 'AddVoter' || step.kind === 'RemoveVoter') expect(this.world.isQuorate()).toBe(true);
    if (step.kind === 'Restart' && this.world.voters.length > 1) expect(this.world.isQuorate()).toBe(wasQuorate);
    return true;
  }

  plan() {
    const desired = { cluster: this.cluster, topics: [], shareGroups: [] };
    const observed = { ...this.world.observe(), nowMs: this.isNight ? NIGHT : NOON };
    const made = plan(desired, this.#sight(observed), isDynamicSetting);
    if (this.isPaused) expect(made.steps).toEqual([]);
    const count = (...kinds: readonly Step['kind'][]): number =>
      made.steps.filter((step) => kinds.includes(step.kind)).length;
    expect(count('Restart')).toBeLessThanOrEqual(1);
    const changed = made.steps.flatMap((one) =>
      one.kind === 'AddVoter' || one.kind === 'RemoveVoter' ? [one.id] : [],
    );
    expect(new Set(changed).size).toBe(changed.length);
    return made;
  }

  /**
   * No step takes a leader from a partition of several replicas, or one below `min.insync.replicas` where there are more of them than
   * that. All that was acknowledged stays where it may lead from; so many have it after a disk has gone as have to.
   */
  #checkPartitions(step: Step, before: ReadonlyMap<string, PartitionSample>): void {
    const what = describeStep(step);
    for (const [name, is] of this.world.partitions.samples()) {
      const was = before.get(name) ?? is;
      const { replicas, isr, elr, minIsr, leader, holders } = is;
      const needed = Math.min(minIsr, replicas.length - 1);
      const breaches = [
        ...(was.leader !== -1 && leader === -1 && replicas.length > 1 ? ['has no leader'] : []),
        ...(isr.length < Math.min(needed, was.isr.length) ? [`has ${isr.length} in sync, of ${needed}`] : []),
        ...([...isr, ...elr].some((id) => holders.includes(id)) ? [] : ['has lost what was acknowledged']),
        ...(step.kind === 'ReplaceDisk' && holders.length < Math.min(needed, was.holders.length)
          ? [`has ${holders.length} copies of what was acknowledged, of ${needed}`]
          : []),
      ];
      expect({ what, name, breaches }).toEqual({ what, name, breaches: [] });
      if (isr.join() !== was.isr.join() && replicas.length > 1) this.judgedCount += 1;
    }
  }

  /** What goes holds nothing and gets nothing more, and is no voter; nothing moves while one that stays is down. */
  #checkLeaving(step: Step): void {
    const { nodes, draining, voters } = this.world;
    const isUnconfirmed = this.#omitsReplicas && this.annotations.get('weir.dev/confirm-scale-down') !== '3';
    if (isUnconfirmed) expect(['Drain', 'RemoveNode', 'ForgetNode']).not.toContain(step.kind);
    if (step.kind === 'RemoveNode' || step.kind === 'ForgetNode') {
      expect(nodes.get(step.id)?.isStopped).toBe(step.kind === 'ForgetNode');
      expect(this.world.countOn(step.id)).toBe(0);
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
    // A controller that is neither broker nor voter has nothing that anybody would miss.
    const isMissed = (id: number): boolean => id < FIRST_CONTROLLER_ID || this.world.isServing(id);
    if (step.kind === 'Restart' && nodes.get(step.node.id)?.isReady === true && isMissed(step.node.id)) {
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
      expect(nodes.get(step.id)).toMatchObject({ isReady: true, ...(step.id < FIRST_CONTROLLER_ID && { lag: 0 }) });
    }
    if (step.kind === 'RemoveVoter') expect(step.directoryId).not.toBe(disk(step.id));
  }
}
