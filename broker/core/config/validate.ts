import { assert } from '../base/assert.ts';
import { parseControllers } from './controllers.ts';
import { parseListeners, protocolProblem, resolveListeners } from './listeners.ts';
import { parseSetting } from './parse.ts';
import { refusalOf } from './refused.ts';
import type { SettingRow } from './row.ts';
import { findRow, groupRow, rowsOf, type SettingScope } from './rows.ts';
import { Settings, type Overrides } from './settings.ts';
import type { BrokerSettingName } from './table.ts';

/**
 * What is wrong with one setting by itself: an unknown or refused name, or a text that its row refuses. Null when it is fine. The
 * sentence names the setting and what is allowed.
 */
export function checkSetting(scope: SettingScope, name: string, value: string): string | null {
  const row = findRow(scope, name);
  if (row === null) return refusalOf(scope, name);
  const { problem } = parseSetting(row, value);
  return problem === null ? null : `${name} ${problem}`;
}

/**
 * What is wrong with the overrides of one resource: each by itself, then together and against the broker's bounds.
 * `settings` are those of the broker, for scope `broker` with the overrides in force. Null when all is fine.
 */
export function validateOverrides(scope: SettingScope, overrides: Overrides, settings: Settings): string | null {
  for (const [name, value] of overrides) {
    const problem = checkSetting(scope, name, value);
    if (problem !== null) return problem;
  }
  if (scope === 'group') return groupProblem(overrides, settings);
  if (scope === 'topic') return topicProblem(overrides, settings);
  return scope === 'broker' ? brokerProblem(settings) : null;
}

/** Everything that is wrong with the settings of a node's file and environment, in the order of the map; empty when fine. */
export function validateBrokerFile(fixed: Overrides): readonly string[] {
  const problems: string[] = [];
  for (const [name, value] of fixed) {
    const problem = checkSetting('broker', name, value);
    if (problem !== null) problems.push(problem);
  }
  for (const [name, row] of rowsOf('broker')) {
    if (row.default === null && !fixed.has(name)) problems.push(`${name} must be set`);
  }
  if ((fixed.get('log.dirs') ?? fixed.get('log.dir') ?? '') === '') problems.push('log.dirs must be set');
  if (problems.length > 0) return problems;
  const settings = new Settings(fixed);
  const together = idProblem(fixed, settings) ?? brokerProblem(settings);
  return together === null ? [] : [together];
}

/**
 * The settings of a node with what old names stand for: `broker.id` for `node.id` (each for the other) and `log.dir` for
 * `log.dirs`, where that is not given. They must have passed `validateBrokerFile`.
 */
export function withOldNames(fixed: Overrides): Overrides {
  const settings = new Settings(fixed);
  const whole = new Map(fixed);
  const oldId = settings.broker('broker.id');
  if (!fixed.has('node.id') && oldId >= 0) whole.set('node.id', String(oldId));
  else if (fixed.has('node.id') && oldId < 0) whole.set('broker.id', String(settings.broker('node.id')));
  if ((fixed.get('log.dirs') ?? '') === '') whole.set('log.dirs', settings.broker('log.dir'));
  return whole;
}

function idProblem(fixed: Overrides, settings: Settings): string | null {
  const [old, id] = [settings.broker('broker.id'), settings.broker('node.id')];
  return old >= 0 && fixed.has('node.id') && old !== id ? `broker.id must be node.id, ${id}, or be left out` : null;
}

/** Why a broker setting can't be altered this way while brokers run, or null when it can. */
export function changeProblem(row: SettingRow, name: string, by: 'broker' | 'cluster'): string | null {
  switch (row.change) {
    case 'static':
      return `${name} is read at start only and can't be changed while the broker runs`;
    case 'broker':
      return by === 'broker' ? null : `${name} can be changed for one broker, not for all`;
    case 'cluster':
      return null;
    case 'cluster-only':
      return by === 'cluster' ? null : `${name} can be changed for all brokers, not for one`;
  }
}

const BOUNDED: readonly {
  readonly name: BrokerSettingName;
  readonly min: BrokerSettingName;
  readonly max: BrokerSettingName;
}[] = [
  bounds('assignment.interval.ms'),
  bounds('session.timeout.ms'),
  bounds('heartbeat.interval.ms'),
  bounds('delivery.count.limit'),
  bounds('record.lock.duration.ms'),
  bounds('partition.max.record.locks'),
];

const ORDERED: readonly (readonly [BrokerSettingName, '<' | '<=', BrokerSettingName])[] = [
  ['group.share.heartbeat.interval.ms', '<', 'group.share.session.timeout.ms'],
  ['log.cleaner.min.compaction.lag.ms', '<=', 'log.cleaner.max.compaction.lag.ms'],
  ['group.share.max.size', '<=', 'group.share.max.share.sessions'],
  ['group.min.session.timeout.ms', '<=', 'group.max.session.timeout.ms'],
  ['broker.heartbeat.interval.ms', '<', 'broker.session.timeout.ms'],
];

function bounds(tail: string): (typeof BOUNDED)[number] {
  // A name that is not in the table fails where it is read, in the first validation.
  return {
    name: boundedName(`group.share.${tail}`),
    min: boundedName(`group.share.min.${tail}`),
    max: boundedName(`group.share.max.${tail}`),
  };
}

function boundedName(name: string): BrokerSettingName {
  assert(findRow('broker', name) !== null, `no broker setting ${name}`);
  // Just checked to be a key of the table.
  return name as BrokerSettingName;
}

/** Whether the settings of the control plane make one together. */
function controlProblem(settings: Settings): string | null {
  const id = settings.broker('node.id');
  const text = settings.broker('controller.quorum.voters');
  const { controllers } = parseControllers(text);
  const isController = settings.broker('process.roles').includes('controller');
  const port = settings.broker('weir.grpc.port');
  const isNamed = controllers?.some((one) => one.id === id) === true;
  if (!isController && text === '') return 'a broker that is no controller needs controller.quorum.voters';
  if (isController && text !== '' && !isNamed) return `controller.quorum.voters must name this node, ${id}, too`;
  if (!isController && isNamed) return `controller.quorum.voters names this node, ${id}, which is no controller`;
  if (text !== '' && port === -1) return 'weir.grpc.port must be set where controller.quorum.voters is';
  const isAlone = isController && (controllers?.length ?? 0) <= 1;
  if (settings.broker('weir.formation.file') === '' && settings.broker('weir.cluster.id') === '' && !isAlone)
    return 'weir.cluster.id must be set for a node that is not alone';
  const tls = [
    settings.broker('weir.grpc.tls.cert.file'),
    settings.broker('weir.grpc.tls.key.file'),
    settings.broker('weir.grpc.tls.ca.file'),
  ];
  if (tls.includes('') && tls.some((file) => file !== ''))
    return 'weir.grpc.tls.cert.file, weir.grpc.tls.key.file and weir.grpc.tls.ca.file must be set together';
  return null;
}

function brokerProblem(settings: Settings): string | null {
  const value = (name: BrokerSettingName): number => Number(settings.broker(name));
  for (const { name, min, max } of BOUNDED) {
    if (value(min) > value(max)) return `${min} must not be above ${max}`;
    if (value(name) < value(min)) return `${name} must not be below ${min}, ${value(min)}`;
    if (value(name) > value(max)) return `${name} must not be above ${max}, ${value(max)}`;
  }
  for (const [low, relation, high] of ORDERED) {
    const fits = relation === '<' ? value(low) < value(high) : value(low) <= value(high);
    if (!fits) return `${low} must be ${relation === '<' ? 'below' : 'at most'} ${high}, ${value(high)}`;
  }
  const budget = settings.broker('queued.max.request.bytes');
  const largest = settings.broker('socket.request.max.bytes');
  if (budget > 0 && budget < largest) {
    return `queued.max.request.bytes must be -1 or at least socket.request.max.bytes, ${largest}`;
  }
  const listeners = settings.broker('listeners');
  return (
    controlProblem(settings) ??
    resolveListeners(listeners, settings.broker('advertised.listeners')).problem ??
    interBrokerProblem(listeners, settings.broker('inter.broker.listener.name')) ??
    protocolProblem(listeners, settings.broker('listener.security.protocol.map'), {
      name: settings.broker('inter.broker.listener.name'),
      hasCertificate: settings.broker('weir.grpc.tls.cert.file') !== '',
    })
  );
}

function topicProblem(overrides: Overrides, settings: Settings): string | null {
  const minMs = settings.topic(overrides, 'min.compaction.lag.ms');
  const maxMs = settings.topic(overrides, 'max.compaction.lag.ms');
  return minMs <= maxMs ? null : `min.compaction.lag.ms must be at most max.compaction.lag.ms, ${maxMs}`;
}

function interBrokerProblem(listeners: string, name: string): string | null {
  const names = (parseListeners(listeners).listeners ?? []).map((one) => one.name);
  if (name === '' || names.includes(name.toUpperCase())) return null;
  return `inter.broker.listener.name must be one of ${names.join(', ')}, the names in listeners`;
}

function groupProblem(overrides: Overrides, settings: Settings): string | null {
  for (const [name, text] of overrides) {
    const row = groupRow(name);
    if (row.type !== 'int') continue;
    const value = Number(text);
    if (row.brokerMin !== undefined && value < Number(settings.brokerText(row.brokerMin).text)) {
      return `${name} must not be below ${row.brokerMin}, ${settings.brokerText(row.brokerMin).text}`;
    }
    if (row.brokerMax !== undefined && value > Number(settings.brokerText(row.brokerMax).text)) {
      return `${name} must not be above ${row.brokerMax}, ${settings.brokerText(row.brokerMax).text}`;
    }
  }
  const heartbeatMs = settings.group(overrides, 'share.heartbeat.interval.ms');
  const sessionMs = settings.group(overrides, 'share.session.timeout.ms');
  return heartbeatMs < sessionMs ? null : 'share.heartbeat.interval.ms must be below share.session.timeout.ms';
}
