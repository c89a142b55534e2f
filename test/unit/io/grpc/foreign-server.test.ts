// What a channel makes of a server that is none, or of another cluster, over real sockets.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Metadata, Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { writeIdentity } from '../../../../broker/io/grpc/identity.ts';
import { methodNamed } from '../../../../broker/io/grpc/methods.ts';
import { MESSAGE_SIZE_MAX } from '../../../../broker/io/grpc/sizes.ts';
import type { CallFailure, ControlChannel } from '../../../../broker/ports/control-net.ts';
import { CLUSTER, FAR, Pair } from '../../../support/control-net-contract.ts';
import { MESSAGES, QUESTIONS } from '../../../support/control-samples.ts';
import { askHonestly, createGrpcStage, until } from './stage.ts';

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

const honest = (from: ControlChannel = channel): Promise<CallFailure | null> => askHonestly(pair, from);

describe('a server of another kind', () => {
  async function serveTcp(answer: (socket: Socket) => void): Promise<void> {
    pair.listener?.close();
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      answer(socket);
    });
    toEnd.push(() => server.close());
    server.listen(pair.address.port, pair.address.host);
    await once(server, 'listening');
  }

  test.each<[string, (socket: Socket) => void]>([
    ['that answers rubbish', (socket) => socket.end(Buffer.alloc(100_000, 0xee))],
    ['that hangs up', (socket) => socket.destroy()],
    ['that speaks HTTP/1', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('%s is unavailable', async (_, answer) => {
    await serveTcp(answer);
    expect(await honest()).toMatchObject({ code: 'unavailable' });
  });

  test('that begins well and then stands still is unavailable before the call is late', async () => {
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    await serveTcp((socket) => socket.write(settings));
    const outcomes: (CallFailure | null)[] = [];
    channel.call('Raft.Identify', {}, 50_000, (failure) => outcomes.push(failure));
    await until(() => outcomes.length > 0);
    expect(outcomes[0]).toMatchObject({ code: 'unavailable' });
  });

  test.each([
    ['from the start', false],
    ['after it had refused', true],
  ])('a machine that says nothing %s is tried afresh, again and again', async (_, isRefusedFirst) => {
    pair.listener?.close();
    const patient = pair.connect();
    toEnd.push(() => patient.close());
    if (isRefusedFirst) expect(await honest(patient)).toMatchObject({ code: 'unavailable' });
    await listenDeaf(pair.address.port);
    const attempts: Socket[] = [];
    const note = (message: unknown): void => {
      // Node's own channel of this name tells of every socket of a client.
      attempts.push((message as { readonly socket: Socket }).socket);
    };
    subscribe('net.client.socket', note);
    toEnd.push(() => unsubscribe('net.client.socket', note));
    await until(() => {
      patient.raft(MESSAGES.vote);
      return attempts.length >= 3;
    });
    expect(attempts.every((socket) => socket.connecting || socket.destroyed)).toBe(true);
  });

  test('a machine that was away is connected to at once when it is heard of', async () => {
    pair.listener?.close();
    const away = pair.connect();
    toEnd.push(() => away.close());
    let attemptCount = 0;
    const note = (): void => void (attemptCount += 1);
    subscribe('net.client.socket', note);
    toEnd.push(() => unsubscribe('net.client.socket', note));
    // So many that the pause before the next is longer than what follows takes.
    await until(() => {
      away.raft(MESSAGES.vote);
      return attemptCount >= 6;
    });
    expect(await honest(away)).toMatchObject({ code: 'unavailable' });
    expect(await pair.listen()).toBeNull();
    away.wake();
    expect(await honest(away)).toBeNull();
  });

  /** Makes the system take no further connection on a port: nobody accepts those that wait. */
  async function listenDeaf(port: number): Promise<void> {
    const deaf = new Worker(
      `const { parentPort } = require('node:worker_threads');
      const server = require('node:net').createServer().listen({ port: ${port}, host: '127.0.0.1', backlog: 1 }, () => {
        parentPort.postMessage('listening');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });`,
      { eval: true },
    );
    toEnd.push(() => void deaf.terminate());
    // It holds two, whoever they are of: a channel that was refused before may dial again in between.
    let heldCount = 0;
    const count = (message: unknown): void => {
      (message as { readonly socket: Socket }).socket.once('connect', () => (heldCount += 1));
    };
    subscribe('net.client.socket', count);
    toEnd.push(() => unsubscribe('net.client.socket', count));
    await once(deaf, 'message');
    const fill = Array.from({ length: 3 }, () => connectTcp({ port, host: '127.0.0.1' }));
    for (const socket of fill) {
      socket.on('error', () => undefined);
      toEnd.push(() => socket.destroy());
    }
    await until(() => heldCount >= 2);
  }

  /** A gRPC server that answers Identify with these bytes, as a node of some cluster; null: without a word of whose. */
  async function serveForeign(bytes: Buffer, clusterId: string | null): Promise<void> {
    pair.listener?.close();
    const { path } = methodNamed('Raft.Identify');
    const same = (message: Buffer): Buffer => message;
    const server = new GrpcServer();
    const codecs = {
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    };
    server.addService(
      { [path]: { path, requestStream: false, responseStream: false, ...codecs } },
      {
        [path]: (call: { sendMetadata(metadata: Metadata): void }, done: (error: null, response: Buffer) => void) => {
          call.sendMetadata(
            clusterId === null ? new Metadata() : writeIdentity({ clusterId, role: 'node', replica: FAR }),
          );
          done(null, bytes);
        },
      },
    );
    toEnd.push(() => server.forceShutdown());
    const address = `${pair.address.host}:${pair.address.port}`;
    await new Promise((resolve) => server.bindAsync(address, ServerCredentials.createInsecure(), resolve));
  }

  test('of another cluster is refused, even when it answers', async () => {
    await serveForeign(methodNamed('Raft.Identify').response.encode(QUESTIONS['Raft.Identify'].response), 'elsewhere');
    expect(await honest()).toEqual({
      code: 'refused',
      message: `cluster elsewhere answered a call for cluster ${CLUSTER}`,
    });
  });

  test('that does not know a call, as one of an older version, does not serve it', async () => {
    await serveForeign(Buffer.alloc(0), CLUSTER);
    const outcomes: (CallFailure | null)[] = [];
    channel.call('Fleet.AssessTopics', { examplesMax: 1 }, 20_000, (failure) => outcomes.push(failure));
    await until(() => outcomes.length > 0);
    expect(outcomes).toMatchObject([{ code: 'unserved' }]);
  });

  test('whose answer does not say whose it is is refused', async () => {
    await serveForeign(methodNamed('Raft.Identify').response.encode(QUESTIONS['Raft.Identify'].response), null);
    expect(await honest()).toEqual({ code: 'refused', message: 'an answer that does not say whose it is' });
  });

  test('whose answer can’t be read is refused', async () => {
    await serveForeign(Buffer.alloc(20, 0xff), CLUSTER);
    expect(await honest()).toMatchObject({
      code: 'refused',
      message: expect.stringContaining('can’t be read'.replace('’', "'")),
    });
  });

  test('whose answer is too large is refused', async () => {
    await serveForeign(Buffer.alloc(MESSAGE_SIZE_MAX + 1), CLUSTER);
    expect(await honest()).toMatchObject({ code: 'refused', message: expect.stringContaining('larger than max') });
  });
});
