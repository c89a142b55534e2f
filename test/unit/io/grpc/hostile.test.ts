// Broken, slow and hostile callers over real sockets: they are refused, and what they can make a node keep is bounded.
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { CALLS_OF_ONE_MAX } from '../../../../broker/io/grpc/admission.ts';
import { CONNECTION_COUNT_MAX } from '../../../../broker/io/grpc/connections.ts';
import { type Method, methodNamed, RAFT_METHODS } from '../../../../broker/io/grpc/methods.ts';
import { MESSAGE_SIZE_MAX, RAFT_QUEUED_SIZE_MAX, SUBMIT_SIZE_MAX } from '../../../../broker/io/grpc/sizes.ts';
import type {
  CallFailure,
  ControlChannel,
  ControlStream,
  WatchResponse,
} from '../../../../broker/ports/control-net.ts';
import { CLUSTER, NEAR, Pair } from '../../../support/control-net-contract.ts';
import { FULL_COMMANDS, MESSAGES, STREAMS } from '../../../support/control-samples.ts';
import { askHonestly, createGrpcStage, until } from './stage.ts';

const MIB = 1024 * 1024;
const HEARTBEAT = methodNamed('Controller.Heartbeat');
const WATCH = methodNamed('Controller.WatchMetadata');
const SUBMIT = methodNamed('Controller.Submit');

const LARGE_APPEND = {
  ...MESSAGES.append,
  entries: [{ index: 1, term: 1, body: { kind: 'batch', payload: new Uint8Array(MIB) } }],
} as const;

let pair: Pair;
let channel: ControlChannel;
const toEnd: (() => void)[] = [];

beforeEach(async () => {
  pair = new Pair(createGrpcStage());
  expect(await pair.listen()).toBeNull();
  channel = pair.connect();
});
afterEach(() => {
  channel.close();
  pair.listener?.close();
  for (const end of toEnd.splice(0)) end();
});

/** A gRPC frame around a message. */
function frame(message: Uint8Array, isCompressed = false): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(isCompressed ? 1 : 0, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function dial(): Socket {
  const socket = connectTcp(pair.address);
  socket.on('error', () => undefined);
  toEnd.push(() => socket.destroy());
  return socket;
}

const url = (): string => `http://${pair.address.host}:${pair.address.port}`;

/** An HTTP/2 client that does as it likes. */
function session(): ClientHttp2Session {
  const client = connectHttp2(url());
  client.on('error', () => undefined);
  toEnd.push(() => client.destroy());
  return client;
}

/** The head of a call of gRPC by hand. */
function headOf(path: string): Record<string, string> {
  return {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    'weir-cluster-id': CLUSTER,
    'weir-role': 'node',
    'weir-node-id': String(NEAR.id),
    'weir-directory-id': NEAR.directoryId,
  };
}

/** Opens a call of gRPC by hand. */
function open(client: ClientHttp2Session, path: string, more: Record<string, string> = {}): ClientHttp2Stream {
  const stream = client.request({ ...headOf(path), ...more }, { endStream: false });
  stream.on('error', () => undefined);
  return stream;
}

/** The status of a call, once it is there. */
async function statusOf(stream: ClientHttp2Stream): Promise<number> {
  let code = -1;
  const take = (headers: Record<string, unknown>): void => {
    if (headers['grpc-status'] !== undefined) code = Number(headers['grpc-status']);
  };
  stream.on('response', take);
  stream.on('trailers', take);
  stream.resume();
  await until(() => code !== -1);
  return code;
}

const honest = (from: ControlChannel = channel): Promise<CallFailure | null> => askHonestly(pair, from);

describe('on the port', () => {
  test.each([
    ['random bytes', Buffer.alloc(100_000, 0xa7)],
    ['HTTP/1', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    [
      'a preface and then rubbish',
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(50_000, 0xff)]),
    ],
    ['a hello of TLS', Buffer.from([22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3])],
  ])('%s ends the connection and nothing else', async (_, bytes) => {
    const socket = dial();
    const closed = once(socket, 'close');
    socket.resume();
    socket.end(bytes);
    await closed;
    expect(await honest()).toBeNull();
  });

  test('more connections than a node needs push out the oldest idle ones, never a busy one', async () => {
    channel.raft(MESSAGES.append);
    await until(() => pair.service.messages.length === 1);
    const sockets: Socket[] = [];
    let closed = 0;
    for (let i = 0; i < 3 * CONNECTION_COUNT_MAX; i += 1) {
      const socket = dial();
      socket.on('close', () => (closed += 1));
      socket.resume();
      sockets.push(socket);
      if (i % 100 === 0) await once(socket, 'connect');
    }
    await until(() => closed === 2 * CONNECTION_COUNT_MAX + 1);
    expect(sockets.slice(-100).every((socket) => !socket.destroyed)).toBe(true);
    const newcomer = pair.connect();
    expect(await honest(newcomer)).toBeNull();
    newcomer.close();
    channel.raft(MESSAGES.append);
    await until(() => pair.service.messages.length === 2);
    expect(pair.service.ended).toEqual([]);
  });

  test('a peer whose process dies is told from one that ends', async () => {
    const client = session();
    const stream = open(client, HEARTBEAT.path);
    stream.write(frame(HEARTBEAT.request.encode(STREAMS['Controller.Heartbeat'].request)));
    const appends = open(client, RAFT_METHODS.append.path);
    appends.write(frame(RAFT_METHODS.append.request.encode(MESSAGES.append)));
    await until(() => pair.service.received.length === 1 && pair.service.messages.length === 1);
    client.socket.destroy();
    await until(() => pair.service.ends.length > 0 && pair.service.ended.length > 0);
    expect(pair.service.ends).toEqual([expect.objectContaining({ code: 'unavailable' })]);
    expect(pair.service.ended).toEqual([NEAR]);
  });
});

describe('a peer that stands still', () => {
  test('is given up: its machine may be gone', async () => {
    const beat = frame(HEARTBEAT.request.encode(STREAMS['Controller.Heartbeat'].request));
    const still = new Worker(
      `const { workerData } = require('node:worker_threads');
      const { connect } = require('node:http2');
      const stream = connect(workerData.url).request(workerData.head, { endStream: false });
      stream.write(workerData.beat);
      setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 1000);`,
      { eval: true, workerData: { url: url(), head: headOf(HEARTBEAT.path), beat } },
    );
    toEnd.push(() => void still.terminate());
    await until(() => pair.service.received.length === 1);
    await until(() => pair.service.ends.length === 1);
    expect(pair.service.ends).toEqual([expect.objectContaining({ code: 'unavailable' })]);
  });
});

describe('of calls', () => {
  test('thousands on one connection are not taken, and other callers are served', async () => {
    const client = session();
    await once(client, 'connect');
    for (let i = 0; i < 2000; i += 1) open(client, HEARTBEAT.path);
    await until(() => pair.service.streams.length > 0);
    const other = pair.connect(CLUSTER, { id: 3, directoryId: 'directory-of-3-0000000' });
    expect(await honest(other)).toBeNull();
    other.close();
    expect(pair.service.streams.length).toBeLessThanOrEqual(CALLS_OF_ONE_MAX);
  });

  test('one caller has so many at a time, over however many connections', async () => {
    const clients = Array.from({ length: 4 }, () => session());
    const streams = clients.flatMap((client) => Array.from({ length: 40 }, () => open(client, HEARTBEAT.path)));
    const refused = new Set<ClientHttp2Stream>();
    for (const stream of streams) {
      stream.on('response', (headers) => {
        if (headers['grpc-status'] === String(status.RESOURCE_EXHAUSTED)) refused.add(stream);
      });
    }
    await until(() => refused.size === streams.length - CALLS_OF_ONE_MAX);
    await until(() => pair.service.streams.length === CALLS_OF_ONE_MAX);
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
    await until(() => pair.service.ends.length === CALLS_OF_ONE_MAX);
    expect(await honest()).toBeNull();
  });

  test('one that does not say who makes it, or of another cluster, is refused before its body is read', async () => {
    const client = session();
    for (const [more, code] of [
      [{ 'weir-role': 'king' }, status.UNAUTHENTICATED],
      [{ 'weir-node-id': 'x' }, status.UNAUTHENTICATED],
      [{ 'weir-cluster-id': '' }, status.UNAUTHENTICATED],
      [{ 'weir-cluster-id': 'elsewhere' }, status.FAILED_PRECONDITION],
      [{ 'weir-role': 'operator' }, status.PERMISSION_DENIED],
    ] as const) {
      const stream = open(client, SUBMIT.path, more);
      stream.write(frame(Buffer.alloc(MIB)));
      expect(await statusOf(stream)).toBe(code);
    }
    expect(pair.service).toMatchObject({ calls: [], messages: [], streams: [] });
  });

  test('one of Raft in another’s name is refused', async () => {
    const client = session();
    const vote = open(client, RAFT_METHODS.vote.path, { 'weir-node-id': '3' });
    vote.end(frame(RAFT_METHODS.vote.request.encode(MESSAGES.vote)));
    expect(await statusOf(vote)).toBe(status.FAILED_PRECONDITION);
    const appends = open(client, RAFT_METHODS.append.path, { 'weir-directory-id': 'another' });
    appends.write(frame(RAFT_METHODS.append.request.encode(MESSAGES.append)));
    expect(await statusOf(appends)).toBe(status.FAILED_PRECONDITION);
    expect(pair.service.messages).toEqual([]);
    await until(() => pair.service.ended.length === 1);
  });

  test('a newer stream of appends takes the place of the older, which tells nothing', async () => {
    const client = session();
    const bytes = frame(RAFT_METHODS.append.request.encode(MESSAGES.append));
    const older = open(client, RAFT_METHODS.append.path);
    older.write(bytes);
    await until(() => pair.service.messages.length === 1);
    const newer = open(client, RAFT_METHODS.append.path);
    newer.write(bytes);
    expect(await statusOf(older)).toBe(status.FAILED_PRECONDITION);
    await until(() => pair.service.messages.length === 2);
    expect(pair.service.ended).toEqual([]);
    newer.close(constants.NGHTTP2_CANCEL);
    await until(() => pair.service.ended.length === 1);
  });
});

describe('of messages', () => {
  test('one that says it is a gigabyte is refused at its head', async () => {
    const stream = open(session(), SUBMIT.path);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(1024 * MIB, 1);
    stream.write(head);
    expect(await statusOf(stream)).toBe(status.RESOURCE_EXHAUSTED);
  });

  test('many that are begun and not finished are broken off, the largest first', async () => {
    const bystander = open(session(), HEARTBEAT.path);
    const beat = frame(HEARTBEAT.request.encode(STREAMS['Controller.Heartbeat'].request));
    bystander.write(beat.subarray(0, 9));
    const client = session();
    const head = Buffer.alloc(5);
    head.writeUInt32BE(MESSAGE_SIZE_MAX, 1);
    const part = Buffer.alloc(MESSAGE_SIZE_MAX - 1);
    const broken = new Set<ClientHttp2Stream>();
    for (let i = 0; i < 12; i += 1) {
      const stream = open(client, SUBMIT.path);
      stream.on('close', () => broken.add(stream));
      let isSent = false;
      stream.write(head);
      stream.write(part, () => (isSent = true));
      await until(() => isSent || broken.has(stream));
    }
    await until(() => broken.size >= 12 - 4);
    for (const stream of broken) expect(stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    bystander.write(beat.subarray(9));
    await until(() => pair.service.received.length === 1);
    expect(await honest()).toBeNull();
  });

  test('one that grows when it is unpacked is refused', async () => {
    const stream = open(session(), HEARTBEAT.path, { 'grpc-encoding': 'gzip' });
    stream.write(frame(gzipSync(Buffer.alloc(4 * MESSAGE_SIZE_MAX)), true));
    expect(await statusOf(stream)).toBe(status.RESOURCE_EXHAUSTED);
  });

  test('one that can’t be read ends its call with the reason', async () => {
    const client = session();
    const submit = open(client, SUBMIT.path);
    submit.end(frame(Buffer.alloc(100, 0xff)));
    expect(await statusOf(submit)).toBe(status.INVALID_ARGUMENT);
    const beats = open(client, HEARTBEAT.path);
    beats.write(frame(Buffer.alloc(100, 0xff)));
    expect(await statusOf(beats)).toBe(status.FAILED_PRECONDITION);
    expect(pair.service.received).toEqual([]);
  });

  test('a command that is too large is refused by both ends', async () => {
    const configs = Array.from({ length: 5 }, (_, i) => ({ name: `x${i}`, value: 'x'.repeat(MIB) }));
    const topic = { ...FULL_COMMANDS.createTopics.topics[0], name: 'jobs', configs };
    const command = { ...FULL_COMMANDS.createTopics, topics: [topic as (typeof FULL_COMMANDS.createTopics.topics)[0]] };
    const outcomes: (CallFailure | null)[] = [];
    channel.call('Controller.Submit', { command }, 20_000, (failure) => outcomes.push(failure));
    await until(() => outcomes.length > 0);
    expect(outcomes[0]).toMatchObject({ code: 'refused', message: `a request has ${SUBMIT_SIZE_MAX} bytes at most` });
    const stream = open(session(), SUBMIT.path);
    stream.end(frame(SUBMIT.request.encode({ command })));
    expect(await statusOf(stream)).toBe(status.FAILED_PRECONDITION);
    expect(pair.service.calls).toEqual([]);
  });

  test('a number beyond 2^53 is refused where it is sent (B5)', async () => {
    const outcomes: (CallFailure | null)[] = [];
    const command = { ...FULL_COMMANDS.fenceBroker, brokerEpoch: 2 ** 53 };
    channel.call('Controller.Submit', { command }, 20_000, (failure) => outcomes.push(failure));
    await until(() => outcomes.length > 0);
    expect(outcomes[0]).toMatchObject({ code: 'refused', message: expect.stringContaining('no number that fits') });
  });
});

describe('who does not read', () => {
  test('a watcher that is too far behind is given up, and nothing is kept for it', async () => {
    const stream = open(session(), WATCH.path);
    stream.pause();
    stream.end(frame(WATCH.request.encode(STREAMS['Controller.WatchMetadata'].request)));
    await until(() => pair.service.streams.length === 1);
    // The recorder keeps streams of every name.
    const served = pair.service.streams[0]?.stream as unknown as ControlStream<WatchResponse>;
    const payload = new Uint8Array(MIB);
    let sentCount = 0;
    const queued: number[] = [];
    while (pair.service.ends.length === 0 && sentCount < 200) {
      served.send({ kind: 'batch', baseOffset: sentCount, recordCount: 1, payload });
      queued.push(served.queuedBytes());
      sentCount += 1;
      await new Promise(setImmediate);
    }
    expect(Math.max(...queued)).toBeGreaterThan(16 * MIB);
    expect(Math.max(...queued)).toBeLessThanOrEqual(32 * MIB);
    expect(pair.service.ends).toEqual([{ code: 'refused', message: expect.stringContaining('does not read') }]);
    // One is in HTTP/2's hands.
    await until(() => served.queuedBytes() < 2 * MIB);
  });

  test('a replica that takes no appends makes its leader keep no more than the bound', async () => {
    pair.listener?.close();
    const silent: Server = createServer((socket) => socket.pause());
    toEnd.push(() => silent.close());
    silent.listen(pair.address.port, pair.address.host);
    await once(silent, 'listening');
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 200; round += 1) {
      channel.raft({ ...LARGE_APPEND, round });
      await new Promise(setImmediate);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * RAFT_QUEUED_SIZE_MAX);
  });

  test('calls that are not answered are so many at most', async () => {
    const outcomes: (CallFailure | null)[] = [];
    for (let i = 0; i < 500; i += 1) channel.call('Raft.Identify', {}, 60_000, (failure) => outcomes.push(failure));
    await until(() => outcomes.length === 500 - 60);
    expect(outcomes[0]).toEqual({ code: 'refused', message: 'too many calls are under way' });
    await until(() => pair.service.calls.length === 60);
  });
});

describe('who sends faster than it is handled', () => {
  /** Serves on a loop whose inputs wait until the test runs them. */
  async function serveStalled(): Promise<(() => void)[]> {
    pair.listener?.close();
    const inputs: (() => void)[] = [];
    pair = new Pair(createGrpcStage({}, { post: (input) => inputs.push(input) }));
    const listening = pair.listen();
    await until(() => inputs.length > 0);
    for (const input of inputs.splice(0)) input();
    expect(await listening).toBeNull();
    return inputs;
  }

  test.each<[string, Method, Uint8Array, number, number]>([
    ['beats', HEARTBEAT, HEARTBEAT.request.encode(STREAMS['Controller.Heartbeat'].request), 10_000, 130],
    ['large appends', RAFT_METHODS.append, RAFT_METHODS.append.request.encode(LARGE_APPEND), 60, 25],
  ])('is not read: %s', async (_, { path }, message, count, waitingMax) => {
    const inputs = await serveStalled();
    const stream = open(session(), path);
    for (let i = 0; i < count; i += 1) stream.write(frame(message));
    expect(await quiet(() => inputs.length)).toBeLessThan(waitingMax);
    // Handled, they are read on: none is lost.
    await until(() => {
      for (const input of inputs.splice(0)) input();
      return pair.service.received.length + pair.service.messages.length === count;
    });
  });
});

/** A number once it has not changed for 20 looks. */
async function quiet(look: () => number): Promise<number> {
  let last = look();
  let same = 0;
  await until(() => {
    same = look() === last ? same + 1 : 0;
    last = look();
    return same >= 20;
  });
  return last;
}
