import { brokerId } from '../base/ids.ts';
import type { BrokerRecord } from './records.ts';
import type { BrokerView, EndpointView } from './view.ts';

/** A registered broker with what only the controller needs. */
export interface BrokerState extends BrokerView {
  readonly incarnationId: string;
  /** −1: not known. */
  readonly weirVersionMin: number;
  readonly weirVersionMax: number;
  /** What the incarnation before it had not synced may be lost (D4). */
  readonly uncleanRestart: boolean;
  /** The last epoch in which it was unfenced, in any incarnation; −1 when there was none since `weir.version` 3 (D4). */
  readonly unfencedEpoch: number;
  /** What clients are told instead, by listener (`setAdvertised`). */
  readonly advertised: readonly EndpointView[];
}

/** Where clients are told to find a broker; what is said of a listener that it does not have means nothing. */
export function facesOf(
  registered: readonly EndpointView[],
  advertised: readonly EndpointView[],
): readonly EndpointView[] {
  return registered.map((face) => advertised.find(({ listener }) => listener === face.listener) ?? face);
}

/** What a record makes of a broker; `offset` is the record's own. */
export function brokerState(record: BrokerRecord, offset: number): BrokerState {
  return {
    id: brokerId(record.brokerId),
    epoch: record.brokerEpoch === -1 ? offset : record.brokerEpoch,
    rack: record.rack,
    host: record.host,
    fenced: record.fenced,
    cordoned: record.cordoned,
    draining: record.draining,
    shuttingDown: record.shuttingDown,
    endpoints: facesOf(record.endpoints, record.advertised),
    registered: record.endpoints,
    advertised: record.advertised,
    incarnationId: record.incarnationId,
    directoryId: record.directoryId,
    weirVersionMin: record.weirVersionMin,
    weirVersionMax: record.weirVersionMax,
    uncleanRestart: record.uncleanRestart,
    unfencedEpoch: record.unfencedEpoch,
  };
}

/** The record that makes it what it is. */
export function brokerRecord(broker: BrokerState): BrokerRecord {
  return {
    kind: 'broker',
    brokerId: broker.id,
    brokerEpoch: broker.epoch,
    incarnationId: broker.incarnationId,
    directoryId: broker.directoryId,
    rack: broker.rack,
    fenced: broker.fenced,
    endpoints: broker.registered,
    weirVersionMin: broker.weirVersionMin,
    weirVersionMax: broker.weirVersionMax,
    uncleanRestart: broker.uncleanRestart,
    host: broker.host,
    cordoned: broker.cordoned,
    draining: broker.draining,
    shuttingDown: broker.shuttingDown,
    unfencedEpoch: broker.unfencedEpoch,
    advertised: broker.advertised,
  };
}

/** It in one deterministic line. */
export function describeBroker(broker: BrokerState): string {
  const { id, epoch, fenced, rack, registered, directoryId, weirVersionMin, weirVersionMax, uncleanRestart } = broker;
  const { host, cordoned, draining, shuttingDown, unfencedEpoch, advertised } = broker;
  const textOf = (faces: readonly EndpointView[]): string =>
    faces.map((face) => `${face.listener}://${face.host}:${face.port}`).join(',');
  const told = advertised.length === 0 ? '' : ` told as ${textOf(advertised)}`;
  const flags = { fenced, unclean: uncleanRestart, cordoned, draining, 'shutting-down': shuttingDown };
  const state = Object.entries(flags).map(([name, isSet]) => (isSet ? ` ${name}` : ''));
  const known = `${host === '' ? '' : ` host ${host}`}${unfencedEpoch === -1 ? '' : ` in at ${unfencedEpoch}`}`;
  return `broker ${id} epoch ${epoch}${state.join('')}${known} rack ${rack ?? '-'} dir ${directoryId} ${textOf(registered)}${told} weir ${weirVersionMin}-${weirVersionMax}`;
}
