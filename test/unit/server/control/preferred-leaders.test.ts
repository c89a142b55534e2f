import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { MetadataCommand } from '../../../../broker/core/metadata/commands.ts';
import type { InternalCommand } from '../../../../broker/core/metadata/internal-commands.ts';
import type { Controller } from '../../../../broker/server/control/controller.ts';
import { PreferredLeaders } from '../../../../broker/server/control/quorum/preferred-leaders.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

const REGULAR = { kind: 'electLeaders', electionType: 'preferred', partitions: null };

/** The duty of an active controller of two brokers; 0 is the first replica of `of0`, 1 of `of1`, and both are in sync. */
class Bench {
  readonly loop = new VirtualLoop();
  readonly #startMs = this.loop.monotonicMs();
  readonly lab = MetadataLab.withBrokers([0, 1]);
  /** Regular elections, which are not carried out. */
  readonly regular: MetadataCommand[] = [];
  /** When something was returned to whom. */
  readonly returns: string[] = [];
  readonly #settings: Settings;
  duty: PreferredLeaders;

  constructor(fixed: Readonly<Record<string, string>> = {}) {
    this.#settings = new Settings(new Map(Object.entries(fixed)));
    for (const first of [0, 1]) {
      const assignments = [{ partitionIndex: 0, brokerIds: [first, 1 - first] }];
      this.lab.create(newTopic(`of${first}`, { partitionCount: -1, replicationFactor: -1, assignments }));
    }
    this.duty = this.active();
    this.lab.onDelta = (delta) => this.duty.decided(delta);
  }

  /** Another controller has taken over. */
  active(): PreferredLeaders {
    const quiet = (): void => undefined;
    const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    // What is asked of a controller here.
    const controller = {
      image: this.lab.image,
      submit: (command: MetadataCommand) => void this.regular.push(command),
      carryOut: (command: InternalCommand) => this.#carryOut(command),
    } as unknown as Controller;
    return new PreferredLeaders({ timers: this.loop, log, settings: this.#settings }, controller);
  }

  get leaders(): readonly (number | undefined)[] {
    return ['of0', 'of1'].map((name) => this.lab.image.topicByName(name)?.partition(0)?.leader);
  }

  fence(): void {
    this.lab.run({ kind: 'fenceBroker', brokerId: 1, brokerEpoch: this.#epochOf(1) });
  }

  /** Broker 1 comes in as another incarnation; it is in sync some time later. */
  comeBack(inSyncAfterMs: number): void {
    this.lab.run(this.lab.registration(1));
    this.lab.run({ kind: 'unfenceBroker', brokerId: 1, brokerEpoch: this.#epochOf(1) });
    this.loop.after(inSyncAfterMs, () => ['of0', 'of1'].forEach((name) => this.#join(name)));
  }

  #join(name: string): void {
    const topic = this.lab.image.topicByName(name);
    const { leaderEpoch = -1, partitionEpoch = -1 } = topic?.partition(0) ?? {};
    const isr = [0, 1].map((id) => ({ brokerId: id, brokerEpoch: this.#epochOf(id) }));
    const partitions = [{ topicId: topic?.id ?? '', index: 0, leaderEpoch, partitionEpoch, isr }];
    this.lab.run({ kind: 'alterPartition', brokerId: 0, brokerEpoch: this.#epochOf(0), partitions });
  }

  #epochOf(id: number): number {
    return this.lab.image.broker(brokerId(id))?.epoch ?? -1;
  }

  #carryOut(command: InternalCommand): boolean {
    const { offset } = this.lab.image;
    this.lab.carryOut(command);
    const isDone = this.lab.image.offset > offset;
    if (isDone && command.kind === 'returnLeaders')
      this.returns.push(`${command.brokerId} at ${(this.loop.monotonicMs() - this.#startMs) / 1000} s`);
    return isDone;
  }
}

test('the active controller returns leadership to preferred replicas every leader.imbalance.check.interval.seconds', () => {
  const { loop, regular, duty } = new Bench({ 'leader.imbalance.check.interval.seconds': '7' });
  loop.advance(6999);
  expect(regular).toEqual([]);
  loop.advance(7001);
  expect(regular).toEqual([REGULAR, REGULAR]);
  duty.end();
  loop.advance(70_000);
  expect(regular).toHaveLength(2);
});

describe('a broker that comes back', () => {
  test('has what it is the first replica of five seconds later, when it is in sync by then, and nothing else', () => {
    const bench = new Bench();
    bench.fence();
    expect(bench.leaders).toEqual([0, 0]);
    bench.loop.advance(1000);
    bench.comeBack(3000);
    bench.loop.advance(4999);
    expect(bench.leaders).toEqual([0, 0]);
    bench.loop.advance(1);
    expect(bench.leaders).toEqual([0, 1]);
    bench.loop.advance(250_000);
    expect(bench.returns).toEqual(['1 at 6 s']);
    expect(bench.regular).toEqual([]);
  });

  test('and catches up for longer waits no more than that again', () => {
    const bench = new Bench();
    bench.fence();
    bench.comeBack(36_000);
    bench.loop.advance(250_000);
    expect(bench.returns).toEqual(['1 at 75 s']);
  });

  test('and is drained leads nothing that would leave it again, until the drain is over', () => {
    const bench = new Bench();
    const drain = (draining: boolean): void =>
      void bench.lab.run({ kind: 'setBrokerPlacement', brokerId: 1, cordoned: true, draining });
    bench.fence();
    drain(true);
    bench.comeBack(1000);
    bench.loop.advance(30_000);
    expect([bench.leaders, bench.returns]).toEqual([[0, 0], []]);
    drain(false);
    bench.loop.advance(30_000);
    expect([bench.leaders, bench.returns]).toEqual([[0, 1], ['1 at 35 s']]);
  });

  test('has it, too, when another controller has taken over meanwhile', () => {
    const bench = new Bench();
    bench.fence();
    bench.comeBack(1000);
    bench.loop.advance(2000);
    bench.duty.end();
    bench.duty = bench.active();
    bench.loop.advance(5000);
    expect(bench.returns).toEqual(['1 at 7 s']);
  });

  test('again and again has to stay longer each time', () => {
    const bench = new Bench();
    for (let round = 0; round < 20; round += 1) {
      bench.fence();
      bench.loop.advance(1000);
      bench.comeBack(500);
      bench.loop.advance(11_000);
    }
    expect(bench.returns).toEqual(['1 at 6 s', '1 at 23 s']);
    bench.loop.advance(10_000);
    expect(bench.returns.at(-1)).toBe('1 at 249 s');
  });

  test('leads nothing by itself with auto.leader.rebalance.enable=false', () => {
    const bench = new Bench({ 'auto.leader.rebalance.enable': 'false' });
    bench.fence();
    bench.comeBack(0);
    bench.loop.advance(1_000_000);
    expect(bench.returns).toEqual([]);
    expect(bench.regular).toEqual([]);
  });
});
