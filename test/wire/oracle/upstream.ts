import { join } from 'node:path';
import { ensureJars } from '../../setup/java.ts';
import { readJar } from './jar.ts';

/** The release whose schemas the tables are made of. */
export const KAFKA_VERSION = '4.4.0';

const MODULES = {
  clients: 'kafka-clients',
  group: 'kafka-group-coordinator',
  share: 'kafka-share-coordinator',
} as const;

const ARTIFACTS = [
  ...Object.values(MODULES).map((module) => `org.apache.kafka:${module}:${KAFKA_VERSION}`),
  'com.fasterxml.jackson.core:jackson-databind:2.21.7',
];

/** The directory of the jars with the schemas, the message classes and what these need; fetched through Maven unless cached. */
export async function schemaJars(): Promise<string> {
  return join(await ensureJars(`schemas-${KAFKA_VERSION}`, ARTIFACTS), 'lib');
}

/** A field as upstream writes it, as far as it is used here. */
export interface UpstreamField {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: unknown;
  readonly ignorable?: boolean;
  readonly flexibleVersions?: string;
  readonly fields?: readonly UpstreamField[];
}

/** A message as upstream writes it, as far as it is used here. */
export interface UpstreamMessage {
  readonly name: string;
  readonly type: 'request' | 'response' | 'header' | 'data' | 'coordinator-key' | 'coordinator-value';
  readonly apiKey?: number;
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly listeners?: readonly string[];
  readonly latestVersionUnstable?: boolean;
  readonly fields?: readonly UpstreamField[];
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly UpstreamField[] }[];
}

/** Plain data messages of kafka-clients that a broker or client needs. */
const DATA_MESSAGES = new Set([
  'AbortedTxn',
  'ConsumerProtocolAssignment',
  'ConsumerProtocolSubscription',
  'ControlRecordTypeSchema',
  'EndTxnMarker',
]);

/** Everything that the tables are made of. */
export interface Upstream {
  /** Every request, also of APIs that are removed or that only controllers serve. */
  readonly requests: readonly UpstreamMessage[];
  /** Requests, responses and headers of what a broker listens to. */
  readonly wire: readonly UpstreamMessage[];
  /** Records of internal topics and data inside other messages. */
  readonly records: readonly UpstreamMessage[];
}

/** Reads the schemas out of the jars, which Maven fetches when they are not cached. */
export async function readUpstream(): Promise<Upstream> {
  const jars = await schemaJars();
  const clients = readMessages(jars, MODULES.clients);
  const coordinators = [...readMessages(jars, MODULES.group), ...readMessages(jars, MODULES.share)];
  const requests = clients.filter((message) => message.type === 'request');
  const served = new Set(requests.filter(isServed).map((message) => message.apiKey));
  const wire = clients.filter((message) => message.type === 'header' || served.has(message.apiKey));
  const records = [...clients.filter((message) => DATA_MESSAGES.has(message.name)), ...coordinators];
  requests.sort((a, b) => (a.apiKey ?? 0) - (b.apiKey ?? 0));
  return { requests, wire: byName(wire), records: byName(records) };
}

function isServed(message: UpstreamMessage): boolean {
  return message.validVersions !== 'none' && message.listeners?.includes('broker') === true;
}

function byName(messages: readonly UpstreamMessage[]): UpstreamMessage[] {
  return messages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function readMessages(jars: string, module: string): UpstreamMessage[] {
  const texts = readJar(join(jars, `${module}-${KAFKA_VERSION}.jar`), (path) =>
    /^common\/message\/\w+\.json$/.test(path),
  );
  // The shape is upstream's; what the generator relies on is checked by the oracle.
  return [...texts.values()].map((text) => JSON.parse(withoutComments(text)) as UpstreamMessage);
}

/** Blanks `//` comments, which JSON does not have; leaves those inside of strings. */
export function withoutComments(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*/g, (match) => (match.startsWith('//') ? '' : match));
}
