// Certificates of the control plane: who may call whom, and what happens when they are exchanged.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mayCall } from '../../../../broker/io/grpc/admission.ts';
import { createGrpcNet } from '../../../../broker/io/grpc/grpc-net.ts';
import { type Clock, nameOf, type TlsFiles } from '../../../../broker/io/tls/certificates.ts';
import { EventLoop } from '../../../../broker/io/loop/event-loop.ts';
import type { Message } from '../../../../broker/core/raft/types.ts';
import type { CallFailure, Caller, ControlChannel } from '../../../../broker/ports/control-net.ts';
import { type Authority, createAuthority, type Issued } from '../../../support/certificates.ts';
import { CLUSTER, describeControlNet, FAR, NEAR, Pair } from '../../../support/control-net-contract.ts';
import { MESSAGES, QUESTIONS, STREAMS } from '../../../support/control-samples.ts';
import { createGrpcStage, SILENT, until } from './stage.ts';

const directory = mkdtempSync(join(tmpdir(), 'weir-tls-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let fileCount = 0;

const authority = createAuthority('root');
const other = createAuthority('another root');

function write(files: TlsFiles, { cert, key }: Issued, ca: string): void {
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key);
  writeFileSync(files.caFile, ca);
}

function filesOf(issued: Issued, ca: string): TlsFiles {
  fileCount += 1;
  const path = (what: string): string => join(directory, `${fileCount}-${what}.pem`);
  const files = { certFile: path('cert'), keyFile: path('key'), caFile: path('ca') };
  write(files, issued, ca);
  return files;
}

const named = (name: string, from: Authority = authority): TlsFiles =>
  filesOf(from.issue(`weir://${CLUSTER}/${name}`), authority.ca);

describeControlNet('gRPC with certificates', () => {
  return createGrpcStage({ tls: named(`node/${NEAR.id}`) }, { tls: named(`node/${FAR.id}`) });
});

const REAL: Clock = { nowMs: Date.now, lookMs: 60_000 };

let served: Pair | null = null;
let channels: ControlChannel[];
/** Serves with a certificate. */
async function serve(
  tls: TlsFiles | null = named(`node/${FAR.id}`),
  reloadMs = 60_000,
  log = SILENT,
  clock: Clock = REAL,
): Promise<Pair> {
  const pair = new Pair(createGrpcStage({}, { tls, reloadMs, log, clock }));
  served = pair;
  pair.service.call = (_name, _request, _caller, done) => done(null, QUESTIONS['Raft.Identify'].response as never);
  expect(await pair.listen()).toBeNull();
  return pair;
}

beforeEach(() => {
  channels = [];
});
afterEach(() => {
  for (const channel of channels) channel.close();
  served?.listener?.close();
  served = null;
});

function connect(
  tls: TlsFiles | null,
  role: Caller['role'] = 'node',
  reloadMs = 60_000,
  onReply: (reply: Message) => void = () => undefined,
  log = SILENT,
  clock: Clock = REAL,
): ControlChannel {
  const net = createGrpcNet({ post: new EventLoop().post, tls, insecure: false, role, log, reloadMs, clock });
  const self = role === 'node' ? NEAR : { id: -1, directoryId: '' };
  const channel = net.connect({
    address: served?.address ?? { host: '127.0.0.1', port: 1 },
    clusterId: CLUSTER,
    self,
    onReply,
  });
  channels.push(channel);
  return channel;
}

/** What comes of a call: its failure, or null. */
async function ask(
  channel: ControlChannel,
  name: 'Raft.Identify' | 'Controller.DescribeQuorum' | 'Fleet.CanRestart' = 'Raft.Identify',
): Promise<CallFailure | null> {
  const outcomes: (CallFailure | null)[] = [];
  channel.call(name, QUESTIONS[name].request as never, 10_000, (failure) => outcomes.push(failure));
  await until(() => outcomes.length > 0);
  return outcomes[0] ?? null;
}

describe('a call is admitted', () => {
  test('of the node that the certificate names', async () => {
    await serve();
    expect(await ask(connect(named(`node/${NEAR.id}`)))).toBeNull();
  });

  test('of the operator, to Fleet alone', async () => {
    const pair = await serve();
    pair.service.call = (_name, _request, caller, done) => {
      expect(caller).toEqual({ role: 'operator', nodeId: null });
      done(null, QUESTIONS['Fleet.CanRestart'].response as never);
    };
    const operator = connect(named('operator'), 'operator');
    expect(await ask(operator, 'Fleet.CanRestart')).toBeNull();
    const refusal = { code: 'refused', message: expect.stringContaining('not for the role operator') };
    expect(await ask(operator, 'Raft.Identify')).toEqual(refusal);
    expect(await ask(operator, 'Controller.DescribeQuorum')).toEqual(refusal);
  });
});

describe('a call is not admitted', () => {
  test.each<[string, () => TlsFiles, CallFailure['code'], string]>([
    ['of another node than the certificate names', () => named('node/99'), 'refused', 'not that of node 1'],
    ['of no certain node', () => named('node'), 'refused', 'not that of node 1'],
    ['of an operator as a node', () => named('operator'), 'refused', 'not that of node 1'],
    [
      'of a node of another cluster',
      () => filesOf(authority.issue('weir://elsewhere/node/1'), authority.ca),
      'refused',
      'not that',
    ],
    [
      'with a certificate without such a name',
      () => filesOf(authority.issue('https://node.test/'), authority.ca),
      'refused',
      'not that',
    ],
    [
      'with a certificate of two names',
      () => filesOf(authority.issue(`weir://${CLUSTER}/node/1`, `weir://${CLUSTER}/operator`), authority.ca),
      'refused',
      'not that',
    ],
    ['with a certificate of another root', () => named('node/1', other), 'unavailable', ''],
  ])('%s', async (_, files, code, message) => {
    const pair = await serve();
    const channel = connect(files());
    channel.raft(MESSAGES.append);
    channel
      .open('Controller.Heartbeat', { onMessage: () => undefined, onEnd: () => undefined })
      .send(STREAMS['Controller.Heartbeat'].request);
    expect(await ask(channel)).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(pair.service).toMatchObject({ messages: [], streams: [] });
  });

  test('without a certificate', async () => {
    await serve();
    expect(await ask(connect(null))).toMatchObject({ code: 'unavailable' });
  });

  test.each<[string, () => TlsFiles]>([
    ['an operator’s certificate', () => named('operator')],
    ['that of another cluster', () => filesOf(authority.issue('weir://elsewhere/node/2'), authority.ca)],
    ['that of another root', () => named(`node/${FAR.id}`, other)],
  ])('when the other side shows %s', async (_, files) => {
    const pair = await serve(files());
    expect(await ask(connect(named(`node/${NEAR.id}`)))).toMatchObject({ code: 'unavailable' });
    expect(pair.service.calls).toEqual([]);
  });

  test('when the other side shows that of another node: its answers count for nobody (B3)', async () => {
    const pair = await serve(named(`node/${FAR.id + 1}`));
    let answered = 0;
    pair.service.raft = ({ kind }, reply) => {
      reply({ ...MESSAGES[kind === 'vote' ? 'vote-response' : 'append-response'], from: FAR, to: NEAR });
      answered += 1;
    };
    const replies: unknown[] = [];
    const channel = connect(named(`node/${NEAR.id}`), 'node', 60_000, (reply) => replies.push(reply));
    const refusal = { code: 'refused', message: expect.stringContaining('not that of node 2') };
    expect(await ask(channel)).toMatchObject(refusal);
    for (const kind of ['vote', 'append'] as const) channel.raft(MESSAGES[kind]);
    await until(() => answered === 2);
    // Its answer comes behind theirs.
    expect(await ask(channel)).toMatchObject(refusal);
    expect(replies).toEqual([]);
  });

  test('when the other side shows none', async () => {
    await serve(null);
    expect(await ask(connect(named(`node/${NEAR.id}`)))).toMatchObject({ code: 'unavailable' });
  });
});

const checkServerIdentity = (): undefined => undefined;

/** Asks until an answer comes. */
async function askUntilAnswered(channel: ControlChannel): Promise<void> {
  while ((await ask(channel)) !== null);
}

describe('files that change are read again', () => {
  test('for connections that come', async () => {
    const files = named(`node/${FAR.id}`, other);
    await serve(files, 10);
    const channel = connect(named(`node/${NEAR.id}`));
    expect(await ask(channel)).toMatchObject({ code: 'unavailable' });
    write(files, authority.issue(`weir://${CLUSTER}/node/${FAR.id}`), authority.ca);
    await askUntilAnswered(channel);
  });

  test('for connections that are made', async () => {
    await serve();
    const files = named(`node/${NEAR.id}`, other);
    const channel = connect(files, 'node', 10);
    expect(await ask(channel)).toMatchObject({ code: 'unavailable' });
    write(files, authority.issue(`weir://${CLUSTER}/node/${NEAR.id}`), authority.ca);
    await askUntilAnswered(channel);
  });

  test('when they fit together: until then the old ones stay', async () => {
    const warnings: string[] = [];
    const log = { ...SILENT, warn: (_: unknown, message: string) => warnings.push(message) };
    const files = named(`node/${FAR.id}`);
    await serve(files, 10, log);
    const issued = authority.issue(`weir://${CLUSTER}/node/${FAR.id}`);
    writeFileSync(files.certFile, issued.cert);
    await until(() => warnings.length > 0);
    expect(warnings[0]).toContain('the old ones stay');
    expect(await ask(connect(named(`node/${NEAR.id}`)))).toBeNull();
    writeFileSync(files.keyFile, issued.key);
    const count = warnings.length + 1;
    expect(await ask(connect(named(`node/${NEAR.id}`)))).toBeNull();
    expect(warnings.length).toBeLessThanOrEqual(count);
  });

  test('and what is spoken stays as new as it was', async () => {
    const files = named(`node/${FAR.id}`, other);
    const { address } = await serve(files, 10);
    write(files, authority.issue(`weir://${CLUSTER}/node/${FAR.id}`), authority.ca);
    await askUntilAnswered(connect(named(`node/${NEAR.id}`)));
    const issued = authority.issue(`weir://${CLUSTER}/node/${NEAR.id}`);
    const outcome = await new Promise((settle) => {
      const socket = connectTls({
        ...address,
        ...issued,
        ca: authority.ca,
        maxVersion: 'TLSv1.2',
        checkServerIdentity,
      });
      socket.once('secureConnect', () => settle(socket.getProtocol()));
      socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code));
      socket.once('close', () => socket.destroy());
    });
    expect(outcome).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL/);
  });

  test('files that are not there are told at once', () => {
    const tls = { ...named(`node/${FAR.id}`), keyFile: join(directory, 'absent.pem') };
    expect(() => createGrpcNet({ post: () => undefined, tls, insecure: false, log: SILENT })).toThrow('absent.pem');
  });
});

/** Opens a stream that stays; gives what becomes of it. */
async function openStream(pair: Pair, channel: ControlChannel): Promise<readonly (CallFailure | null)[]> {
  const ends: (CallFailure | null)[] = [];
  const { length } = pair.service.streams;
  channel
    .open('Controller.Heartbeat', { onMessage: () => undefined, onEnd: (failure) => ends.push(failure) })
    .send(STREAMS['Controller.Heartbeat'].request);
  await until(() => pair.service.streams.length > length);
  return ends;
}

describe('an open connection', () => {
  /** A log that keeps what it is told, and files that are read as soon as they change. */
  const told = (): { readonly lines: object[]; readonly log: typeof SILENT } => {
    const lines: object[] = [];
    return { lines, log: { ...SILENT, info: (fields: object, text: string) => lines.push({ ...fields, text }) } };
  };
  const BOTH = authority.ca + other.ca;
  const closed = {
    text: expect.stringContaining('connection closed'),
    reason: expect.stringContaining('not trusted any more'),
  };

  test('ends when the authority of whoever called is trusted no longer, and comes back with a new certificate', async () => {
    const { lines, log } = told();
    const [farName, nearName] = [`weir://${CLUSTER}/node/${FAR.id}`, `weir://${CLUSTER}/node/${NEAR.id}`];
    const files = filesOf(authority.issue(farName), BOTH);
    const pair = await serve(files, 10, log);
    const nearFiles = filesOf(authority.issue(nearName), BOTH);
    const channel = connect(nearFiles, 'node', 10);
    const ends = await openStream(pair, channel);
    // A renewal ends nothing: what was shown still counts.
    write(files, other.issue(farName), BOTH);
    await until(() => lines.length > 0);
    expect(await ask(channel)).toBeNull();
    expect([ends, pair.service.ends, lines.length]).toEqual([[], [], 1]);

    write(files, other.issue(farName), other.ca);
    await until(() => ends.length > 0 && pair.service.ends.length > 0);
    expect(ends).toMatchObject([{ code: 'unavailable' }]);
    expect(lines).toContainEqual({ address: '127.0.0.1', ...closed });
    expect(await ask(channel)).toMatchObject({ code: 'unavailable' });
    write(nearFiles, other.issue(nearName), BOTH);
    await askUntilAnswered(channel);
  });

  test('ends when the authority of whoever answers is trusted no longer', async () => {
    const pair = await serve();
    const { lines, log } = told();
    const files = filesOf(authority.issue(`weir://${CLUSTER}/node/${NEAR.id}`), BOTH);
    const channel = connect(files, 'node', 10, () => undefined, log);
    const ends = await openStream(pair, channel);
    write(files, authority.issue(`weir://${CLUSTER}/node/${NEAR.id}`), other.ca);
    await until(() => ends.length > 0 && pair.service.ends.length > 0);
    expect(ends).toMatchObject([{ code: 'unavailable' }]);
    expect(lines).toContainEqual({ node: FAR.id, ...closed });
    expect(await ask(channel)).toMatchObject({ code: 'unavailable' });
  });

  test.each<[string, 'near' | 'far', object]>([
    ['whoever called', 'far', { address: '127.0.0.1' }],
    ['whoever answers', 'near', { node: FAR.id }],
  ])('ends when the certificate of %s has expired, and not before', async (_whose, judge, who) => {
    const { lines, log } = told();
    let [aheadMs, lookCount] = [0, 0];
    const nowMs = (): number => {
      lookCount += 1;
      return Date.now() + aheadMs;
    };
    const clock: Clock = { nowMs, lookMs: 10 };
    const hears = (side: 'near' | 'far') => (side === judge ? ([log, clock] as const) : ([SILENT, REAL] as const));
    const pair = await serve(undefined, undefined, ...hears('far'));
    const channel = connect(named(`node/${NEAR.id}`), undefined, undefined, () => undefined, ...hears('near'));
    const ends = await openStream(pair, channel);
    aheadMs = 23 * 3_600_000;
    const before = lookCount;
    await until(() => lookCount >= before + 3);
    expect([ends, pair.service.ends, lines]).toEqual([[], [], []]);
    aheadMs = 25 * 3_600_000;
    await until(() => ends.length > 0 && pair.service.ends.length > 0);
    expect(ends).toMatchObject([{ code: 'unavailable' }]);
    const reason = expect.stringMatching(/expired at \d{4}-\d\d-\d\dT/);
    expect(lines).toEqual([{ ...who, text: expect.stringContaining('connection closed'), reason }]);
  });
});

describe('beyond this machine', () => {
  const listen = async (host: string, tls: TlsFiles | null, insecure: boolean): Promise<string | null> => {
    served?.listener?.close();
    served = new Pair({ ...createGrpcStage({}, { tls, insecure }), address: { host, port: 0 } });
    return served.listen();
  };

  test('nothing is served without certificates', async () => {
    for (const host of ['0.0.0.0', '::', '10.1.2.3', '127.0.0.1.example.test', 'node-1.test']) {
      expect(await listen(host, null, false)).toContain('weir.grpc.insecure');
    }
  });

  test('it is with certificates, or when that is wanted', async () => {
    expect(await listen('0.0.0.0', named(`node/${FAR.id}`), false)).toBeNull();
    expect(await listen('0.0.0.0', null, true)).toBeNull();
  });

  test('loopback addresses need none', async () => {
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1']) {
      expect(await listen(host, null, false)).toBeNull();
    }
  });
});

describe('names', () => {
  test.each([
    ['URI:weir://c_1-X/node/3', { clusterId: 'c_1-X', role: 'node', nodeId: 3 }],
    ['URI:weir://c/node', null],
    ['DNS:a.test, URI:weir://c/node/12, IP Address:1.2.3.4', { clusterId: 'c', role: 'node', nodeId: 12 }],
    ['URI:weir://c/operator', { clusterId: 'c', role: 'operator' }],
    ['URI:weir://c/operator/1', null],
    ['URI:weir://c/node/', null],
    ['URI:weir://c/node/1x', null],
    ['URI:weir:///node/1', null],
    ['DNS:weir://c/node/1', null],
    ['"URI:weir://c/node/1"', null],
    ['URI:weir://c/node/1, URI:weir://c/node/1', null],
    [undefined, null],
  ])('%p', (text, expected) => {
    expect(nameOf(text)).toEqual(expected);
  });

  test('what changes a fleet is for the operator alone', () => {
    expect(mayCall('node', '/weir.control.v1.Fleet/Drain')).toBe(false);
    expect(mayCall('operator', '/weir.control.v1.Fleet/Drain')).toBe(true);
    for (const name of ['Cordon', 'Undrain', 'Rebalance', 'SetAdvertised'])
      expect(mayCall('node', `/weir.control.v1.Fleet/${name}`)).toBe(false);
    for (const name of ['Status', 'Load', 'CanRestart', 'AssessTopics'])
      expect(mayCall('node', `/weir.control.v1.Fleet/${name}`)).toBe(true);
    expect(mayCall('operator', '/weir.control.v1.Controller/Submit')).toBe(false);
  });
});
