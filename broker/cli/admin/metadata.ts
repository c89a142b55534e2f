import { resolve } from 'node:path';
import type { MetadataImage } from '../../core/metadata/image.ts';
import { describeShared, sharedMachines } from '../../core/metadata/voter-machines.ts';
import { decodeRecords } from '../../core/metadata/records.ts';
import type { PartitionView, TopicView } from '../../core/metadata/view.ts';
import type { Entry, ReplicaKey } from '../../core/raft/types.ts';
import { endOf, imageOf, inspectLog, type InspectedLog, votersOf } from '../../server/control/inspect-log.ts';
import { METADATA_DIRECTORY } from '../../server/control/log-files.ts';
import { usageFault } from '../fault.ts';
import type { Action } from './action.ts';
import { outcome, withStoppedNode } from './task.ts';

/** One line of the answer: as text, and as the object that `--json` prints in its place. */
interface Line {
  readonly text: string;
  readonly json: object;
}

type Part = (found: { readonly log: InspectedLog; readonly image: MetadataImage }) => Iterable<Line>;

const PARTS: Readonly<Record<string, Part>> = {
  summary,
  features: ({ image }) =>
    [...image.features()].map(([name, level]) => line({ feature: name, level }, `${name} ${level}`)),
  brokers,
  controllers: ({ image }) =>
    image.controllers().map(({ id, ...controller }) => {
      const { host, port, machine, directoryId, weirVersionMin, weirVersionMax } = controller;
      const text = `controller ${id} at ${host}:${port} host ${machine === '' ? '-' : machine} directory ${directoryId} weir ${weirVersionMin}-${weirVersionMax}`;
      return line({ controller: id, ...controller }, text);
    }),
  topics,
  configs,
  log: entriesOf,
};

/** `weir admin metadata`: what the metadata log of a stopped node, or of a copy, says. */
export const inspectMetadata: Action = async ({ need, has, rest }, terminal) => {
  const [name = 'summary'] = rest;
  const part = PARTS[name];
  if (part === undefined) throw usageFault('admin', `the parts of the metadata are ${Object.keys(PARTS).join(', ')}`);
  const directory = resolve(need('data'));
  return withStoppedNode(directory, async (at) => {
    const log = await outcome(inspectLog({ ...at, directory: `${directory}/${METADATA_DIRECTORY}` }));
    for (const problem of log.problems) terminal.note(`weir: ${problem}`);
    for (const { text, json } of part({ log, image: imageOf(log) }))
      terminal.out(has('json') ? JSON.stringify(json) : text);
    return log.problems.length === 0 ? 0 : 1;
  });
};

function line(json: object, text: string): Line {
  return { json, text };
}

function* summary({ log, image }: Parameters<Part>[0]): Generator<Line> {
  const { format, slot, snapshot, problems } = log;
  const end = endOf(log);
  const voters = votersOf(log);
  const votedFor = slot?.hardState.votedFor ?? null;
  const shared = sharedMachines(image.controllers(), voters ?? []);
  const counts = {
    brokers: image.brokers().length,
    controllers: image.controllers().length,
    topics: image.topicNames().length,
    partitions: image.partitionCount,
  };
  const json = {
    format,
    clusterId: image.clusterId,
    term: slot?.hardState.term ?? null,
    votedFor,
    damagedUpTo: slot?.hardState.damagedUpTo ?? 0,
    voters,
    sharedMachines: shared,
    snapshotIndex: snapshot?.place.index ?? 0,
    snapshotOffset: snapshot?.offset ?? -1,
    lastIndex: end.index,
    lastTerm: end.term,
    offset: image.offset,
    ...counts,
    problems,
  };
  const rows: readonly (readonly [string, string])[] = [
    ['cluster', image.clusterId === '' ? '(not formed)' : image.clusterId],
    ['format', format],
    [
      'term',
      slot === null ? '-' : `${slot.hardState.term}, voted for ${votedFor === null ? 'nobody' : keyText(votedFor)}`,
    ],
    ['voters', voters === null ? '-' : voters.map(keyText).join(', ')],
    ...shared.map((each) => ['together', describeShared(each)] as const),
    ['snapshot', snapshot === null ? '-' : `index ${snapshot.place.index}, offset ${snapshot.offset}`],
    ['log', `ends at index ${end.index} of term ${end.term}, offset ${image.offset}`],
    ...(json.damagedUpTo > 0 ? [['damaged', `up to index ${json.damagedUpTo}`] as const] : []),
    ...Object.entries(counts).map(([name, count]) => [name, String(count)] as const),
  ];
  yield line(json, rows.map(([name, value]) => `${`${name}:`.padEnd(13)}${value}`).join('\n'));
}

/** A replica in a line of text. */
export function keyText({ id, directoryId }: ReplicaKey): string {
  return `${id}@${directoryId}`;
}

function* brokers({ image }: Parameters<Part>[0]): Generator<Line> {
  for (const { id, ...broker } of image.brokers()) {
    const { epoch, fenced, uncleanRestart, rack, host, endpoints, directoryId } = broker;
    const faces = endpoints.map(({ listener, host, port }) => `${listener}://${host}:${port}`).join(',');
    const states = [
      fenced ? 'fenced' : 'in',
      ...(uncleanRestart ? ['restarted uncleanly'] : []),
      ...(broker.cordoned ? ['cordoned'] : []),
      ...(broker.draining ? ['draining'] : []),
      ...(broker.shuttingDown ? ['stopping'] : []),
    ];
    const place = `rack ${rack ?? '-'} host ${host === '' ? '-' : host}`;
    const text = `broker ${id} ${states.join(', ')}, epoch ${epoch} ${place} directory ${directoryId} ${faces}`;
    yield line({ broker: id, ...broker }, text);
  }
}

function* topics({ image }: Parameters<Part>[0]): Generator<Line> {
  for (const name of image.topicNames()) {
    const topic = image.topicByName(name);
    if (topic !== null) yield describeTopic(topic);
  }
}

function describeTopic({ name, id, partitions }: TopicView): Line {
  const rows = partitions.map((one: PartitionView) => {
    const { index, leader, leaderEpoch, partitionEpoch, replicas, isr, durableFromEpoch } = one;
    const epochs = `epochs ${leaderEpoch}/${partitionEpoch}, durable from ${durableFromEpoch}`;
    const others = [
      ['elr', one.elr],
      ['last known', one.lastKnownElr],
      ['adding', one.addingReplicas],
      ['removing', one.removingReplicas],
    ] as const;
    const lists = others.flatMap(([what, ids]) => (ids.length === 0 ? [] : [`${what} ${ids.join(',')} `])).join('');
    return `  ${index} leader ${leader === -1 ? 'none' : leader} replicas ${replicas.join(',')} isr ${isr.join(',')} ${lists}${epochs}`;
  });
  return line({ topic: name, id, partitions }, [`topic ${name} ${id}`, ...rows].join('\n'));
}

function* configs({ image }: Parameters<Part>[0]): Generator<Line> {
  for (const scope of ['topic', 'broker', 'cluster', 'group'] as const) {
    for (const name of image.configNames(scope)) {
      const overrides = Object.fromEntries(image.configOverrides(scope, name));
      const texts = Object.entries(overrides).map(([key, value]) => `${key}=${value}`);
      yield line({ scope, name, overrides }, `${scope} "${name}" ${texts.join(' ')}`);
    }
  }
}

function* entriesOf({ log }: Parameters<Part>[0]): Generator<Line> {
  const { snapshot, entries } = log;
  if (snapshot !== null && snapshot.place.index > 0) {
    const { place, offset } = snapshot;
    yield line({ snapshot: place, offset }, `snapshot at index ${place.index} of term ${place.term}, offset ${offset}`);
  }
  let offset = snapshot?.offset ?? -1;
  for (const entry of entries) {
    const described = describeEntry(entry, offset + 1);
    offset += described.recordCount;
    yield described;
  }
}

function describeEntry({ index, term, body }: Entry, baseOffset: number): Line & { readonly recordCount: number } {
  const head = `${index} term ${term}`;
  if (body.kind === 'no-op') return { ...line({ index, term, kind: body.kind }, `${head} no-op`), recordCount: 0 };
  if (body.kind === 'voters') {
    const text = `${head} voters ${body.voters.map(keyText).join(', ')}`;
    return { ...line({ index, term, kind: body.kind, voters: body.voters }, text), recordCount: 0 };
  }
  const records = decodeRecords(body.payload);
  const rows = records.map((record, position) => `  ${baseOffset + position} ${JSON.stringify(record)}`);
  const json = { index, term, kind: body.kind, baseOffset, records };
  return { ...line(json, [`${head} batch`, ...rows].join('\n')), recordCount: records.length };
}
