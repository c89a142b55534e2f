import { beforeEach, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { MetadataCommand, MetadataOutcome } from '../../../../broker/core/metadata/commands.ts';
import { MetadataImage } from '../../../../broker/core/metadata/image.ts';
import { NO_METADATA_BUGS } from '../../../../broker/core/metadata/planted-bugs.ts';
import { NO_RAFT_BUGS } from '../../../../broker/core/raft/planted-bugs.ts';
import type { HeartbeatRequest } from '../../../../broker/ports/control-net.ts';
import { Controller } from '../../../../broker/server/control/controller.ts';
import { RaftHost } from '../../../../broker/server/control/quorum/raft-host.ts';
import { SessionKeeper } from '../../../../broker/server/control/quorum/session-keeper.ts';
import { MetadataLab, sampleId } from '../../../support/metadata/lab.ts';
import { SELF, StorageBench } from '../../../support/raft/storage-bench.ts';

const SESSION_MS = 2000;
const quiet = (): void => undefined;

/** The keeper of a controller that is alone, with brokers that are not let in yet; redials wait for the test to say what they come to. */
class Scene {
  readonly #bench = StorageBench.formed(1, [SELF]);
  readonly #lab = new MetadataLab();
  readonly controller: Controller;
  readonly warnings: string[] = [];
  /** Hosts that were dialed. */
  readonly dialed: string[] = [];
  timerCount = 0;
  readonly #dials: ((outcome: 'refused' | 'accepted') => void)[] = [];
  #keeper: SessionKeeper | null = null;

  constructor(brokers: readonly number[]) {
    this.#bench.close();
    const { storage, start } = this.#bench.open();
    if (start === null) throw new Error('it is formed');
    const { time } = this.#bench;
    const raft = { self: SELF, electionTimeoutMs: 600, heartbeatIntervalMs: 100, random: () => 0, bugs: NO_RAFT_BUGS };
    const bounds = { uncommittedBytesMax: 1_000_000, appendCountMax: 100, appendBytesMax: 100_000 };
    const machine = {
      committed: (entries: readonly { readonly index: number }[]) =>
        this.controller.committed(entries.at(-1)?.index ?? 0),
      restored: quiet,
      became: quiet,
    };
    const host = new RaftHost(
      { clock: time, timers: time, storage, send: quiet, machine },
      { ...raft, ...bounds },
      start,
    );
    this.controller = new Controller(
      {
        nodeId: SELF.id,
        host,
        settings: new Settings(new Map()),
        log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
        members: { isAlive: () => false, isSlow: () => false, isVoter: () => false },
        newTopicId: () => sampleId(1),
        bugs: NO_METADATA_BUGS,
        onDecided: (delta) => this.#keeper?.decided(delta),
        onLost: quiet,
      },
      new MetadataImage(),
    );
    this.pass(1000);
    this.decide({ kind: 'formatCluster', clusterId: sampleId(9) });
    for (const id of brokers) this.register(id);
  }

  /** Begins to keep sessions, as with a new leadership. */
  keep(): SessionKeeper {
    const { time } = this.#bench;
    const say = (_fields: unknown, sentence: string): void => void this.warnings.push(sentence);
    this.#keeper = new SessionKeeper(
      {
        clock: time,
        timers: {
          after: (delayMs, callback) => {
            this.timerCount += 1;
            return time.after(delayMs, callback);
          },
        },
        log: { debug: quiet, info: quiet, warn: say, error: say },
        settings: new Settings(new Map()),
        probe: (address, _timeoutMs, done) => {
          this.dialed.push(address.host);
          this.#dials.push(done);
        },
        addressOf: (id) => (id === 9 ? null : { host: `host-${id}`, port: 1 }),
      },
      this.controller,
    );
    return this.#keeper;
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 50) {
      this.#bench.time.advance(50);
      this.#bench.time.settle();
    }
  }

  /** What redials come to that are under way. */
  dial(outcome: 'refused' | 'accepted'): void {
    for (const done of this.#dials.splice(0)) done(outcome);
    this.pass(50);
  }

  decide(command: MetadataCommand): MetadataOutcome | null {
    let answer: MetadataOutcome | null = null;
    this.controller.submit(command, (outcome) => {
      answer = outcome;
    });
    this.#bench.time.settle();
    return answer;
  }

  register(id: number): void {
    expect(this.decide(this.#lab.registration(id))).toMatchObject({ errorCode: 0 });
  }

  letIn(id: number): void {
    expect(this.decide({ kind: 'unfenceBroker', brokerId: id, brokerEpoch: this.epoch(id) })).toMatchObject({
      errorCode: 0,
    });
  }

  epoch(id: number): number {
    return this.controller.image.broker(brokerId(id))?.epoch ?? -1;
  }

  isIn(id: number): boolean {
    return this.controller.image.broker(brokerId(id))?.fenced === false;
  }

  /** A heartbeat of a broker that is well, unless it says otherwise; nobody ever asked for less than what is committed. */
  beat(id: number, more: Partial<HeartbeatRequest> = {}, offset = 100): void {
    const stalls = { loopStalledMs: 0, diskStalledMs: 0, unansweredMs: 0 };
    const request = {
      brokerId: id,
      brokerEpoch: this.epoch(id),
      appliedOffset: offset,
      wantsUnfenced: true,
      ...stalls,
    };
    this.#keeper?.heartbeat({ ...request, ...more }, { offset });
    this.#bench.time.settle();
  }

  seen(id: number): unknown {
    const found = this.#keeper?.observers().find(({ replica }) => replica.id === id);
    if (found === undefined || found.lastFetchMs === -1) return null;
    return { end: found.logEndOffset, behindMs: found.lastFetchMs - found.lastCaughtUpMs };
  }
}

let scene = new Scene([]);
beforeEach(() => {
  scene = new Scene([1, 2]);
});

test('a broker that is let in and never heard of is out after a session', () => {
  scene.keep();
  scene.letIn(1);
  scene.pass(SESSION_MS - 100);
  expect(scene.isIn(1)).toBe(true);
  scene.pass(200);
  expect(scene.isIn(1)).toBe(false);
  expect(scene.warnings).toEqual([]);
});

test('however often a broker is heard, and whatever is decided besides, there is one timer, which is not moved', () => {
  scene.keep();
  for (const id of [1, 2]) scene.letIn(id);
  for (const id of [3, 4]) scene.register(id);
  const before = scene.timerCount;
  for (let count = 0; count < 50; count += 1) {
    scene.beat(1);
    const operations = [{ name: 'min.insync.replicas', operation: 'set', value: `${1 + (count % 2)}` }] as const;
    scene.decide({
      kind: 'alterConfigs',
      resources: [{ scope: 'cluster', name: '', operations }],
      validateOnly: false,
    });
  }
  scene.pass(1000);
  expect(scene.timerCount - before).toBeLessThan(10);
});

test('a broker that is heard stays in, and is out a session after it was heard last', () => {
  scene.keep();
  scene.letIn(1);
  for (let passed = 0; passed < 3 * SESSION_MS; passed += 200) {
    scene.pass(200);
    scene.beat(1);
  }
  scene.pass(SESSION_MS - 100);
  expect(scene.isIn(1)).toBe(true);
  scene.pass(200);
  expect(scene.isIn(1)).toBe(false);
});

test('a controller that begins dials brokers that are in, as far as it knows where they are, and no others', () => {
  for (const id of [9, 3]) scene.register(id);
  for (const id of [9, 3]) scene.letIn(id);
  scene.keep();
  expect(scene.dialed).toEqual(['host-3']);
});

test('a broker that is heard between two redials that are refused stays in (F3)', () => {
  scene.letIn(1);
  scene.keep();
  scene.dial('refused');
  scene.beat(1);
  scene.dial('refused');
  expect(scene.isIn(1)).toBe(true);
});

test('two redials that are refused take a broker out, unless the leadership ended meanwhile', () => {
  const outcomes = [false, true].map((isOver) => {
    scene = new Scene([1, 2]);
    scene.letIn(1);
    const keeper = scene.keep();
    scene.dial('refused');
    if (isOver) keeper.end();
    scene.dial('refused');
    return scene.isIn(1);
  });
  expect(outcomes).toEqual([false, true]);
});

test('a leadership that is over dials nobody and takes nobody out, whatever is decided after it', () => {
  scene.letIn(1);
  const keeper = scene.keep();
  scene.pass(SESSION_MS - 100);
  keeper.end();
  const { length } = scene.dialed;
  scene.dial('accepted');
  keeper.streamEnded(1, scene.epoch(1));
  scene.pass(2 * SESSION_MS);
  scene.register(3);
  scene.pass(2 * SESSION_MS);
  expect(scene.dialed).toHaveLength(length);
  expect(scene.isIn(1)).toBe(true);
});

test('the only broker stays in when its loop hangs, one of two does not', () => {
  scene.keep();
  for (const id of [1, 2]) scene.letIn(id);
  scene.beat(1, { loopStalledMs: 60_000 });
  expect(scene.isIn(1)).toBe(false);
  scene = new Scene([1]);
  scene.keep();
  scene.letIn(1);
  scene.beat(1, { loopStalledMs: 60_000, diskStalledMs: 60_000 });
  expect(scene.isIn(1)).toBe(true);
});

test('a broker has caught up when it has applied what is committed, and had when it last did (V12)', () => {
  scene.keep();
  scene.beat(1, { appliedOffset: 50 }, 50);
  expect(scene.seen(1)).toEqual({ end: 51, behindMs: 0 });
  for (const round of [1, 2]) {
    scene.pass(100);
    scene.beat(1, { appliedOffset: 49 }, 50);
    expect(scene.seen(1)).toEqual({ end: 50, behindMs: expect.closeTo(100 * round, -2) });
  }
});

test('what a broker said is known until it is unregistered, also when it goes in and out', () => {
  scene.keep();
  scene.beat(1);
  expect(scene.isIn(1)).toBe(true);
  scene.decide({ kind: 'fenceBroker', brokerId: 1, brokerEpoch: scene.epoch(1) });
  expect(scene.seen(1)).not.toBeNull();
  scene.decide({ kind: 'unregisterBroker', brokerId: 1 });
  // Nor is what it says after that.
  scene.beat(1);
  scene.register(1);
  expect(scene.seen(1)).toBeNull();
});
