import { describe, expect, it } from '@jest/globals';
import { createPrng } from '../../broker/core/base/prng.ts';
import type { Message, ReplicaKey } from '../../broker/core/raft/types.ts';
import type {
  CallFailure,
  ControlChannel,
  ControlService,
  ControlStream,
  StreamHandlers,
  WatchRequest,
  WatchResponse,
} from '../../broker/ports/control-net.ts';
import { CALM, type ControlWeather, SimControlNetwork } from './control-net.ts';
import { type SimHost, SimNetwork } from './net.ts';
import { World } from './world.ts';

const A: ReplicaKey = { id: 1, directoryId: 'disk-a' };
const B: ReplicaKey = { id: 2, directoryId: 'disk-b' };
const A_HOST = '10.0.0.1';
const B_HOST = '10.0.0.2';
const B_ADDRESS = { host: B_HOST, port: 7000 };

function append(round: number): Message {
  const place = { index: 0, term: 0 };
  return { kind: 'append', from: A, to: B, term: 1, previous: place, entries: [], committedIndex: 0, round };
}

function answer(round: number): Message {
  const head = { kind: 'append-response', from: B, to: A, term: 1, round, isDamaged: false } as const;
  return { ...head, outcome: 'matched', index: 0, conflictTerm: 0 };
}

function ask(term: number): Message {
  return { kind: 'pre-vote', from: A, to: B, term, last: { index: 0, term: 0 } };
}

/** A process on machine A that talks to one on machine B, which writes down what it hears. */
class Scene {
  readonly world = new World(1);
  readonly network = new SimControlNetwork(this.world, createPrng(7));
  readonly hosts = new SimNetwork(this.world);
  readonly near = this.hosts.host(A_HOST);
  far: SimHost;
  readonly heard: string[] = [];
  readonly messages: Message[] = [];
  readonly replies: Message[] = [];
  watcher: ControlStream<WatchResponse> | null = null;
  readonly channel: ControlChannel;

  constructor(weather: Partial<ControlWeather> = {}, clusterId = 'one') {
    this.network.weather = { ...CALM, ...weather };
    this.far = this.start();
    const onReply = (reply: Message): void => void this.replies.push(reply);
    this.channel = this.network.of(this.near).connect({ address: B_ADDRESS, clusterId, self: A, onReply });
  }

  /** A life of the process on machine B. */
  start(): SimHost {
    const host = this.hosts.host(B_HOST);
    this.network
      .of(host)
      .listen({ address: B_ADDRESS, clusterId: 'one', self: B, service: this.#service() }, () => undefined);
    this.world.runFor(1);
    return host;
  }

  die(): void {
    this.far.die();
    this.network.died(this.far);
  }

  call(timeoutMs: number): () => CallFailure | 'answered' | 'open' {
    let outcome: CallFailure | 'answered' | 'open' = 'open';
    this.channel.call('Raft.Identify', {}, timeoutMs, (failure) => (outcome = failure ?? 'answered'));
    return () => outcome;
  }

  rounds(): number[] {
    return this.messages.map((message) => (message.kind === 'append' ? message.round : message.term));
  }

  #service(): ControlService {
    return {
      raft: (message, reply) => {
        this.messages.push(message);
        if (message.kind === 'append') reply(answer(message.round));
      },
      raftEnded: (from) => void this.heard.push(`appends of ${from.id} ended`),
      call: (name, _request, caller, done) => {
        this.heard.push(`${name} of ${caller.role} ${caller.nodeId}`);
        done({ code: 'refused', message: 'not now' }, null);
      },
      open: (_name, stream) => {
        // The test opens watches only.
        this.watcher = stream as ControlStream<unknown> as ControlStream<WatchResponse>;
        const handlers: StreamHandlers<WatchRequest> = {
          onMessage: (message) => void this.heard.push(`watch from ${message.offset}`),
          onEnd: (failure) => void this.heard.push(`watch ended: ${failure?.code ?? 'well'}`),
        };
        return handlers as StreamHandlers<never>;
      },
    };
  }
}

describe('the simulated control network', () => {
  it('delivers messages of a stream in order, answers them, and shares nothing', () => {
    const scene = new Scene({ delayMaxMs: 50 });
    const message = append(0);
    scene.channel.raft(message);
    for (let round = 1; round < 30; round += 1) scene.channel.raft(append(round));
    scene.world.runFor(500);
    expect(scene.rounds()).toEqual(Array.from({ length: 30 }, (_, round) => round));
    expect(scene.replies).toHaveLength(30);
    expect(scene.messages[0]).toEqual(message);
    expect(scene.messages[0]).not.toBe(message);
  });

  it('lets calls of their own overtake each other, come twice or not at all', () => {
    const scene = new Scene({ delayMaxMs: 50, duplicateChance: 0.3, lossChance: 0.2 });
    for (let term = 0; term < 60; term += 1) scene.channel.raft(ask(term));
    scene.world.runFor(500);
    const terms = scene.rounds();
    expect(terms.toSorted((a, b) => a - b)).not.toEqual(terms);
    expect(new Set(terms).size).toBeLessThan(60);
    expect(new Set(terms).size).toBeLessThan(terms.length);
  });

  it('holds back what is on its way while one direction is cut, and gives the connection up after a time', () => {
    const scene = new Scene({ keepaliveMs: 3000 });
    scene.channel.raft(append(1));
    scene.world.runFor(100);
    scene.network.cut(A_HOST, B_HOST);
    scene.channel.raft(append(2));
    scene.world.runFor(1000);
    expect([scene.rounds(), scene.heard]).toEqual([[1], []]);
    scene.network.mend(A_HOST, B_HOST);
    scene.world.runFor(500);
    expect(scene.rounds()).toEqual([1, 2]);
    scene.network.cut(B_HOST, A_HOST);
    scene.channel.raft(append(3));
    scene.world.runFor(4000);
    expect([scene.rounds(), scene.replies.length, scene.heard]).toEqual([[1, 2, 3], 2, ['appends of 1 ended']]);
  });

  it('answers a probe as a machine would: with a process, without one, without power', () => {
    const scene = new Scene();
    const outcomes: string[] = [];
    const probe = (): void => {
      scene.network.of(scene.near).probe(B_ADDRESS, 100, (outcome) => void outcomes.push(outcome));
      scene.world.runFor(200);
    };
    probe();
    scene.far.sleepUntil(scene.world.nowMs + 1000);
    probe();
    scene.die();
    probe();
    scene.network.setPower(B_HOST, false);
    probe();
    scene.network.setPower(B_HOST, true);
    scene.network.cut(B_HOST, A_HOST);
    probe();
    expect(outcomes).toEqual(['accepted', 'accepted', 'refused', 'unreachable', 'unreachable']);
  });

  it('tells callers and streams at once when the process at the other end dies', () => {
    const scene = new Scene();
    const ends: string[] = [];
    const stream = scene.channel.open('Controller.WatchMetadata', {
      onMessage: (message) => void ends.push(message.kind),
      onEnd: (failure) => void ends.push(failure?.code ?? 'well'),
    });
    stream.send({ brokerId: 1, offset: 5 });
    scene.world.runFor(50);
    scene.watcher?.send({ kind: 'controller', controllerId: 2 });
    scene.world.runFor(50);
    scene.die();
    scene.world.runFor(50);
    expect([scene.heard, ends]).toEqual([['watch from 5'], ['controller', 'unavailable']]);
    const outcome = scene.call(500);
    scene.world.runFor(50);
    expect(outcome()).toEqual({ code: 'unavailable', message: 'not connected' });
  });

  it('connects again by itself to the next life of a process', () => {
    const scene = new Scene();
    scene.channel.raft(append(1));
    scene.world.runFor(50);
    scene.die();
    scene.world.runFor(50);
    scene.channel.raft(append(2));
    scene.world.runFor(10);
    scene.far = scene.start();
    scene.world.runFor(60);
    scene.channel.raft(append(3));
    scene.world.runFor(50);
    expect(scene.rounds()).toEqual([1, 3]);
  });

  it('lets nobody of another cluster in, and fails a call that nobody answers in time', () => {
    const stranger = new Scene({}, 'two');
    const refused = stranger.call(500);
    stranger.channel.raft(append(1));
    stranger.world.runFor(100);
    expect(refused()).toEqual({ code: 'refused', message: 'this is cluster one' });
    expect([stranger.messages, stranger.heard]).toEqual([[], []]);

    const scene = new Scene();
    scene.far.sleepUntil(scene.world.nowMs + 1000);
    const late = scene.call(500);
    scene.world.runFor(700);
    expect(late()).toEqual({ code: 'late', message: 'no answer within 500 ms' });
    scene.world.runFor(700);
    expect(scene.heard).toEqual(['Raft.Identify of node 1']);
  });

  it('tells a sender of a full stream when it has drained', () => {
    const scene = new Scene({ delayMaxMs: 10 });
    scene.channel.open('Controller.WatchMetadata', { onMessage: () => undefined, onEnd: () => undefined });
    scene.world.runFor(50);
    let drained = 0;
    scene.watcher?.onDrain(() => (drained += 1));
    const piece: WatchResponse = { kind: 'batch', baseOffset: 0, recordCount: 1, payload: new Uint8Array(600_000) };
    for (let i = 0; i < 3; i += 1) scene.watcher?.send(piece);
    expect(scene.watcher?.queuedBytes()).toBeGreaterThan(1_800_000);
    scene.world.runFor(100);
    expect([scene.watcher?.queuedBytes(), drained]).toEqual([0, 1]);
  });
});
