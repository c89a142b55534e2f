// Brokers that reach each other by TLS: who gets in, whom they believe to be where, and what happens when certificates are exchanged.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { EventLoop } from '../../../broker/io/loop/event-loop.ts';
import { HANDSHAKE_COUNT_MAX, NodeTls } from '../../../broker/io/net/node-tls.ts';
import { createTcpNet } from '../../../broker/io/net/tcp-net.ts';
import { Certificates, type TlsFiles } from '../../../broker/io/tls/certificates.ts';
import type { Net, NetConnection, NetHandlers } from '../../../broker/ports/net.ts';
import { createAuthority, type Issued } from '../../support/certificates.ts';
import { waitFor } from '../../wire/harness/wait.ts';

const HOST = '127.0.0.1';
const CLUSTER = 'c1';
const MIB = 1024 * 1024;
const LISTENER = 'BROKERS';
const QUIET: NetHandlers = { onData: () => undefined, onDrain: () => undefined, onClose: () => undefined };
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const authority = createAuthority('root');
const stranger = createAuthority('another root');
const nodeName = (id: number, cluster = CLUSTER): string => `weir://${cluster}/node/${id}`;
const certificateOf = (id: number): Issued => authority.issue(nodeName(id));

const directory = mkdtempSync(join(tmpdir(), 'weir-node-tls-'));
const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let fileCount = 0;
function write(files: TlsFiles, { cert, key }: Issued, ca: string): void {
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key);
  writeFileSync(files.caFile, ca);
}
function filesOf(issued: Issued, ca = authority.ca): TlsFiles {
  fileCount += 1;
  const path = (what: string): string => join(directory, `${fileCount}-${what}.pem`);
  const files = { certFile: path('cert'), keyFile: path('key'), caFile: path('ca') };
  write(files, issued, ca);
  return files;
}

/** The network of a node, with its certificate. */
class Host {
  readonly warnings: object[] = [];
  readonly infos: object[] = [];
  readonly net: Net;
  readonly #tls: NodeTls;
  clusterId = CLUSTER;
  /** How far this node's clock is ahead, and how often it was looked at. */
  aheadMs = 0;
  lookCount = 0;

  constructor(certificate: Issued | TlsFiles, { handshakeMs = 60_000, reloadMs = 60_000 } = {}) {
    const log = {
      ...SILENT,
      warn: (fields: object) => this.warnings.push(fields),
      info: (fields: object) => this.infos.push(fields),
    };
    const files = 'certFile' in certificate ? certificate : filesOf(certificate);
    const nowMs = (): number => {
      this.lookCount += 1;
      return Date.now() + this.aheadMs;
    };
    const certificates = new Certificates(files, log, reloadMs, { nowMs, lookMs: 10 });
    const tls = new NodeTls({ certificates, clusterId: () => this.clusterId, log, handshakeMs });
    this.#tls = tls;
    this.net = createTcpNet(new EventLoop(), { nodes: { listener: LISTENER, tls } });
  }

  /** How many were refused, by what for; those reasons that nobody was refused for are left out. */
  refused(): Record<string, number> {
    const counts: Record<string, number> = {};
    this.#tls.metrics(({ labels: { reason = '' }, value }) => void (value > 0 && (counts[reason] = value)));
    return counts;
  }

  listen(accept: (connection: NetConnection) => NetHandlers | null, listener: string = LISTENER): Promise<number> {
    return new Promise((settle, fail) => {
      this.net.listen({ host: HOST, port: 0, backlog: 512, listener }, accept, (failure, made) => {
        if (made === null) fail(new Error(failure?.message));
        else {
          ending.push(() => made.close());
          settle(made.port);
        }
      });
    });
  }

  dial(port: number, node: number | null, handlers = QUIET, timeoutMs = 60_000): Promise<NetConnection | string> {
    const address = { host: HOST, port, timeoutMs, ...(node === null ? {} : { node }) };
    return new Promise((settle) => {
      this.net.dial(address, handlers, (failure, connection) => {
        if (connection !== null) ending.push(() => connection.close({ flush: false }));
        settle(connection ?? failure?.code ?? '');
      });
    });
  }
}

/** Answers everything with itself, and keeps what came. */
class Echo {
  readonly connections: NetConnection[] = [];
  readonly closed: string[] = [];

  readonly accept = (connection: NetConnection): NetHandlers => {
    this.connections.push(connection);
    return {
      ...QUIET,
      onData: (bytes) => connection.write([bytes]),
      onClose: (reason) => this.closed.push(reason),
    };
  };
}

/** Dials a node, says something, and waits for the echo; fails when the connection ends before. */
async function echoed(from: Host, port: number, node: number): Promise<NetConnection> {
  let text = '';
  let connection: NetConnection | string = '';
  await new Promise<void>((settle, fail) => {
    const onData = (bytes: Uint8Array): void => {
      text += Buffer.from(bytes).toString();
      if (text === 'hello') settle();
    };
    const onClose = (reason: string): void => fail(new Error(`closed: ${reason}`));
    void from.dial(port, node, { ...QUIET, onData, onClose }).then((dialled) => {
      connection = dialled;
      if (typeof dialled === 'string') fail(new Error(dialled));
      else dialled.write([Buffer.from('hel'), Buffer.from('lo')]);
    });
  });
  return connection as unknown as NetConnection;
}

/** Waits until the other side has closed a socket. */
function untilClosed(socket: Socket): Promise<void> {
  ending.push(() => socket.destroy());
  return new Promise((settle) => {
    socket.on('error', () => undefined);
    socket.on('close', () => settle());
    socket.resume();
  });
}

describe('a node', () => {
  it('reaches another, and each knows which one the other is', async () => {
    const far = new Echo();
    const port = await new Host(certificateOf(2)).listen(far.accept);
    const connection = await echoed(new Host(certificateOf(1)), port, 2);
    expect([connection.node, far.connections[0]?.node]).toEqual([2, 1]);
    connection.close({ flush: true });
    await waitFor('the end is told', () => far.closed.length > 0);
    expect(far.closed).toEqual(['']);
  });

  it('gets everything of a large answer, also when it reads slowly and the other side closes behind it', async () => {
    const size = 8 * MIB;
    const port = await new Host(certificateOf(2)).listen((connection) => ({
      ...QUIET,
      onData: () => {
        connection.write([Buffer.alloc(size / 2, 1), Buffer.alloc(size / 2, 2)]);
        connection.close({ flush: true });
      },
    }));
    let [received, sum] = [0, 0];
    let connection: NetConnection | string = '';
    const over = new Promise<string>((settle) => {
      const onData = (bytes: Uint8Array): void => {
        received += bytes.length;
        sum += (bytes[0] ?? 0) + (bytes.at(-1) ?? 0);
        if (typeof connection === 'string') return;
        const paused = connection;
        paused.pause();
        setImmediate(() => paused.resume());
      };
      void new Host(certificateOf(1)).dial(port, 2, { ...QUIET, onData, onClose: settle }).then((dialled) => {
        connection = dialled;
        if (typeof dialled !== 'string') dialled.write([Buffer.from('x')]);
      });
    });
    expect(await over).toBe('');
    expect(received).toBe(size);
    expect(sum).toBeGreaterThan(0);
  });

  it('is reached in the clear on other listeners, where nobody is known', async () => {
    const far = new Echo();
    const port = await new Host(certificateOf(2)).listen(far.accept, 'PLAIN');
    const socket = createConnection({ host: HOST, port });
    const answer = new Promise<string>((settle) => socket.once('data', (bytes) => settle(String(bytes))));
    socket.write('hello');
    expect(await answer).toBe('hello');
    expect(far.connections[0]?.node).toBeUndefined();
    socket.destroy();
    const connection = await new Host(certificateOf(1)).dial(port, null);
    expect(connection).toMatchObject({ node: undefined });
  });
});

/** What somebody who is no node shows. */
const IMPOSTORS: readonly [string, () => Issued | null, RegExp][] = [
  ['no certificate', () => null, /UNABLE_TO_GET_ISSUER_CERT|UNSPECIFIED/],
  ['a certificate of a stranger', () => stranger.issue(nodeName(1)), /UNABLE_TO_VERIFY|SELF_SIGNED/],
  ['one that has expired', () => authority.issueExpired(nodeName(1)), /EXPIRED/],
  ['that of the operator', () => authority.issue(`weir://${CLUSTER}/operator`), /NOT_A_NODE/],
  ['that of a node of another cluster', () => authority.issue(nodeName(1, 'c2')), /NOT_A_NODE/],
  ['one without a name', () => authority.issue('https://node.test/'), /NOT_A_NODE/],
  ['one of two names', () => authority.issue(nodeName(1), nodeName(3)), /NOT_A_NODE/],
];

describe('a listener of brokers hands nothing on', () => {
  it.each(IMPOSTORS)('of somebody with %s, and says why', async (_what, issued, reason) => {
    const far = new Echo();
    const host = new Host(certificateOf(2));
    const port = await host.listen(far.accept);
    const socket = connect({ host: HOST, port, ...issued(), rejectUnauthorized: false });
    socket.on('secureConnect', () => socket.write('a request'));
    await untilClosed(socket);
    expect(far.connections).toEqual([]);
    expect(host.warnings).toEqual([{ address: HOST, reason: expect.stringMatching(reason) }]);
    await waitFor('it is counted', () => Object.keys(host.refused()).length > 0);
    expect(host.refused()).toEqual({ certificate: 1 });
  });

  it('of plain text', async () => {
    const far = new Echo();
    const host = new Host(certificateOf(2));
    const port = await host.listen(far.accept);
    const socket = createConnection({ host: HOST, port }, () => socket.write(Buffer.alloc(64, 0)));
    await untilClosed(socket);
    expect(far.connections).toEqual([]);
    expect(host.warnings).toHaveLength(1);
    await waitFor('it is counted', () => Object.keys(host.refused()).length > 0);
    expect(host.refused()).toEqual({ handshake: 1 });
  });

  it('of somebody who speaks an older TLS, also after its certificate was renewed', async () => {
    const far = new Echo();
    const files = filesOf(certificateOf(2));
    const port = await new Host(files, { reloadMs: 10 }).listen(far.accept);
    const old = (): Promise<void> =>
      untilClosed(connect({ host: HOST, port, ...certificateOf(1), maxVersion: 'TLSv1.2', rejectUnauthorized: false }));
    await old();
    const renewed = authority.issue(nodeName(2));
    write(files, renewed, authority.ca);
    await untilShown(port, renewed);
    await old();
    expect(far.connections.filter(({ node }) => node !== 9)).toEqual([]);
  });

  it('of anybody as long as the id of its cluster is not known', async () => {
    const far = new Echo();
    const host = new Host(certificateOf(2));
    host.clusterId = '';
    const port = await host.listen(far.accept);
    const near = new Host(certificateOf(1));
    const closed = new Promise<string>((settle) => {
      void near.dial(port, 2, { ...QUIET, onClose: settle });
    });
    await closed;
    expect(far.connections).toEqual([]);
    host.clusterId = CLUSTER;
    await echoed(near, port, 2);
  });

  it.each<[string, (socket: Socket) => void]>([
    ['says nothing', () => undefined],
    [
      'says very little at a time',
      (socket) => {
        // The beginning of a message that would have 512 bytes.
        const timer = setInterval(() => socket.write(Buffer.of(0)), 20);
        socket.write(Buffer.of(0x16, 0x03, 0x01, 0x02, 0x00));
        ending.push(() => clearInterval(timer));
      },
    ],
  ])('of somebody who %s, and closes the connection in time', async (_what, speak) => {
    const far = new Echo();
    const host = new Host(certificateOf(2), { handshakeMs: 200 });
    const port = await host.listen(far.accept);
    // Whoever has shown who it is has all the time.
    await echoed(new Host(certificateOf(1)), port, 2);
    const socket = createConnection({ host: HOST, port }, () => speak(socket));
    await untilClosed(socket);
    expect(host.warnings).toEqual([{ address: HOST, reason: 'it did not show a certificate in time' }]);
    await waitFor('it is counted', () => Object.keys(host.refused()).length > 0);
    expect(host.refused()).toEqual({ silence: 1 });
    expect(far.connections).toHaveLength(1);
    expect(far.closed).toEqual([]);
  });

  it('of those who began the longest ago when too many have begun: a node gets in', async () => {
    const far = new Echo();
    const host = new Host(certificateOf(2));
    const port = await host.listen(far.accept);
    const open: Socket[] = [];
    let closedCount = 0;
    for (let count = 0; count < HANDSHAKE_COUNT_MAX; count += 1) {
      const socket = createConnection({ host: HOST, port });
      void untilClosed(socket).then(() => {
        closedCount += 1;
      });
      await new Promise<void>((settle) => socket.once('connect', () => settle()));
      open.push(socket);
    }
    await echoed(new Host(certificateOf(1)), port, 2);
    await waitFor('one had to go', () => closedCount > 0);
    expect(open.map(({ destroyed }) => destroyed).indexOf(false)).toBe(closedCount);
    expect(closedCount).toBe(1);
    await waitFor('it is counted', () => Object.keys(host.refused()).length > 0);
    expect(host.refused()).toEqual({ crowd: 1 });
    ending.shift()?.();
    await waitFor('all are closed with the listener', () => closedCount === HANDSHAKE_COUNT_MAX);
    expect(far.closed).toEqual([]);
  });
});

/** A server that shows this certificate. */
async function show(options: TlsOptions): Promise<number> {
  const server = createTlsServer({ ...options, requestCert: true, rejectUnauthorized: false });
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).resume());
  return listening(server);
}

function listening(server: Server): Promise<number> {
  return new Promise((settle) => {
    server.listen(0, HOST, () => settle((server.address() as AddressInfo).port));
    ending.push(() => server.close());
  });
}

describe('a node does not speak', () => {
  it.each(IMPOSTORS.slice(1))('to somebody with %s', async (_what, issued) => {
    const code = await new Host(certificateOf(1)).dial(await show({ ...issued() }), 1);
    expect(code).toEqual(expect.stringMatching(/^(ERR_TLS_CERT|CERT_HAS_EXPIRED|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO)/));
  });

  it('to another node than it wants to reach', async () => {
    const port = await new Host(certificateOf(2)).listen(new Echo().accept);
    const near = new Host(certificateOf(1));
    expect(await near.dial(port, 3)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    await echoed(near, port, 2);
  });

  it('in the clear to a listener that does', async () => {
    const heard: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        heard.push(Buffer.from(bytes));
        socket.end('no TLS here');
      });
    });
    const code = await new Host(certificateOf(1)).dial(await listening(server), 2);
    expect(code).toEqual(expect.stringMatching(/^(ERR_SSL|ECONNRESET|EPROTO)/));
    expect(heard[0]?.[0]).toBe(0x16);
  });

  it('and does not wait for somebody who never answers', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).resume();
      ending.push(() => socket.destroy());
    });
    expect(await new Host(certificateOf(1)).dial(await listening(server), 2, QUIET, 200)).toBe('ETIMEDOUT');
  });
});

/** Waits until a listener shows this certificate to those who come. */
function untilShown(port: number, { cert }: Issued): Promise<unknown> {
  const own = { ...authority.issue(nodeName(9)), ca: [authority.ca, stranger.ca] };
  const shown = (): Promise<string> =>
    new Promise((settle, fail) => {
      const socket = connect({ host: HOST, port, ...own, checkServerIdentity: () => undefined });
      socket.once('error', fail);
      socket.once('secureConnect', () => {
        settle(socket.getPeerX509Certificate()?.toString() ?? '');
        socket.destroy();
      });
    });
  return waitFor('the new certificate is shown', async () => (await shown()).trim() === cert.trim());
}

/** A connection between two nodes, and those at whose end either side may be. */
async function connected(near: Host, far: Host): Promise<{ readonly echo: Echo; readonly ends: string[] }> {
  const [echo, ends]: [Echo, string[]] = [new Echo(), []];
  const port = await far.listen(echo.accept);
  await near.dial(port, 2, { ...QUIET, onClose: (reason) => ends.push(reason) });
  await waitFor('it is taken', () => echo.connections.length === 1);
  return { echo, ends };
}

describe('an open connection ends with', () => {
  const SIDES: readonly [string, number, object][] = [
    ['whoever dialled', 1, { address: HOST, node: 1 }],
    ['whoever listens', 0, { address: HOST, node: 2 }],
  ];

  it.each(SIDES)('the certificate of %s, as soon as that has expired', async (_whose, judge, who) => {
    const hosts = [new Host(certificateOf(1)), new Host(certificateOf(2))] as const;
    const { echo, ends } = await connected(...hosts);
    const clock = hosts[judge === 0 ? 0 : 1];
    clock.aheadMs = 23 * 3_600_000;
    const { lookCount } = clock;
    await waitFor('it looks again', () => clock.lookCount >= lookCount + 3);
    expect([ends, echo.closed, clock.infos]).toEqual([[], [], []]);
    clock.aheadMs = 25 * 3_600_000;
    await waitFor('both sides are told', () => ends.length === 1 && echo.closed.length === 1);
    expect(clock.infos).toEqual([{ ...who, reason: expect.stringMatching(/expired at \d{4}-\d\d-\d\dT/) }]);
  });

  it.each(SIDES)('the authority of %s, as soon as that is trusted no longer', async (_whose, judge, who) => {
    const files = [filesOf(certificateOf(1)), filesOf(certificateOf(2))] as const;
    const hosts = [new Host(files[0], { reloadMs: 10 }), new Host(files[1], { reloadMs: 10 })] as const;
    const { echo, ends } = await connected(...hosts);
    const at = judge === 0 ? 0 : 1;
    write(files[at], certificateOf(at + 1), stranger.ca);
    await waitFor('both sides are told', () => ends.length === 1 && echo.closed.length === 1);
    expect(hosts[at].infos).toContainEqual({ ...who, reason: expect.stringContaining('not trusted any more') });
  });
});

it('certificates are exchanged under traffic: what is open goes on, and who comes is judged anew', async () => {
  const far = new Echo();
  const both = authority.ca + stranger.ca;
  const [farFiles, nearFiles] = [filesOf(certificateOf(2), both), filesOf(certificateOf(1), both)];
  const port = await new Host(farFiles, { reloadMs: 10 }).listen(far.accept);
  const near = new Host(nearFiles, { reloadMs: 10 });
  let received = 0;
  const open = await near.dial(port, 2, {
    ...QUIET,
    onData: (bytes) => {
      received += bytes.length;
    },
  });
  if (typeof open === 'string') throw new Error(open);
  let sent = 0;
  const traffic = setInterval(() => {
    sent += 1000;
    open.write([Buffer.alloc(1000, 7)]);
  }, 1);
  ending.push(() => clearInterval(traffic));
  const renewed = stranger.issue(nodeName(2));
  write(farFiles, renewed, both);
  await untilShown(port, renewed);
  const shownAt = received;
  await waitFor('records go on', () => received > shownAt);
  clearInterval(traffic);
  await waitFor('everything came back', () => received === sent);
  expect(far.closed).toEqual([]);
  write(farFiles, renewed, stranger.ca);
  await waitFor('it trusts the first authority no more', async () => {
    const dialled = new Promise<boolean>((settle) => {
      const refused = { ...QUIET, onData: () => settle(false), onClose: () => settle(true) };
      void near.dial(port, 2, refused).then((connection) => {
        if (typeof connection !== 'string') connection.write([Buffer.from('x')]);
      });
    });
    return dialled;
  });
  write(nearFiles, stranger.issue(nodeName(1)), stranger.ca);
  await waitFor('it has a certificate of the other', () =>
    echoed(near, port, 2).then(
      () => true,
      () => false,
    ),
  );
});
