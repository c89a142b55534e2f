import { ApiKey } from '../core/protocol/apis.ts';
import { ErrorCode } from '../core/protocol/errors.ts';
import { createGrpcNet, type GrpcNetOptions } from '../io/grpc/grpc-net.ts';
import type {
  CallFailure,
  ControlAddress,
  ControlChannel,
  ControlNet,
  UnaryCalls,
  UnaryName,
} from '../ports/control-net.ts';
import { UserFault } from './fault.ts';
import { type Calls, isCallFault } from './local/calls.ts';

const CALL_TIMEOUT_MS = 5000;
/** How long an active controller is looked for. */
const SEARCH_MS = 20_000;
const AGAIN_MS = 300;
const METADATA_TOPIC = '__cluster_metadata';
/** The operator is no node. */
const OPERATOR = { id: -1, directoryId: '' };

/** What became of one attempt: exactly one of the two is there. */
export interface FleetAnswer<N extends UnaryName> {
  readonly failure: CallFailure | null;
  readonly response: UnaryCalls[N]['response'] | null;
}

/** Asks the active controller of a running cluster as its operator; any broker tells which one that is. */
export class FleetCalls {
  readonly #calls: Calls;
  readonly #net: ControlNet;
  readonly #controls: ReadonlyMap<number, ControlAddress> | null;
  #channel: { readonly at: string; readonly channel: ControlChannel } | null = null;

  /** `net`: see `operatorNet`. `calls` stays the caller's. `controls`: where control planes are, by node, in place of what the cluster says. */
  constructor(calls: Calls, net: ControlNet, controls: ReadonlyMap<number, ControlAddress> | null = null) {
    this.#calls = calls;
    this.#net = net;
    this.#controls = controls;
  }

  /** One attempt; NOT_CONTROLLER counts as a failure. */
  async try<N extends UnaryName>(name: N, request: UnaryCalls[N]['request']): Promise<FleetAnswer<N>> {
    const active = await this.#active();
    if ('code' in active) return { failure: active, response: null };
    return new Promise((settle) => {
      active.call(name, request, CALL_TIMEOUT_MS, (failure, response) => {
        const isElsewhere =
          response !== null && 'errorCode' in response && response.errorCode === ErrorCode.NOT_CONTROLLER;
        settle(isElsewhere ? { failure: NOBODY, response: null } : { failure, response });
      });
    });
  }

  /** Asks again while a controller is elected; a `UserFault` when it refuses, or none answers for 20 s. */
  async ask<N extends UnaryName>(name: N, request: UnaryCalls[N]['request']): Promise<UnaryCalls[N]['response']> {
    const giveUpMs = performance.now() + SEARCH_MS;
    for (;;) {
      const { failure, response } = await this.try(name, request);
      if (response !== null) return response;
      if (failure?.code === 'refused' || failure?.code === 'unserved')
        throw new UserFault(`the controller refuses: ${failure.message}`);
      if (performance.now() > giveUpMs) throw new UserFault(`no active controller answers: ${failure?.message ?? ''}`);
      await new Promise((settle) => setTimeout(settle, AGAIN_MS));
    }
  }

  close(): void {
    this.#channel?.channel.close();
  }

  /** The way to whoever leads the quorum, or why there is none. */
  async #active(): Promise<ControlChannel | CallFailure> {
    const topics = [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }];
    let clusterId: string;
    let address: ControlAddress | undefined;
    try {
      const metadata = await this.#calls.call(ApiKey.Metadata, () => ({ topics: [] }), { minVersion: 2 });
      const quorum = await this.#calls.call(ApiKey.DescribeQuorum, () => ({ topics }), { minVersion: 2 });
      const leaderId = quorum.topics[0]?.partitions[0]?.leaderId ?? -1;
      const [told] = quorum.nodes.find(({ nodeId }) => nodeId === leaderId)?.listeners ?? [];
      address = this.#controls === null ? told : this.#controls.get(leaderId);
      clusterId = metadata.clusterId ?? '';
    } catch (error) {
      if (!isCallFault(error)) throw error;
      return { code: 'unavailable', message: error.message };
    }
    if (address === undefined) return NOBODY;
    const at = `${clusterId} ${address.host}:${address.port}`;
    if (this.#channel?.at !== at) {
      this.#channel?.channel.close();
      const channel = this.#net.connect({ address, clusterId, self: OPERATOR, onReply: () => undefined });
      this.#channel = { at, channel };
    }
    return this.#channel.channel;
  }
}

/** The control plane as an operator calls it. `tls`: its certificates, where the control plane has some; they are watched for ever. */
export function operatorNet(tls: GrpcNetOptions['tls']): ControlNet {
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  return createGrpcNet({ post: (input) => void setTimeout(input), tls, insecure: true, role: 'operator', log });
}

/** Asks one node how it is. */
export function statusOf(
  net: ControlNet,
  clusterId: string,
  address: ControlAddress,
): Promise<FleetAnswer<'Fleet.Status'>> {
  const channel = net.connect({ address, clusterId, self: OPERATOR, onReply: () => undefined });
  return new Promise((settle) => {
    channel.call('Fleet.Status', {}, CALL_TIMEOUT_MS, (failure, response) => {
      channel.close();
      settle({ failure, response });
    });
  });
}

const NOBODY: CallFailure = { code: 'unavailable', message: 'no controller with an address leads the quorum' };
