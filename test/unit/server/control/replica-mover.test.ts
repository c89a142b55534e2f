import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import type { MetadataCommand } from '../../../../broker/core/metadata/commands.ts';
import type { Controller } from '../../../../broker/server/control/controller.ts';
import { type MoveOutcome, ReplicaMover } from '../../../../broker/server/control/quorum/replica-mover.ts';
import { MetadataLab, newTopic } from '../../../support/metadata/lab.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

/** Partitions that a plan can't look at in one turn. */
const MANY = 3000;

type Moves = Extract<MetadataCommand, { readonly kind: 'alterReassignments' }>['partitions'];

interface Answers {
  /** Answers moves in place of the controller. */
  readonly onMoves?: (moves: Moves) => ReturnType<MetadataLab['run']>;
  /** Whether the controller is gone and takes no more commands. */
  readonly isGone?: () => boolean;
  /** In place of the controller. */
  readonly submit?: Controller['submit'];
}

/** A mover at a controller that decides at once. */
class Scene {
  readonly loop = new VirtualLoop();
  readonly lab: MetadataLab;
  readonly mover: ReplicaMover;
  /** Moves that were asked for, by `topic-index`. */
  readonly moved = new Map<string, readonly number[] | null>();

  constructor(lab: MetadataLab, { onMoves, isGone, submit: instead }: Answers = {}) {
    this.lab = lab;
    const decide: Controller['submit'] = (command, done) => {
      if (isGone?.() === true) return done(null, -1);
      if (command.kind !== 'alterReassignments') return done(lab.run(command), -1);
      for (const { topic, index, replicas } of command.partitions) this.moved.set(`${topic}-${index}`, replicas);
      done((onMoves ?? (() => lab.run(command)))(command.partitions), -1);
    };
    const submit = instead ?? decide;
    const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    this.mover = new ReplicaMover({ timers: this.loop, log, settings: lab.settings }, { image: lab.image, submit });
    lab.onDelta = (delta) => this.mover.decided(delta);
  }

  /** Somebody moves a partition by hand. */
  move(topic: string, index: number, replicas: readonly number[]): void {
    const partitions = [{ topic, index, replicas }];
    this.lab.run({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: true });
  }
}

function create(lab: MetadataLab, name: string, count: number, brokerIds: readonly number[]): void {
  const assignments = Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, brokerIds }));
  expect(lab.create(newTopic(name, { partitionCount: -1, replicationFactor: -1, assignments }))).toEqual([0]);
}

function place(lab: MetadataLab, id: number, cordoned: boolean): void {
  lab.run({ kind: 'setBrokerPlacement', brokerId: id, cordoned, draining: false });
}

test('what the controller refuses to move is asked for again after a pause', () => {
  const lab = MetadataLab.withBrokers([0, 1]);
  create(lab, 't', 1, [0]);
  let askedCount = 0;
  const { mover, loop } = new Scene(lab, {
    onMoves: () => {
      askedCount += 1;
      // Too many changes wait for their commit.
      return { kind: 'failed', errorCode: 89, errorMessage: null };
    },
  });
  mover.drain(0, () => undefined);
  loop.advance(4_000);
  expect(askedCount).toBe(1);
  loop.advance(12_000);
  expect(askedCount).toBe(4);
});

test.each([0, 1, 2])(
  'a drain whose controller goes after %i commands of its end is ended by the next one that is asked',
  (decidedCount) => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    create(lab, 't', 5, [0, 1]);
    const { mover, loop } = new Scene(lab);
    mover.drain(0, () => undefined);
    loop.advance(1_000);
    const leaving = (): number =>
      lab.image.topicByName('t')?.partitions.filter(({ removingReplicas }) => removingReplicas.length > 0).length ?? -1;
    expect(leaving()).toBe(5);
    mover.end();
    let leftCount = decidedCount;
    const { mover: going } = new Scene(lab, { isGone: () => leftCount-- <= 0 });
    const answers: (MoveOutcome | null)[] = [];
    going.undrain(0, (outcome) => answers.push(outcome));
    going.end();
    const { mover: next, loop: later } = new Scene(lab);
    next.undrain(0, (outcome) => answers.push(outcome));
    later.advance(5_000);
    expect(answers).toMatchObject([decidedCount < 2 ? null : { errorCode: 0 }, { errorCode: 0 }]);
    expect([leaving(), lab.image.broker(brokerId(0))]).toMatchObject([0, { draining: false, cordoned: false }]);
  },
);

test('moves that wait for a broker which is away are told of', () => {
  const lab = MetadataLab.withBrokers([0, 1, 2]);
  create(lab, 't', 3, [0, 1]);
  const { mover, loop } = new Scene(lab);
  mover.drain(0, () => undefined);
  loop.advance(1_000);
  const progress = (): readonly MoveOutcome[] => {
    const told: (MoveOutcome | null)[] = [];
    mover.drain(0, (outcome) => told.push(outcome));
    mover.rebalance((outcome) => told.push(outcome));
    loop.advance(1_000);
    return told.flatMap((outcome) => outcome ?? []);
  };
  expect(progress()).toMatchObject([
    { waitingCount: 0, movingCount: 3, obstacles: [] },
    { waitingCount: 0, movingCount: 3, obstacles: [] },
  ]);
  lab.run({ kind: 'fenceBroker', brokerId: 2, brokerEpoch: lab.image.broker(brokerId(2))?.epoch ?? -1 });
  const obstacles = ['3 moves wait for broker 2, which is away'];
  expect(progress()).toMatchObject([
    { waitingCount: 0, movingCount: 3, obstacles },
    { waitingCount: 0, movingCount: 3, obstacles },
  ]);
});

describe('internal topics that were made on one broker', () => {
  const NAME = '__consumer_offsets';
  const minIsr = ({ image }: MetadataLab): string | undefined =>
    image.configOverrides('topic', NAME).get('min.insync.replicas');
  /** Some of a partition are in sync, as its leader says. */
  const inSync = (lab: MetadataLab, ids: readonly number[]): void => {
    const topic = lab.image.topicByName(NAME);
    for (const { index, leader, leaderEpoch, partitionEpoch } of topic?.partitions ?? []) {
      const epochOf = (id: number): number => lab.image.broker(brokerId(id))?.epoch ?? -1;
      const isr = ids.map((id) => ({ brokerId: id, brokerEpoch: epochOf(id) }));
      const partitions = [{ topicId: topic?.id ?? '', index, leaderEpoch, partitionEpoch, isr }];
      lab.run({ kind: 'alterPartition', brokerId: leader, brokerEpoch: epochOf(leader), partitions });
    }
  };
  const ask = ({ mover, loop }: Scene): MoveOutcome | undefined => {
    const answers: (MoveOutcome | null)[] = [];
    mover.rebalance((outcome) => answers.push(outcome));
    loop.advance(100);
    return answers[0] ?? undefined;
  };

  test('have min.insync.replicas=2 when they have three copies, and less until then', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    create(lab, NAME, 2, [0]);
    lab.set('topic', NAME, { 'min.insync.replicas': '2' });
    const scene = new Scene(lab);
    // The two partitions, and the setting.
    expect(ask(scene)).toMatchObject({ waitingCount: 3, movingCount: 0, obstacles: [] });
    scene.loop.advance(1_000);
    expect(scene.moved.size).toBe(2);
    expect(minIsr(lab)).toBe(undefined);
    expect(ask(scene)).toMatchObject({ waitingCount: 0, movingCount: 2 });
    inSync(lab, [0, 1, 2]);
    scene.loop.advance(1_000);
    expect(minIsr(lab)).toBe('2');
    expect(ask(scene)).toMatchObject({ waitingCount: 0, movingCount: 0, obstacles: [] });
  });

  test('wait for two in sync, which is told', () => {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    create(lab, NAME, 1, [0, 1, 2]);
    inSync(lab, [0]);
    const scene = new Scene(lab);
    const obstacles = [`min.insync.replicas of ${NAME} waits for replicas that are in sync, to become 2`];
    expect(ask(scene)).toMatchObject({ waitingCount: 1, movingCount: 0, obstacles });
    scene.loop.advance(20_000);
    expect(minIsr(lab)).toBe(undefined);
    inSync(lab, [0, 2]);
    scene.loop.advance(10_000);
    expect(minIsr(lab)).toBe('2');
    expect(ask(scene)).toMatchObject({ waitingCount: 0, movingCount: 0, obstacles: [] });
  });

  test('are set again after a pause when the controller refuses', () => {
    const lab = MetadataLab.withBrokers([0, 1]);
    create(lab, NAME, 1, [0, 1]);
    let askedCount = 0;
    const submit: Controller['submit'] = (command, done) => {
      if (command.kind === 'alterConfigs') askedCount += 1;
      if (command.kind !== 'alterConfigs' || askedCount > 1) return done(lab.run(command), -1);
      // Too many changes wait for their commit.
      done({ kind: 'failed', errorCode: 89, errorMessage: null }, -1);
    };
    const scene = new Scene(lab, { submit });
    expect(ask(scene)).toMatchObject({ waitingCount: 1 });
    scene.loop.advance(4_000);
    expect([askedCount, minIsr(lab)]).toEqual([1, undefined]);
    scene.loop.advance(4_000);
    expect([askedCount, minIsr(lab)]).toEqual([2, '2']);
  });
});

describe('a plan that takes several turns', () => {
  /** Brokers 1 and 2 have nothing. */
  function unbalanced(): Scene {
    const lab = MetadataLab.withBrokers([0, 1, 2]);
    create(lab, 't', MANY, [0]);
    return new Scene(lab);
  }

  test('is answered when it is made', () => {
    const { mover, loop } = unbalanced();
    const answers: (MoveOutcome | null)[] = [];
    mover.rebalance((outcome) => answers.push(outcome));
    expect(answers).toEqual([]);
    loop.advance(200);
    expect(answers).toMatchObject([{ errorCode: 0, waitingCount: 40 + MANY - MANY / 3 - 40 }]);
  });

  test('is made anew when a broker takes nothing more meanwhile', () => {
    const { mover, loop, lab, moved } = unbalanced();
    mover.rebalance(() => undefined);
    place(lab, 2, true);
    loop.advance(2_000);
    expect(moved.size).toBeGreaterThan(0);
    expect([...moved.values()].flat()).not.toContain(2);
  });

  test('leaves alone what somebody moves meanwhile', () => {
    const scene = unbalanced();
    scene.mover.rebalance(() => undefined);
    scene.move('t', 0, [1]);
    scene.loop.advance(200);
    expect(scene.moved.size).toBe(19);
    expect([...scene.moved.keys()]).not.toContain('t-0');
  });

  test.each([0, 1, 2, 3])(
    'is carried out as far as it is still right when brokers change all the time (%i)',
    (phase) => {
      const { lab } = unbalanced();
      const codes: number[] = [];
      let goals: readonly number[] = [];
      const { mover, loop, moved } = new Scene(lab, {
        onMoves: (partitions) => {
          const outcome = lab.run({ kind: 'alterReassignments', partitions, allowReplicationFactorChange: true });
          goals = [...new Set(partitions.flatMap(({ replicas }) => replicas ?? []))].sort();
          if ('partitions' in outcome) codes.push(...outcome.partitions.map(({ errorCode }) => errorCode));
          return outcome;
        },
      });
      mover.rebalance(() => undefined);
      let turnCount = 0;
      const change = (): void => {
        if (codes.length > 0) return;
        place(lab, 2, (phase + turnCount) % 4 > 1);
        if ((turnCount += 1) < 50) loop.after(0, change);
      };
      change();
      loop.run();
      expect(turnCount).toBeLessThan(50);
      // Room for more, which is planned anew.
      const begun = [...moved.keys()].map((key) => ({ topic: 't', index: Number(key.slice(2)), replicas: null }));
      lab.run({ kind: 'alterReassignments', partitions: begun, allowReplicationFactorChange: false });
      loop.advance(1_000);
      expect(codes).toEqual(Array.from({ length: 40 }, () => 0));
      expect(goals).toEqual([1, 2].filter((id) => lab.image.broker(brokerId(id))?.cordoned === false));
    },
  );

  test('is told to nobody after the leadership', () => {
    const { mover, loop, moved } = unbalanced();
    const answers: (MoveOutcome | null)[] = [];
    mover.rebalance((outcome) => answers.push(outcome));
    // It has been looked by then what is to be moved, and the plan is not ready.
    loop.after(0, () => {
      expect(answers).toEqual([]);
      mover.end();
    });
    loop.advance(2_000);
    expect([answers, moved.size]).toEqual([[null], 0]);
  });
});

describe('a drain that nothing can leave, in several turns', () => {
  /** Broker 1 is to be left; 2 is on the machine of 0 and may take only what is in one copy. */
  function stuck(): Scene {
    const lab = MetadataLab.withBrokers([]);
    for (const [id, host] of ['a', 'b', 'a'].entries()) {
      const outcome = lab.run(lab.registration(id, { host }));
      const brokerEpoch = outcome.kind === 'registerBroker' ? outcome.brokerEpoch : -1;
      lab.run({ kind: 'unfenceBroker', brokerId: id, brokerEpoch });
    }
    create(lab, 't', MANY, [0, 1]);
    return new Scene(lab);
  }

  test('goes on with what somebody makes room for meanwhile', () => {
    const scene = stuck();
    const answers: (MoveOutcome | null)[] = [];
    scene.mover.drain(1, (outcome) => answers.push(outcome));
    expect(answers).toEqual([]);
    scene.move('t', 7, [1]);
    scene.loop.advance(200);
    expect([answers[0]?.waitingCount, answers[0]?.obstacles.length, scene.moved.size]).toEqual([MANY, 6, 0]);
    scene.loop.advance(5_000);
    expect([...scene.moved.keys()]).toEqual(['t-7']);
  });

  test('does not hide what a rebalance has to do that is asked for meanwhile', () => {
    const scene = stuck();
    create(scene.lab, 'u', MANY, [0]);
    scene.loop.advance(100);
    scene.mover.drain(1, () => undefined);
    let waitingCount = -1;
    scene.mover.rebalance((outcome) => (waitingCount = outcome?.waitingCount ?? -1));
    expect(waitingCount).toBe(-1);
    scene.loop.advance(1_000);
    expect(waitingCount).toBeGreaterThan(0);
    expect(scene.moved.size).toBe(20);
  });
});
