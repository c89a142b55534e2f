import { randomBytes, randomInt } from 'node:crypto';
import { createCompression } from '../../io/compression/compression.ts';
import { EventLoop } from '../../io/loop/event-loop.ts';
import { createTcpNet } from '../../io/net/tcp-net.ts';
import type { DriverPorts } from './drive.ts';

/** The ports of a client on this machine. */
export interface ClientRuntime extends DriverPorts {
  readonly random: { below(bound: number): number };
  /** Runs a function as an input of the loop; commands to machines go through it. */
  readonly post: (input: () => void) => void;
}

/** One event loop with network, compression and randomness; nothing keeps the process alive but open connections. */
export function createClientRuntime(): ClientRuntime {
  const loop = new EventLoop();
  return {
    net: createTcpNet(loop),
    clock: loop,
    timers: loop,
    compression: createCompression({ post: loop.post }),
    random: { below: (bound) => randomInt(bound) },
    post: loop.post,
  };
}

/** A new member id: 22 characters of base64url, as Kafka's clients make them. */
export function createMemberId(): string {
  return randomBytes(16).toString('base64url');
}
