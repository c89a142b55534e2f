import { mavenJar } from './maven.ts';
import { readJar } from './jar.ts';

/** The release whose schemas the tables are made of. */
export const KAFKA_VERSION = '4.4.0';

/** Maven coordinates of the jars that carry schemas. */
export const SCHEMA_JARS = {
  clients: `org.apache.kafka:kafka-clients:${KAFKA_VERSION}`,
  group: `org.apache.kafka:kafka-group-coordinator:${KAFKA_VERSION}`,
  share: `org.apache.kafka:kafka-share-coordinator:${KAFKA_VERSION}`,
} as const;

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
  const clients = await readMessages(SCHEMA_JARS.clients);
  const coordinators = [...(await readMessages(SCHEMA_JARS.group)), ...(await readMessages(SCHEMA_JARS.share))];
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

async function readMessages(coordinate: string): Promise<UpstreamMessage[]> {
  const texts = readJar(await mavenJar(coordinate), (path) => /^common\/message\/\w+\.json$/.test(path));
  // The shape is upstream's; what the generator relies on is checked by the oracle.
  return [...texts.values()].map((text) => JSON.parse(withoutComments(text)) as UpstreamMessage);
}

/** Blanks `//` comments, which JSON does not have; leaves those inside of strings. */
export function withoutComments(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*/g, (match) => (match.startsWith('//') ? '' : match));
}
