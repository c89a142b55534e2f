import { describe, expect, test } from '@jest/globals';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import type {
  ControlChannel,
  ControllerHint,
  ControlStream,
  HeartbeatRequest,
  HeartbeatResponse,
  StreamHandlers,
  SubmitResponse,
  WatchResponse,
} from '../../../../broker/ports/control-net.ts';
import type { ToData } from '../../../../broker/server/control/link.ts';
import { BrokerAgent } from '../../../../broker/server/control/quorum/broker-agent.ts';
import { ControllerClient } from '../../../../broker/server/control/quorum/controller-client.ts';
import { World } from '../../../sim/world.ts';
import { NEW_DISK } from '../../../support/metadata/parts.ts';

const CONTROLLERS: readonly ControllerHint[] = [7, 8].map((id) => ({ id, address: { host: 'h', port: id } }));
const EPOCH = 40;
/** How long a heartbeat is on its way, ms. */
const WAY_MS = 1;

/** An agent, and controllers that say what the test says. */
class Scene {
  readonly world = new World(1);
  readonly sent: ToData[] = [];
  readonly fatals: string[] = [];
  readonly beats: HeartbeatRequest[] = [];
  readonly said: string[] = [];
  /** By how much this broker's wall clock is ahead of the controllers'. */
  aheadMs = 0;
  readonly watched: number[] = [];
  watch: StreamHandlers<WatchResponse> | null = null;
  answer: Partial<HeartbeatResponse> = {};
  /** Answers are lost. */
  isDeaf = false;
  metadataDiskMs = 0;
  readonly agent: BrokerAgent;

  constructor() {
    const timers = { after: (delayMs: number, run: () => void) => this.world.schedule(delayMs, run) };
    const clock = { monotonicMs: () => this.world.nowMs, wallMs: () => this.world.wallMs + this.aheadMs };
    const channelTo = (controller: ControllerHint): ControlChannel => this.#channel(controller);
    const controllers = () => CONTROLLERS;
    const note = (_fields: unknown, sentence: string): void => void this.said.push(sentence);
    this.agent = new BrokerAgent({
      clock,
      timers,
      log: { debug: () => undefined, info: note, warn: note, error: note },
      nodeId: 1,
      directoryId: 'd',
      clusterId: 'c',
      heartbeatIntervalMs: 100,
      client: new ControllerClient({ clock, timers, controllers, leaderId: () => 7, channelTo }),
      controllers,
      channelTo,
      watchChannelTo: channelTo,
      address: () => null,
      loopStalledMs: () => 0,
      diskStalledMs: () => this.metadataDiskMs,
      send: (message) => void this.sent.push(message),
      onFatal: (message) => void this.fatals.push(message),
      bugs: new Set(),
    });
    this.agent.start();
  }

  /** Registers the broker; heartbeats go on from then. */
  registered(): this {
    const command = {
      brokerId: 1,
      incarnationId: 'i',
      directoryId: 'd',
      previousBrokerEpoch: -1,
      endpoints: [],
      rack: null,
      ...NEW_DISK,
    };
    this.agent.submit(1, { kind: 'registerBroker', weirVersionMin: 1, weirVersionMax: 2, ...command }, 1000);
    this.world.runFor(10);
    return this;
  }

  kinds(kind: ToData['kind']): ToData[] {
    return this.sent.filter((message) => message.kind === kind);
  }

  #channel({ id }: ControllerHint): ControlChannel {
    const outcome = { kind: 'registerBroker', errorCode: 0, errorMessage: null, brokerEpoch: EPOCH } as const;
    const response: SubmitResponse = { outcome, offset: EPOCH, controller: null };
    return {
      raft: () => undefined,
      // Every call of this agent is a command that is carried out.
      call: (_name, _request, _timeoutMs, done) => void this.world.schedule(1, () => done(null, response as never)),
      open: (name, handlers) => {
        if (name === 'Controller.WatchMetadata') {
          this.watched.push(id);
          this.watch = handlers as unknown as StreamHandlers<WatchResponse>;
        }
        const stream: ControlStream<unknown> = {
          send: (message) => {
            if (name !== 'Controller.Heartbeat') return;
            this.beats.push(message as HeartbeatRequest);
            this.world.schedule(WAY_MS, () => {
              if (this.isDeaf) return;
              const { wallMs } = this.world;
              const well = { errorCode: 0, isFenced: false, offset: EPOCH, wallMs, controller: null };
              const full = { ...well, withholdsLease: false, ...this.answer };
              this.world.schedule(1, () => (handlers as unknown as StreamHandlers<HeartbeatResponse>).onMessage(full));
            });
          },
          queuedBytes: () => 0,
          onDrain: () => undefined,
          end: () => undefined,
        };
        return stream as never;
      },
      wake: () => undefined,
      close: () => undefined,
    };
  }
}

describe("a broker's agent", () => {
  test.each([ErrorCode.STALE_BROKER_EPOCH, ErrorCode.BROKER_ID_NOT_REGISTERED])(
    'ends the process for error %i of a controller that knows of it, not of one that was deposed before',
    (errorCode) => {
      const scene = new Scene().registered();
      scene.answer = { errorCode, offset: EPOCH - 1 };
      scene.world.runFor(500);
      expect(scene.fatals).toEqual([]);
      scene.answer = { errorCode, offset: EPOCH };
      scene.world.runFor(500);
      expect(scene.fatals[0]).toMatch(/broker 1/);
    },
  );

  test.each([1, -1])(
    'warns of a clock that is off by seconds, and says when it is no measure of age (F6, %i)',
    (sign) => {
      const scene = new Scene().registered();
      const clocks = (): unknown[] => scene.kinds('clock').map((message) => message.kind === 'clock' && message.isFar);
      const at = (aheadMs: number): string[] => {
        scene.aheadMs = sign * aheadMs;
        scene.world.runFor(500);
        return scene.said.splice(0).filter((line) => /clock|age/.test(line));
      };
      expect(at(4_990)).toEqual([]);
      expect(at(5_100)).toEqual(["this node's clock and that of the active controller differ"]);
      expect(scene.agent.clockOffsetMs * sign).toBeGreaterThan(5_000);
      expect([at(59_900), clocks()]).toEqual([[], []]);
      expect(at(60_100)).toEqual(['clocks differ by more than a minute: no record is deleted for its age']);
      expect(at(59_900)).toEqual(['records are deleted for their age again']);
      expect(clocks()).toEqual([true, false]);
      expect(at(0)).toEqual(["this node's clock and that of the active controller agree again"]);
      expect(scene.agent.clockOffsetMs).toBe(0);
    },
  );

  test('hands on a lease from when the data loop last turned, and none while the broker is out or none is granted (S0)', () => {
    const scene = new Scene().registered();
    for (const answer of [{ isFenced: true }, { withholdsLease: true }]) {
      scene.answer = answer;
      scene.world.runFor(200);
      scene.sent.splice(0);
      scene.agent.beat({ offset: 10, atMs: 111, diskStalledMs: 0 });
      scene.world.runFor(500);
      expect(scene.kinds('lease')).toEqual([]);
    }
    scene.answer = {};
    scene.agent.beat({ offset: 10, atMs: 222, diskStalledMs: 0 });
    scene.world.runFor(110);
    expect(scene.kinds('lease').at(-1)).toEqual({ kind: 'lease', fromMs: 222, offset: EPOCH });
  });

  test('reports the older of the two disks’ oldest operations: that of the logs, and that of the metadata (F5)', () => {
    const scene = new Scene().registered();
    const said = (): number | undefined => scene.beats.at(-1)?.diskStalledMs;
    scene.agent.beat({ offset: 10, atMs: 1, diskStalledMs: 4000 });
    scene.world.runFor(200);
    expect(said()).toBe(4000);
    scene.metadataDiskMs = 5000;
    scene.world.runFor(200);
    expect(said()).toBe(5000);
    scene.metadataDiskMs = 0;
    scene.agent.beat({ offset: 10, atMs: 2, diskStalledMs: 0 });
    scene.world.runFor(200);
    expect(said()).toBe(0);
  });

  test('says for how many heartbeats no controller has answered, whichever it asks, and not how long it stood still', () => {
    const scene = new Scene().registered();
    const said = (): number[] => scene.beats.splice(0).map(({ unansweredMs }) => unansweredMs);
    scene.world.runFor(300);
    expect(new Set(said())).toEqual(new Set([0]));
    scene.isDeaf = true;
    scene.world.runFor(1000);
    // After five of them another stream is opened, and the count goes on.
    expect(said()).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    scene.isDeaf = false;
    scene.world.runFor(200);
    expect(said()).toEqual([1000, 0]);
  });

  test('asks to be let in from when that is asked for until it is said goodbye', () => {
    const scene = new Scene().registered();
    const said = (): boolean[] => [...new Set(scene.beats.splice(0).map(({ wantsUnfenced }) => wantsUnfenced))];
    scene.world.runFor(300);
    expect(said()).toEqual([false]);
    scene.agent.submit(2, { kind: 'unfenceBroker', brokerId: 1, brokerEpoch: EPOCH }, 1000);
    scene.world.runFor(300);
    expect(said()).toEqual([true]);
    scene.agent.submit(3, { kind: 'fenceBroker', brokerId: 1, brokerEpoch: EPOCH }, 1000);
    scene.world.runFor(300);
    expect(said()).toEqual([false]);
  });

  test('takes batches that follow what it has, and outcomes after the metadata that they depend on', () => {
    const scene = new Scene().registered();
    expect(scene.kinds('outcome')).toEqual([]);
    const batch = (baseOffset: number, recordCount: number): void =>
      scene.watch?.onMessage({ kind: 'batch', baseOffset, recordCount, payload: new Uint8Array(1) });
    batch(5, 1);
    batch(0, 30);
    batch(0, 30);
    batch(31, 10);
    expect(scene.kinds('batch')).toMatchObject([{ baseOffset: 0 }]);
    expect(scene.kinds('outcome')).toEqual([]);
    batch(30, 11);
    expect(scene.kinds('outcome')).toMatchObject([{ id: 1 }]);
    expect(scene.sent.at(-1)?.kind).toBe('outcome');
  });

  test('watches another controller when the active one tells of more than comes', () => {
    const scene = new Scene().registered();
    const first = scene.watched.length;
    scene.world.runFor(2000);
    expect(scene.watched.length).toBeGreaterThan(first);
    expect(new Set(scene.watched).size).toBe(2);
  });
});
