import { createConnection } from 'node:net';
import { credentials } from '@grpc/grpc-js';
import type { ControlNet } from '../../ports/control-net.ts';
import { GrpcChannel } from './channel.ts';
import { serve } from './server.ts';

/** What the network of the control plane is made of. */
export interface GrpcNetOptions {
  /** Queues an input of the event loop that everything arrives on. */
  readonly post: (input: () => void) => void;
  /** Whether to serve beyond this machine without certificates (B3). */
  readonly insecure: boolean;
}

/** Addresses that reach nobody but this machine. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** The control plane between nodes over gRPC. Load this module when it is used: it costs about 90 ms and 14 MB. */
export function createGrpcNet({ post, insecure }: GrpcNetOptions): ControlNet {
  return {
    listen: ({ address, clusterId, self, service }, done) => {
      if (!insecure && !LOOPBACK.test(address.host)) {
        const failure = `weir.grpc.host is ${address.host}: without certificates (weir.grpc.tls.*) the control plane listens on a loopback address only, unless weir.grpc.insecure is true`;
        post(() => done(failure, null));
        return;
      }
      serve({ address, self: { clusterId, role: 'node', replica: self }, service, post }, done);
    },
    connect: ({ address, clusterId, self, onReply }) =>
      new GrpcChannel({
        address,
        self: { clusterId, role: 'node', replica: self },
        onReply,
        post,
        credentials: () => credentials.createInsecure(),
      }),
    probe: ({ host, port }, timeoutMs, done) => {
      let isDone = false;
      const settle = (outcome: 'accepted' | 'refused' | 'unreachable'): void => {
        if (isDone) return;
        isDone = true;
        clearTimeout(timer);
        socket.destroy();
        post(() => done(outcome));
      };
      const socket = createConnection({ host, port });
      const timer = setTimeout(() => settle('unreachable'), timeoutMs);
      socket.once('connect', () => settle('accepted'));
      socket.on('error', (error: NodeJS.ErrnoException) => {
        settle(error.code === 'ECONNREFUSED' ? 'refused' : 'unreachable');
      });
    },
  };
}
