import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Message, ReplicaKey } from '../../broker/core/raft/types.ts';
import type {
  CallFailure,
  Caller,
  ControlAddress,
  ControlChannel,
  ControlNet,
  ControlService,
  ControlStream,
  StreamHandlers,
  WatchResponse,
} from '../../broker/ports/control-net.ts';
import { MESSAGES, QUESTION_NAMES, QUESTIONS, STREAMS, WATCHED } from './control-samples.ts';

/** Where the contract is tried: two processes, and time that goes by. */
export interface ControlNetStage {
  /** The network as the process has it that calls. */
  readonly near: ControlNet;
  /** The network as the process has it that serves. */
  readonly far: ControlNet;
  /** Where the latter may listen; with port 0 it takes a free one. */
  readonly address: ControlAddress;
  /** Lets both run until something is so; fails after 60 s. */
  until(isSo: () => boolean): Promise<void>;
  end(): void;
}

/** Cluster of both processes. */
export const CLUSTER = 'cluster-0000000000000a';
/** The process that calls: the sender of the samples. */
export const NEAR: ReplicaKey = MESSAGES.vote.from;
/** The process that serves: their receiver. */
export const FAR: ReplicaKey = MESSAGES.vote.to;

type Handlers = StreamHandlers<unknown>;
type Done = Parameters<ControlService['call']>[3];

/** A service that writes down what it is told; what it answers is up to the test. */
export class Recorder implements ControlService {
  readonly messages: Message[] = [];
  readonly ended: ReplicaKey[] = [];
  readonly calls: { readonly name: string; readonly request: unknown; readonly caller: Caller; readonly done: Done }[] =
    [];
  readonly streams: { readonly name: string; readonly stream: ControlStream<never>; readonly caller: Caller }[] = [];
  readonly received: unknown[] = [];
  readonly ends: (CallFailure | null)[] = [];
  /** What is said to each message of Raft. */
  answer: (message: Message) => Message | null = () => null;
  /** Why streams are not opened. */
  refusal: CallFailure | null = null;

  raft(message: Message, reply: (response: Message) => void): void {
    this.messages.push(message);
    const response = this.answer(message);
    if (response !== null) reply(response);
  }

  raftEnded(from: ReplicaKey): void {
    this.ended.push(from);
  }

  call(...[name, request, caller, done]: Parameters<ControlService['call']>): void {
    // Tests know what they asked.
    this.calls.push({ name, request, caller, done: done as Done });
  }

  open(name: string, stream: ControlStream<never>, caller: Caller): Handlers | CallFailure {
    if (this.refusal !== null) return this.refusal;
    this.streams.push({ name, stream, caller });
    return { onMessage: (message) => this.received.push(message), onEnd: (failure) => this.ends.push(failure) };
  }
}

/** What the end of a stream at the caller heard. */
class Heard implements Handlers {
  readonly messages: unknown[] = [];
  readonly ends: (CallFailure | null)[] = [];
  onMessage(message: unknown): void {
    this.messages.push(message);
  }
  onEnd(failure: CallFailure | null): void {
    this.ends.push(failure);
  }
}

/** A served and connected pair. */
export class Pair {
  readonly stage: ControlNetStage;
  readonly service = new Recorder();
  readonly replies: Message[] = [];
  address: ControlAddress;
  listener: { readonly port: number; close(): void } | null = null;

  constructor(stage: ControlNetStage) {
    this.stage = stage;
    this.address = stage.address;
  }

  /** Listens; gives the failure. */
  async listen(clusterId = CLUSTER): Promise<string | null> {
    let failure: string | null | undefined;
    this.stage.far.listen({ address: this.address, clusterId, self: FAR, service: this.service }, (why, listener) => {
      failure = why;
      this.listener = listener;
    });
    await this.stage.until(() => failure !== undefined);
    if (this.listener !== null) this.address = { ...this.address, port: this.listener.port };
    return failure ?? null;
  }

  connect(clusterId = CLUSTER, self = NEAR): ControlChannel {
    const onReply = (reply: Message): void => void this.replies.push(reply);
    return this.stage.near.connect({ address: this.address, clusterId, self, onReply });
  }
}

/** Questions that only the operator may ask (B3). */
export const OPERATOR_NAMES = QUESTION_NAMES.filter((name) => /^Fleet\.(?!Status$|CanRestart$)/.test(name));

/** Everything that the port promises, whoever implements it. */
export function describeControlNet(name: string, createStage: () => ControlNetStage): void {
  describe(`${name} keeps the contract of ControlNet`, () => {
    let pair: Pair;
    let channel: ControlChannel;
    const until = (isSo: () => boolean): Promise<void> => pair.stage.until(isSo);

    beforeEach(async () => {
      pair = new Pair(createStage());
      expect(await pair.listen()).toBeNull();
      channel = pair.connect();
    });
    afterEach(() => {
      channel.close();
      pair.listener?.close();
      pair.stage.end();
    });

    describeCalls(() => ({ pair, channel, until }));
    describeRaft(() => ({ pair, channel, until }));
    describeHeartbeats(() => ({ pair, channel, until }));
    describeWatches(() => ({ pair, channel, until }));
    describeEnds(() => ({ pair, channel, until }));
    describeListeners(() => ({ pair, channel, until }));
  });
}

type Given = () => {
  readonly pair: Pair;
  readonly channel: ControlChannel;
  readonly until: (isSo: () => boolean) => Promise<void>;
};

/** The outcome of a call, null while it is open. */
type Outcome = { readonly failure: CallFailure | null; readonly response: unknown };

function ask(channel: ControlChannel, timeoutMs = 30_000): Outcome[] {
  const outcomes: Outcome[] = [];
  channel.call('Raft.Identify', {}, timeoutMs, (failure, response) => outcomes.push({ failure, response }));
  return outcomes;
}

function describeCalls(given: Given): void {
  test.each(QUESTION_NAMES.filter((name) => !OPERATOR_NAMES.includes(name)))(
    '%s is carried there and back',
    async (name) => {
      const { pair, channel, until } = given();
      const { request, response } = QUESTIONS[name];
      const outcomes: Outcome[] = [];
      channel.call(name, request as never, 30_000, (failure, answer) => outcomes.push({ failure, response: answer }));
      await until(() => pair.service.calls.length > 0);
      const [call] = pair.service.calls;
      expect(call).toMatchObject({ name, request, caller: { role: 'node', nodeId: NEAR.id } });
      call?.done(null, response as never);
      await until(() => outcomes.length > 0);
      expect(outcomes).toEqual([{ failure: null, response }]);
    },
  );

  test('a failure is carried back with its code and its reason', async () => {
    const { pair, channel, until } = given();
    for (const code of ['unavailable', 'late', 'refused', 'unserved'] as const) {
      const outcomes = ask(channel);
      await until(() => pair.service.calls.length > 0);
      pair.service.calls.pop()?.done({ code, message: 'for a reason' }, null);
      await until(() => outcomes.length > 0);
      expect(outcomes).toEqual([
        { failure: { code, message: expect.stringContaining('for a reason') }, response: null },
      ]);
    }
  });

  test('a call that is not answered in time is late', async () => {
    const { channel, until } = given();
    const outcomes = ask(channel, 50);
    await until(() => outcomes.length > 0);
    expect(outcomes).toEqual([{ failure: { code: 'late', message: expect.any(String) }, response: null }]);
  });

  test('calls are answered in any order', async () => {
    const { pair, channel, until } = given();
    const first = ask(channel);
    const second = ask(channel);
    await until(() => pair.service.calls.length === 2);
    const { response } = QUESTIONS['Raft.Identify'];
    pair.service.calls[1]?.done(null, response as never);
    await until(() => second.length > 0);
    expect(first).toEqual([]);
    pair.service.calls[0]?.done(null, response as never);
    await until(() => first.length > 0);
  });

  test('another cluster is refused, and its messages do not arrive', async () => {
    const { pair, until } = given();
    const stranger = pair.connect('cluster-0000000000000b');
    const heard = new Heard();
    stranger.raft(MESSAGES.vote);
    stranger.raft(MESSAGES.append);
    stranger.open('Controller.Heartbeat', heard).send(STREAMS['Controller.Heartbeat'].request);
    const outcomes = ask(stranger);
    await until(() => outcomes.length > 0 && heard.ends.length > 0);
    // Where certificates name the cluster, there is not even a connection.
    for (const failure of [outcomes[0]?.failure, heard.ends[0]]) {
      expect(failure?.message).toContain('cluster');
      expect(['refused', 'unavailable']).toContain(failure?.code);
    }
    expect(pair.service).toMatchObject({ messages: [], calls: [], streams: [], ended: [] });
    stranger.close();
  });
}

function describeRaft(given: Given): void {
  test.each(['pre-vote', 'vote', 'append', 'snapshot'] as const)(
    '%s is carried there, its answer back',
    async (kind) => {
      const { pair, channel, until } = given();
      const response = { ...MESSAGES[`${kind}-response`], from: FAR, to: NEAR };
      pair.service.answer = () => response;
      channel.raft(MESSAGES[kind]);
      await until(() => pair.replies.length > 0);
      expect(pair.service.messages).toEqual([MESSAGES[kind]]);
      expect(pair.replies).toEqual([response]);
    },
  );

  test('a message without an answer is carried', async () => {
    const { pair, channel, until } = given();
    channel.raft(MESSAGES['timeout-now']);
    await until(() => pair.service.messages.length > 0);
    expect(pair.service.messages).toEqual([MESSAGES['timeout-now']]);
  });

  test('appends arrive in order, however many are under way', async () => {
    const { pair, channel, until } = given();
    const rounds = Array.from({ length: 500 }, (_, round) => round);
    // Before there is a connection some may be dropped.
    channel.raft({ ...MESSAGES.append, round: 0 });
    await until(() => pair.service.messages.length === 1);
    for (const round of rounds.slice(1)) channel.raft({ ...MESSAGES.append, round });
    await until(() => pair.service.messages.length === rounds.length);
    expect(pair.service.messages.map((message) => (message.kind === 'append' ? message.round : -1))).toEqual(rounds);
  });

  test('a replica whose appends end is named, once', async () => {
    const { pair, channel, until } = given();
    channel.raft(MESSAGES.append);
    channel.raft(MESSAGES.snapshot);
    channel.raft(MESSAGES.vote);
    await until(() => pair.service.messages.length === 3);
    expect(pair.service.ended).toEqual([]);
    channel.close();
    await until(() => pair.service.ended.length > 0);
    expect(pair.service.ended).toEqual([NEAR]);
  });

  test('an answer may come when the asker is gone', async () => {
    const { pair, channel, until } = given();
    const late: (() => void)[] = [];
    pair.service.raft = (message, reply) => {
      late.push(() => reply({ ...MESSAGES['append-response'], from: FAR, to: NEAR }));
      pair.service.messages.push(message);
    };
    channel.raft(MESSAGES.append);
    await until(() => late.length > 0);
    channel.close();
    await until(() => pair.service.ended.length > 0);
    for (const reply of late) reply();
    expect(pair.replies).toEqual([]);
  });
}

function describeHeartbeats(given: Given): void {
  test('heartbeats go both ways, in order, until the caller ends them', async () => {
    const { pair, channel, until } = given();
    const { request, response } = STREAMS['Controller.Heartbeat'];
    const heard = new Heard();
    const stream = channel.open('Controller.Heartbeat', heard);
    for (let offset = 0; offset < 200; offset += 1) stream.send({ ...request, appliedOffset: offset });
    await until(() => pair.service.received.length === 200);
    expect(pair.service.streams).toMatchObject([
      { name: 'Controller.Heartbeat', caller: { role: 'node', nodeId: NEAR.id } },
    ]);
    expect(pair.service.received).toEqual(Array.from({ length: 200 }, (_, i) => ({ ...request, appliedOffset: i })));
    const [served] = pair.service.streams;
    served?.stream.send(response as never);
    await until(() => heard.messages.length > 0);
    expect(heard.messages).toEqual([response]);
    stream.end(null);
    await until(() => pair.service.ends.length > 0);
    expect(pair.service.ends).toEqual([null]);
    expect(heard.ends).toEqual([]);
  });
}

function describeWatches(given: Given): void {
  test('a watcher is sent everything in order, and told how it ended', async () => {
    const { pair, channel, until } = given();
    const heard = new Heard();
    const { request } = STREAMS['Controller.WatchMetadata'];
    channel.open('Controller.WatchMetadata', heard).send(request);
    await until(() => pair.service.received.length > 0);
    expect(pair.service.received).toEqual([request]);
    const [served] = pair.service.streams;
    for (const message of Object.values(WATCHED)) served?.stream.send(message as never);
    await until(() => heard.messages.length === 3);
    expect(heard.messages).toEqual(Object.values(WATCHED));
    served?.stream.end({ code: 'refused', message: 'too far behind' });
    await until(() => heard.ends.length > 0);
    expect(heard.ends).toEqual([{ code: 'refused', message: expect.stringContaining('too far behind') }]);
    expect(pair.service.ends).toEqual([]);
  });

  test('what was sent before an ordinary end arrives before it', async () => {
    const { pair, channel, until } = given();
    const heard = new Heard();
    channel.open('Controller.WatchMetadata', heard).send(STREAMS['Controller.WatchMetadata'].request);
    await until(() => pair.service.streams.length > 0);
    const stream = pair.service.streams[0]?.stream;
    const payload = new Uint8Array(1024);
    const batches = Array.from({ length: 3000 }, (_, i) => ({ kind: 'batch', baseOffset: i, recordCount: 1, payload }));
    for (const batch of batches) stream?.send(batch as never);
    stream?.end(null);
    await until(() => heard.ends.length > 0);
    expect(heard.messages).toEqual(batches);
    expect(heard.ends).toEqual([null]);
  });

  test('a stream that is not opened ends with the reason', async () => {
    const { pair, channel, until } = given();
    pair.service.refusal = { code: 'refused', message: 'not a controller' };
    const heard = new Heard();
    channel.open('Controller.Heartbeat', heard).send(STREAMS['Controller.Heartbeat'].request);
    await until(() => heard.ends.length > 0);
    expect(heard.ends).toEqual([{ code: 'refused', message: expect.stringContaining('not a controller') }]);
    expect(pair.service.received).toEqual([]);
  });

  test('bytes that wait are counted, and it is told when they have gone', async () => {
    const { pair, channel, until } = given();
    const heard = new Heard();
    channel.open('Controller.WatchMetadata', heard).send(STREAMS['Controller.WatchMetadata'].request);
    await until(() => pair.service.streams.length > 0);
    // The recorder keeps streams of every name.
    const stream = pair.service.streams[0]?.stream as unknown as ControlStream<WatchResponse>;
    let drained = 0;
    stream.onDrain(() => (drained += 1));
    const data = new Uint8Array(256 * 1024).fill(7);
    for (let i = 0; i < 8; i += 1) stream.send({ kind: 'snapshot', offset: i, data, isLast: i === 7 });
    expect(stream.queuedBytes()).toBeGreaterThan(1024 * 1024);
    await until(() => drained > 0 && heard.messages.length === 8);
    expect(drained).toBe(1);
    expect(stream.queuedBytes()).toBeLessThan(1024 * 1024);
  });
}

function describeEnds(given: Given): void {
  test('when nobody listens calls are unavailable, and soon', async () => {
    const { pair, channel, until } = given();
    pair.listener?.close();
    const outcomes = ask(channel);
    await until(() => outcomes.length > 0);
    expect(outcomes[0]?.failure).toMatchObject({ code: 'unavailable' });
  });

  test('when the other side stops, open calls and streams end', async () => {
    const { pair, channel, until } = given();
    const heard = new Heard();
    channel.open('Controller.Heartbeat', heard).send(STREAMS['Controller.Heartbeat'].request);
    const outcomes = ask(channel);
    await until(() => pair.service.received.length > 0 && pair.service.calls.length > 0);
    pair.listener?.close();
    await until(() => heard.ends.length > 0 && outcomes.length > 0);
    expect(heard.ends).toEqual([expect.objectContaining({ code: 'unavailable' })]);
    expect(outcomes[0]?.failure).toMatchObject({ code: 'unavailable' });
  });

  test('a channel finds the other side again when it is back', async () => {
    const { pair, channel, until } = given();
    channel.raft(MESSAGES.append);
    await until(() => pair.service.messages.length > 0);
    pair.listener?.close();
    const before = ask(channel);
    await until(() => before.length > 0);
    expect(await pair.listen()).toBeNull();
    let answered = false;
    const again = (): void => {
      channel.raft({ ...MESSAGES.append, round: 1000 });
      const outcomes = ask(channel, 1000);
      void until(() => outcomes.length > 0).then(() => {
        if (outcomes[0]?.failure?.code === 'unavailable') again();
        else answered = true;
      });
    };
    again();
    await until(() => pair.service.calls.length > 0);
    pair.service.calls[0]?.done(null, QUESTIONS['Raft.Identify'].response as never);
    await until(() => answered && pair.service.messages.length > 1);
  });

  test('who closes a channel is told nothing more', async () => {
    const { pair, channel, until } = given();
    const heard = new Heard();
    channel.open('Controller.Heartbeat', heard).send(STREAMS['Controller.Heartbeat'].request);
    channel.raft(MESSAGES.append);
    const outcomes = ask(channel);
    await until(() => pair.service.received.length > 0 && pair.service.calls.length > 0);
    channel.close();
    await until(() => pair.service.ends.length > 0);
    expect({ heard: heard.ends, outcomes }).toEqual({ heard: [], outcomes: [] });
    expect(ask(channel)).toEqual([]);
  });
}

function describeListeners(given: Given): void {
  test('an address that is taken is not listened on', async () => {
    const { pair } = given();
    const second = new Pair({ ...pair.stage, address: pair.address });
    expect(await second.listen()).toEqual(expect.any(String));
  });

  test('a probe tells whether anybody listens', async () => {
    const { pair, until } = given();
    const outcomes: string[] = [];
    pair.stage.near.probe(pair.address, 30_000, (outcome) => outcomes.push(outcome));
    await until(() => outcomes.length === 1);
    pair.listener?.close();
    pair.stage.near.probe(pair.address, 30_000, (outcome) => outcomes.push(outcome));
    await until(() => outcomes.length === 2);
    expect(outcomes).toEqual(['accepted', 'refused']);
  });
}
