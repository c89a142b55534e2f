import { EventLoop } from '../../../../broker/io/loop/event-loop.ts';
import { createGrpcNet, type GrpcNetOptions } from '../../../../broker/io/grpc/grpc-net.ts';
import type { Log } from '../../../../broker/ports/log.ts';
import type { CallFailure, ControlChannel } from '../../../../broker/ports/control-net.ts';
import type { ControlNetStage, Pair } from '../../../support/control-net-contract.ts';
import { QUESTIONS } from '../../../support/control-samples.ts';

const quiet = (): void => undefined;
/** A log that nobody reads. */
export const SILENT: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

const DEADLINE_MS = 60_000;
const PAUSE_MS = 5;

/** Waits until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`not so after ${DEADLINE_MS} ms: ${String(isSo)}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Two processes over real sockets. */
export function createGrpcStage(
  near: Partial<GrpcNetOptions> = {},
  far: Partial<GrpcNetOptions> = near,
): ControlNetStage {
  const create = (options: Partial<GrpcNetOptions>): ReturnType<typeof createGrpcNet> =>
    createGrpcNet({ post: new EventLoop().post, tls: null, insecure: false, log: SILENT, ...options });
  return {
    near: create(near),
    far: create(far),
    address: { host: '127.0.0.1', port: 0 },
    until,
    end: () => undefined,
  };
}

/** Asks a question as an honest node does, and has it answered; gives the failure. */
export async function askHonestly({ service }: Pair, channel: ControlChannel): Promise<CallFailure | null> {
  const before = service.calls.length;
  const outcomes: (CallFailure | null)[] = [];
  channel.call('Raft.Identify', {}, 20_000, (failure) => outcomes.push(failure));
  await until(() => outcomes.length > 0 || service.calls.length > before);
  service.calls[before]?.done(null, QUESTIONS['Raft.Identify'].response as never);
  await until(() => outcomes.length > 0);
  return outcomes[0] ?? null;
}
