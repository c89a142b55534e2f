import type { Call } from '../../core/client/call.ts';
import { queueCall } from '../../core/client/network.ts';
import { brokerId } from '../../core/base/ids.ts';
import type { BrokerView } from '../../core/metadata/view.ts';
import { ErrorCode } from '../../core/protocol/errors.ts';
import type { WireKey } from '../../core/protocol/messages.ts';
import type { MetricSource } from '../../ports/metrics.ts';
import type { MetadataClient } from '../metadata-client.ts';
import { Peer, type PeerPorts, type PeerStats } from './peer.ts';

/** What this node needs to speak to the other brokers. */
export interface PeersDeps extends PeerPorts {
  readonly nodeId: number;
  readonly metadata: Pick<MetadataClient, 'view' | 'onDelta'>;
  /** Name of the listener on which brokers reach each other (B2). */
  readonly listener: string;
}

/** Longer than any request between brokers waits for its records to be committed, in ms. */
const CALL_TIMEOUT_MS = 10_000;

/** The lane of everything that is answered at once. */
const MAIN_LANE = -1;

interface Entry {
  readonly epoch: number;
  readonly lanes: Map<number, Peer>;
}

/**
 * The other brokers of the cluster, as this one asks them by Kafka's protocol (B2): one pipelined connection for each, and one for
 * each lane of fetches besides, since a fetch that waits holds up what follows it.
 */
export class Peers {
  readonly #deps: PeersDeps;
  readonly #peers = new Map<number, Entry>();
  /** Figures outlive incarnations. */
  readonly #stats = new Map<number, PeerStats>();

  constructor(deps: PeersDeps) {
    this.#deps = deps;
    deps.metadata.onDelta(({ brokersChanged }) => {
      for (const id of brokersChanged) this.#follow(id);
    });
  }

  /** Makes one try of a call to another broker; `done` is called exactly once, at once when it can't be reached now. */
  call<K extends WireKey>(node: number, call: Call<K>, lane = MAIN_LANE): void {
    const deadlineMs = this.#deps.clock.monotonicMs() + CALL_TIMEOUT_MS + (call.extraTimeMs ?? 0);
    const queued = queueCall(call, deadlineMs);
    const broker = this.#deps.metadata.view.broker(brokerId(node));
    const peer = broker === null || broker.fenced ? null : this.#peer(broker, lane);
    if (peer === null) queued.fail(ErrorCode.BROKER_NOT_AVAILABLE, `broker ${node} is not there`, false);
    else peer.call(queued);
  }

  /** Ends a lane's connection; its call fails. */
  close(node: number, lane: number, reason: string): void {
    const lanes = this.#peers.get(node)?.lanes;
    const peer = lanes?.get(lane);
    lanes?.delete(lane);
    peer?.close(reason);
  }

  #peer(broker: BrokerView, lane: number): Peer | null {
    const entry = this.#peers.get(broker.id);
    const known = entry?.epoch === broker.epoch ? entry : null;
    const open = known?.lanes.get(lane);
    if (open !== undefined) return open;
    const { listener, metadata, nodeId } = this.#deps;
    const endpoint = broker.registered.find((one) => one.listener === listener);
    if (endpoint === undefined) return null;
    let stats = this.#stats.get(broker.id);
    if (stats === undefined) {
      stats = { requests: 0, failures: 0, complainedMs: Number.NEGATIVE_INFINITY };
      this.#stats.set(broker.id, stats);
    }
    const { host, port } = endpoint;
    const { clusterId } = metadata.view;
    const peer = new Peer(this.#deps, { self: nodeId, node: broker.id, clusterId, address: { host, port }, stats });
    if (known === null) this.#peers.set(broker.id, { epoch: broker.epoch, lanes: new Map([[lane, peer]]) });
    else known.lanes.set(lane, peer);
    return peer;
  }

  /** A broker that was fenced, or that is another incarnation now, will not answer what the one before was asked. */
  #follow(id: number): void {
    const known = this.#peers.get(id);
    const broker = this.#deps.metadata.view.broker(brokerId(id));
    if (known === undefined || (broker !== null && !broker.fenced && broker.epoch === known.epoch)) return;
    this.#peers.delete(id);
    for (const peer of known.lanes.values()) peer.close('it left the cluster, or began anew');
  }

  /** Requests to each other broker, and whether it can be reached. */
  readonly metrics: MetricSource = (emit) => {
    for (const [id, stats] of this.#stats) {
      const labels = { broker: String(id) };
      const peers = [...(this.#peers.get(id)?.lanes.values() ?? [])];
      const isConnected = peers.some((peer) => peer.isConnected);
      const load = peers.reduce((sum, peer) => sum + peer.load, 0);
      const gauge = (name: string, help: string, value: number): void =>
        emit({ name, help, type: 'gauge', labels, value });
      const counter = (name: string, help: string, value: number): void =>
        emit({ name, help, type: 'counter', labels, value });
      gauge('weir_peer_connected', 'Whether another broker answers on a connection', isConnected ? 1 : 0);
      gauge('weir_peer_requests_in_flight', 'Requests that another broker has to answer', load);
      counter('weir_peer_requests_total', 'Requests to another broker', stats.requests);
      counter('weir_peer_failures_total', 'Requests that another broker did not answer', stats.failures);
    }
  };
}
