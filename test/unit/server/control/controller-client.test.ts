import { describe, expect, test } from '@jest/globals';
import type { MetadataCommand } from '../../../../broker/core/metadata/commands.ts';
import type {
  CallFailure,
  ControlChannel,
  ControllerHint,
  SubmitResponse,
} from '../../../../broker/ports/control-net.ts';
import { ControllerClient } from '../../../../broker/server/control/quorum/controller-client.ts';
import { World } from '../../../sim/world.ts';

type Answer = SubmitResponse | CallFailure | 'silence';

const hint = (id: number): ControllerHint => ({ id, address: { host: 'h', port: id } });
const outcome = { kind: 'fenceBroker', errorCode: 0, errorMessage: null } as const;
const DONE: SubmitResponse = { outcome, offset: 5, controller: null };
const elsewhere = (id: number | null): SubmitResponse => ({
  outcome: null,
  offset: -1,
  controller: id === null ? null : hint(id),
});
const COMMAND = { command: { kind: 'fenceBroker', brokerId: 1, brokerEpoch: 1 } } as const;

/** Controllers that answer as the test says, and a client that asks them. */
class Scene {
  readonly world = new World(1);
  readonly asked: number[] = [];
  /** How often somebody was asked before each turn that follows at once. */
  readonly turns: number[] = [];
  leaderId = -1;
  readonly client: ControllerClient;

  constructor(answers: Readonly<Record<number, (nth: number) => Answer>>) {
    const counts = new Map<number, number>();
    this.client = new ControllerClient({
      clock: { monotonicMs: () => this.world.nowMs, wallMs: () => 0 },
      timers: {
        after: (delayMs, run) => {
          if (delayMs === 0) this.turns.push(this.asked.length);
          return this.world.schedule(delayMs, run);
        },
      },
      controllers: () => Object.keys(answers).map((id) => hint(Number(id))),
      leaderId: () => this.leaderId,
      channelTo: ({ id }) => {
        const call: ControlChannel['call'] = (_name, _request, timeoutMs, done) => {
          this.asked.push(id);
          counts.set(id, (counts.get(id) ?? 0) + 1);
          const answer = answers[id]?.(counts.get(id) ?? 0) ?? 'silence';
          const delayMs = answer === 'silence' ? timeoutMs : 1;
          const failure: CallFailure | null =
            answer === 'silence' ? { code: 'late', message: '' } : 'code' in answer ? answer : null;
          // The answer of the only call that is made here.
          this.world.schedule(delayMs, () => done(failure, failure === null ? (answer as never) : null));
        };
        const unused = (): never => {
          throw new Error('bug: only calls are made');
        };
        return { call, raft: unused, open: unused, wake: unused, close: unused };
      },
    });
  }

  ask(timeoutMs: number, command: MetadataCommand = COMMAND.command): SubmitResponse | null | undefined {
    let response: SubmitResponse | null | undefined;
    this.client.ask('Controller.Submit', { command }, timeoutMs, (found) => {
      response = found;
    });
    expect(response).toBeUndefined();
    this.world.runFor(timeoutMs + 1000);
    return response;
  }
}

describe('who asks the active controller', () => {
  test('goes where it is told to, at once', () => {
    const scene = new Scene({ 0: () => elsewhere(2), 1: () => elsewhere(2), 2: () => DONE });
    scene.leaderId = 0;
    expect(scene.ask(1000)).toEqual(DONE);
    scene.leaderId = 2;
    expect(scene.ask(1000)).toEqual(DONE);
    expect(scene.asked.at(-1)).toBe(2);
  });

  test('tries one after the other while nobody knows, and waits for an election', () => {
    const scene = new Scene({
      0: () => elsewhere(null),
      1: (nth) => (nth < 3 ? elsewhere(null) : DONE),
      2: () => ({ code: 'unavailable', message: 'refused' }),
    });
    expect(scene.ask(10_000)).toEqual(DONE);
    expect(new Set(scene.asked)).toEqual(new Set([0, 1, 2]));
  });

  test('asks at once when a new one leads, however long it has tried, and soon again while that one does not decide yet', () => {
    const electedMs = 1800;
    const denied: number[] = [];
    const scene: Scene = new Scene({
      0: () => ({ code: 'unavailable', message: 'refused' }),
      1: () => elsewhere(scene.leaderId === -1 ? null : 2),
      2: () => {
        if (scene.leaderId === -1) return elsewhere(null);
        if (denied.push(scene.world.nowMs) > 2) return DONE;
        return elsewhere(2);
      },
    });
    scene.world.schedule(electedMs, () => {
      scene.leaderId = 2;
      scene.client.changed();
    });
    expect(scene.ask(5000)).toEqual(DONE);
    expect(denied[0]).toBe(electedMs);
    expect((denied.at(-1) ?? 0) - electedMs).toBeLessThan(150);
  });

  test.each([1900, 2200, 2500])(
    'goes back at once to a leader that was left, when that begins to decide (%i)',
    (atMs) => {
      let decides = false;
      const askedMs: number[] = [];
      const scene: Scene = new Scene({
        0: () => elsewhere(null),
        1: () => {
          askedMs.push(scene.world.nowMs);
          return decides ? DONE : elsewhere(null);
        },
        2: () => elsewhere(null),
      });
      scene.leaderId = 1;
      scene.world.schedule(atMs, () => {
        decides = true;
        scene.client.changed();
      });
      expect(scene.ask(5000)).toEqual(DONE);
      expect(askedMs.at(-1)).toBe(atMs);
    },
  );

  test('asks in turns of some when many wait for another leader', () => {
    const scene: Scene = new Scene({ 0: () => (scene.leaderId === -1 ? elsewhere(null) : DONE) });
    let done = 0;
    for (let count = 0; count < 250; count += 1)
      scene.client.ask('Controller.Submit', COMMAND, 60_000, (found) => (done += Number(found === DONE)));
    scene.world.runFor(2105);
    scene.asked.length = 0;
    scene.leaderId = 0;
    scene.client.changed();
    // Another one while the first is being heard.
    scene.client.changed();
    expect(scene.asked.length).toBe(100);
    scene.world.runFor(0);
    expect([scene.turns, scene.asked.length]).toEqual([[100, 200], 250]);
    scene.world.runFor(1);
    expect(done).toBe(250);
  });

  test('asks at most twice in 20 ms, however often another one leads', () => {
    const scene = new Scene({ 0: () => elsewhere(null) });
    let count = 0;
    const flap = (): void => {
      scene.client.changed();
      if ((count += 1) < 1000) scene.world.schedule(1, flap);
    };
    flap();
    expect(scene.ask(1000)).toBeNull();
    expect(scene.asked.length).toBeLessThanOrEqual(102);
  });

  test('leaves one that says that it leads, and never decides', () => {
    const scene = new Scene({ 0: () => elsewhere(0), 1: () => DONE });
    scene.client.learn(hint(0));
    expect(scene.ask(5000)).toEqual(DONE);
    expect(scene.asked).toEqual([0, 0, 0, 1]);
  });

  test('leaves a controller that does not answer for another one', () => {
    const scene = new Scene({ 0: () => 'silence', 1: () => DONE });
    scene.client.learn(hint(0));
    expect(scene.ask(20_000)).toEqual(DONE);
    expect(scene.asked).toEqual([0, 1]);
  });

  test('asks once for another ISR: an earlier try may still be carried out, which only the leader can allow for', () => {
    const isr = { kind: 'alterPartition', brokerId: 1, brokerEpoch: 1, partitions: [] } as const;
    const scene = new Scene({ 0: () => 'silence', 1: () => elsewhere(2), 2: () => DONE });
    scene.client.learn(hint(0));
    expect(scene.ask(20_000, isr)).toBeNull();
    expect(scene.asked).toEqual([0]);
    // Who denies to be the active controller has not carried it out, nor will.
    expect(scene.ask(20_000, isr)).toEqual(DONE);
    expect(scene.asked).toEqual([0, 1, 2]);
  });

  test('gives up when its time is over, without having asked in a tight circle', () => {
    const scene = new Scene({ 0: () => elsewhere(1), 1: () => elsewhere(0) });
    expect(scene.ask(2000)).toBeNull();
    expect(scene.asked.length).toBeLessThan(60);
  });

  test('fails at once when too many questions are open', () => {
    const scene = new Scene({ 0: () => 'silence' });
    for (let count = 0; count < 10_000; count += 1)
      scene.client.ask('Controller.Submit', COMMAND, 1000, () => undefined);
    let response: unknown;
    scene.client.ask('Controller.Submit', COMMAND, 1000, (found) => {
      response = found;
    });
    scene.world.runFor(1);
    expect(response).toBeNull();
  });
});
