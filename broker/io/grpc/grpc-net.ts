import { X509Certificate } from 'node:crypto';
import { createConnection, type LookupFunction } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import type { Caller, ControlAddress, ControlNet } from '../../ports/control-net.ts';
import type { Log } from '../../ports/log.ts';
import { Names } from '../net/names.ts';
import { Certificates, type Clock, nameOf, type TlsFiles, type TlsMaterial } from '../tls/certificates.ts';
import { GrpcChannel, type Shown } from './channel.ts';
import { serve } from './server.ts';

/** What the network of the control plane is made of. */
export interface GrpcNetOptions {
  /** Queues an input of the event loop that everything arrives on. */
  readonly post: (input: () => void) => void;
  /** Certificates, for both directions; null: everything is sent in the clear, and callers are who they say. */
  readonly tls: TlsFiles | TlsMaterial | null;
  /** Whether to serve beyond this machine without certificates (B3). */
  readonly insecure: boolean;
  /** As whom to call. With certificates it must be what they say. */
  readonly role?: Caller['role'];
  readonly log: Log;
  /** What knows the addresses of names. */
  readonly names?: Names;
  /** How often certificate files are looked at. */
  readonly reloadMs?: number;
  /** By what time certificates expire. */
  readonly clock?: Clock;
}

/** Addresses that reach nobody but this machine. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/**
 * The control plane between nodes over gRPC. Load this module when it is used: with what it needs it costs about 100 ms and
 * 20 MB. Throws when certificate files can't be read.
 */
export function createGrpcNet(options: GrpcNetOptions): ControlNet {
  const { post, tls, insecure, role = 'node', log, names = new Names(), reloadMs, clock } = options;
  const certificates = tls === null ? null : new Certificates(tls, log, reloadMs, clock);
  return {
    listen: ({ address, clusterId, self, service }, done) => {
      if (certificates === null && !insecure && !LOOPBACK.test(address.host)) {
        const failure = `weir.grpc.host is ${address.host}: without certificates (weir.grpc.tls.*) the control plane listens on a loopback address only, unless weir.grpc.insecure is true`;
        post(() => done(failure, null));
        return;
      }
      serve({ address, self: { clusterId, role: 'node', replica: self }, service, post, certificates }, done);
    },
    connect: ({ address, clusterId, self, onReply }) =>
      new GrpcChannel({
        address,
        names,
        self: { clusterId, role, replica: self },
        onReply,
        post,
        credentials: (isStale) =>
          certificates === null
            ? { credentials: credentials.createInsecure(), forget: () => undefined }
            : show(certificates, clusterId, isStale),
      }),
    probe: (address, timeoutMs, done) =>
      probe({ ...address, lookup: names.lookup }, timeoutMs, (outcome) => post(() => done(outcome))),
  };
}

/** Shows a node's certificate, and wants to see that of a node of the same cluster, whatever its address, for as long as it counts. */
function show(certificates: Certificates, clusterId: string, isStale: () => void): Shown {
  let forget = (): void => undefined;
  const checkServerIdentity = (_host: string, { subjectaltname, raw }: PeerCertificate): Error | undefined => {
    const name = nameOf(subjectaltname);
    if (name?.role !== 'node' || name.clusterId !== clusterId)
      return new Error(`the other side's certificate is not that of a node of cluster ${clusterId}`);
    forget();
    forget = certificates.watch(new X509Certificate(raw), { node: name.nodeId }, isStale);
    return undefined;
  };
  return {
    credentials: credentials.createFromSecureContext(certificates.context, { checkServerIdentity }),
    forget: () => forget(),
  };
}

function probe(
  address: ControlAddress & { readonly lookup: LookupFunction },
  timeoutMs: number,
  done: (outcome: 'accepted' | 'refused' | 'unreachable') => void,
): void {
  const socket = createConnection(address);
  const settle = (outcome: 'accepted' | 'refused' | 'unreachable'): void => {
    clearTimeout(timer);
    socket.removeAllListeners();
    socket.on('error', () => undefined);
    socket.destroy();
    done(outcome);
  };
  const timer = setTimeout(() => settle('unreachable'), timeoutMs);
  socket.once('connect', () => settle('accepted'));
  socket.once('error', (error: NodeJS.ErrnoException) => {
    settle(error.code === 'ECONNREFUSED' ? 'refused' : 'unreachable');
  });
}
