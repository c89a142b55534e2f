import { createPrng, type Prng } from '../../broker/core/base/prng.ts';
import { ApiKey, apiByKey, isFlexible } from '../../broker/core/protocol/apis.ts';
import type { MessageSchema } from '../../broker/core/protocol/schema.ts';
import { wireSchemas } from '../../broker/core/protocol/wire-schemas.generated.ts';
import { apiTable } from '../../broker/server/api/table.ts';
import { InstanceMaker } from '../wire/oracle/instances.ts';
import { hostileBatch } from './batches.ts';
import { type Layout, layOut, type Spot, uvarint, withNumber } from './layout.ts';
import { steer, type Targets } from './targets.ts';

/** What a case does to a request. A third of all cases are mutations. */
export type CaseKind =
  | 'mutation'
  | 'random bytes'
  | 'truncated'
  | 'count'
  | 'tags'
  | 'version'
  | 'batch'
  | 'nesting'
  | 'well-formed';

/** One thing to send to a broker. */
export interface FuzzCase {
  readonly kind: CaseKind;
  readonly title: string;
  /** Key of the API that the bytes begin as, −1 when they are random. */
  readonly apiKey: number;
  /** What is written to the connection, size prefix included. */
  readonly bytes: Buffer;
  /** The bytes may leave a frame unfinished, so that the broker goes on waiting. */
  readonly isOpenEnded: boolean;
}

/** The kinds in turns: four of twelve cases mutate a valid frame. */
const TURNS: readonly CaseKind[] = [
  'mutation',
  'random bytes',
  'count',
  'mutation',
  'truncated',
  'tags',
  'mutation',
  'batch',
  'version',
  'mutation',
  'nesting',
  'well-formed',
];

const INT32_MAX = 2 ** 31 - 1;
const TAG_COUNT = 2 ** 28;
/** Elements of the arrays that are really there: each of them costs the receiver an object. */
const NESTED_BYTES = 64 * 1024;

interface Api {
  readonly key: number;
  readonly name: string;
  readonly schema: MessageSchema;
  readonly versions: readonly number[];
}

/** The APIs that clients may call, in all versions that are served. */
export const APIS: readonly Api[] = apiTable
  .filter((row) => row.listener === 'client')
  .map(({ key, versions }) => {
    const name = apiByKey(key)?.name ?? '';
    const schema = wireSchemas[`${name}Request`];
    if (schema === undefined) throw new Error(`no schema of ${name}`);
    return { key, name, schema, versions: range(versions.min, versions.max) };
  })
  .toSorted((a, b) => a.key - b.key);

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function hasTags(key: number, version: number): boolean {
  const api = apiByKey(key);
  return api !== undefined && isFlexible(api, version);
}

/** What takes a topic away, or makes it larger for ever. */
const ON_DOOMED: ReadonlySet<number> = new Set([ApiKey.DeleteTopics, ApiKey.CreatePartitions]);

/** Header of a request, version 1 or 2. */
export function header(key: number, version: number, correlationId: number): Buffer {
  const client = Buffer.from('fuzz');
  const bytes = Buffer.alloc(10);
  bytes.writeInt16BE(key, 0);
  bytes.writeInt16BE(version, 2);
  bytes.writeInt32BE(correlationId, 4);
  bytes.writeInt16BE(client.length, 8);
  return Buffer.concat([bytes, client, hasTags(key, version) ? Buffer.from([0]) : Buffer.alloc(0)]);
}

/** A frame: what is sent of a request whose size is told truly. */
export function frame(...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(body.length);
  return Buffer.concat([prefix, body]);
}

/** A request of an API in one version whose names mostly are those of things that exist. */
export function validLayout(api: Api, version: number, prng: Prng, targets: Targets): Layout {
  const maker = new InstanceMaker(api.schema, version, createPrng(prng.uint32()), 'safe');
  let instance = maker.make();
  // Later instances show other cases of each field.
  for (let turn = prng.below(4); turn > 0; turn -= 1) instance = maker.make();
  const aimed = ON_DOOMED.has(api.key) ? { ...targets, topics: [targets.doomed] } : targets;
  return layOut(api.schema, version, prng.chance(0.8) ? steer(instance, prng, aimed) : instance);
}

/** The case of a number: the same number and targets give the same bytes. */
export function fuzzCase(seed: number, targets: Targets): FuzzCase {
  const prng = createPrng(seed);
  const kind = TURNS[seed % TURNS.length] ?? 'mutation';
  const api = pick(APIS, prng);
  const version = pick(api.versions, prng);
  const title = `case ${seed}: ${kind}, ${api.name} v${version}`;
  const head = header(api.key, version, seed);
  const known = { kind, title, apiKey: api.key, isOpenEnded: false };
  switch (kind) {
    case 'random bytes':
      return { ...known, ...randomBytes(prng, head) };
    case 'batch':
      return { ...known, ...hostileProduce(seed, prng, targets) };
    case 'nesting':
      return { ...known, bytes: frame(head, nested(api, version, prng)) };
    case 'version':
      return { ...known, ...wrongVersion(seed, api, validLayout(api, version, prng, targets), prng) };
    case 'well-formed':
    case 'mutation':
    case 'truncated':
    case 'count':
    case 'tags':
      return { ...known, ...spoiled(kind, head, validLayout(api, version, prng, targets), prng) };
  }
}

function spoiled(kind: CaseKind, head: Buffer, layout: Layout, prng: Prng): Partial<FuzzCase> & { bytes: Buffer } {
  switch (kind) {
    case 'mutation':
      return mutated(head, layout, prng);
    case 'truncated':
      return truncated(frame(head, layout.bytes), prng);
    case 'count':
      return {
        bytes: frame(head, grown(layout, 'array', pick([INT32_MAX, INT32_MAX - 1, 1_000_000, 70_000], prng), prng)),
      };
    case 'tags':
      return { bytes: frame(head, grown(layout, 'tags', pick([TAG_COUNT, INT32_MAX, 10_001, 300], prng), prng)) };
    default:
      return { bytes: frame(head, layout.bytes) };
  }
}

/** Puts a number into a place of a kind; a message without one gets it into any other. */
function grown(layout: Layout, kind: Spot['kind'], value: number, prng: Prng): Buffer {
  const spots = layout.spots.filter((spot) => spot.kind === kind);
  const spot = pick(spots.length > 0 ? spots : layout.spots, prng);
  if (spot === undefined) return layout.bytes;
  const bytes = withNumber(layout, spot, value);
  // Some go on with as many bytes as the first elements need.
  return prng.chance(0.5) ? bytes : Buffer.concat([bytes, Buffer.alloc(prng.below(5000), pick([0, 1, 0xff], prng))]);
}

function randomBytes(prng: Prng, head: Buffer): Partial<FuzzCase> & { bytes: Buffer } {
  const noise = Buffer.from(prng.bytes(prng.below(300)));
  if (prng.chance(0.6)) return { bytes: frame(head, noise) };
  if (prng.chance(0.5)) return { bytes: frame(noise), apiKey: -1 };
  return { bytes: noise, apiKey: -1, isOpenEnded: true };
}

function truncated(whole: Buffer, prng: Prng): Partial<FuzzCase> & { bytes: Buffer } {
  const kept = whole.subarray(0, 4 + prng.below(whole.length - 4));
  // Either the frame says its size truly and its body ends early, or the connection ends within it.
  return prng.chance(0.7) ? { bytes: frame(kept.subarray(4)) } : { bytes: kept, isOpenEnded: true };
}

function wrongVersion(seed: number, api: Api, layout: Layout, prng: Prng): Partial<FuzzCase> & { bytes: Buffer } {
  const last = api.versions.at(-1) ?? 0;
  const version = pick([-1, -32_768, 32_767, last + 1, prng.below(last + 1), prng.below(20)], prng);
  const key = prng.chance(0.8) ? api.key : pick([-1, 4, 5, 6, 7, 52, 95, 100, 999, 32_767], prng);
  return { bytes: frame(header(key, version, seed), layout.bytes), apiKey: key };
}

/** Arrays within arrays, each with as many elements as its level may have, made of the smallest elements. */
function nested(api: Api, version: number, prng: Prng): Buffer {
  const flexible = hasTags(api.key, version);
  const count = pick([3, 50, 400, 20_000], prng);
  const number = flexible ? uvarint(count + 1) : Buffer.from([count >>> 24, count >>> 16, count >>> 8, count]);
  const fill = prng.chance(0.5) ? number : Buffer.from([pick([0, 1, 2], prng)]);
  return Buffer.concat([number, Buffer.alloc(NESTED_BYTES, fill)]);
}

const EDGE_BYTES = [0, 1, 2, 0x7f, 0x80, 0xff];

function mutated(head: Buffer, layout: Layout, prng: Prng): Partial<FuzzCase> & { bytes: Buffer } {
  let body = layout.bytes;
  for (let left = 1 + prng.below(4); left > 0 && body.length > 0; left -= 1) body = mutateOnce(body, prng);
  const bytes = frame(head, body);
  if (prng.chance(0.95)) return { bytes };
  // Now and then the prefix or header is hit.
  bytes[prng.below(Math.min(14, bytes.length))] = pick(EDGE_BYTES, prng);
  return { bytes, isOpenEnded: true, apiKey: -1 };
}

function mutateOnce(body: Buffer, prng: Prng): Buffer {
  const at = prng.below(body.length);
  const copy = Buffer.from(body);
  switch (prng.below(6)) {
    case 0:
      copy[at] = (copy[at] ?? 0) ^ (1 << prng.below(8));
      return copy;
    case 1:
      copy[at] = pick(EDGE_BYTES, prng);
      return copy;
    case 2:
      return Buffer.concat([body.subarray(0, at), Buffer.from(prng.bytes(1 + prng.below(8))), body.subarray(at)]);
    case 3:
      return Buffer.concat([body.subarray(0, at), body.subarray(at + 1 + prng.below(16))]);
    case 4: {
      const until = at + 1 + prng.below(64);
      return Buffer.concat([body.subarray(0, until), body.subarray(at, until), body.subarray(until)]);
    }
    default: {
      const edge = Buffer.alloc(8);
      edge.writeBigInt64BE(pick([-1n, 2n ** 31n - 1n, -(2n ** 31n), 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n], prng));
      edge.copy(copy, at, 8 - pick([2, 4, 8], prng));
      return copy;
    }
  }
}

function hostileProduce(seed: number, prng: Prng, targets: Targets): Partial<FuzzCase> & { bytes: Buffer } {
  const api = APIS.find(({ key }) => key === ApiKey.Produce);
  if (api === undefined) throw new Error('Produce is not served');
  const version = pick(api.versions, prng);
  const topic = pick(targets.topics, prng);
  const { what, bytes } = hostileBatch(prng, targets.nowMs);
  const body = {
    transactionalId: null,
    acks: prng.chance(0.9) ? -1 : 1,
    timeoutMs: 1000,
    topicData: [
      {
        name: topic.name,
        topicId: topic.id,
        partitionData: [{ index: prng.below(topic.partitionCount), records: bytes }],
      },
    ],
  };
  return {
    bytes: frame(header(ApiKey.Produce, version, seed), layOut(api.schema, version, body).bytes),
    apiKey: ApiKey.Produce,
    title: `case ${seed}: batch, Produce v${version}, ${what}`,
  };
}

/** One of the elements; the list is not empty. */
export function pick<T>(elements: readonly T[], prng: Prng): T {
  // The index is within the list.
  return elements[prng.below(elements.length)] as T;
}

/**
 * Every array of every version of every API with a count of 2^31 − 1, and every section of tagged fields with 2^28: all
 * of them, not a sample.
 */
export function* everyHugeNumber(targets: Targets): Generator<FuzzCase> {
  for (const api of APIS) {
    for (const version of api.versions) {
      const prng = createPrng(api.key * 100 + version);
      const seen = new Set<string>();
      // Several instances, until arrays within optional structs and arrays have been there.
      for (let turn = 0; turn < 12; turn += 1) {
        const layout = validLayout(api, version, prng, targets);
        for (const spot of layout.spots) {
          if (spot.kind === 'length' || seen.has(`${spot.kind} ${spot.path}`)) continue;
          seen.add(`${spot.kind} ${spot.path}`);
          const value = spot.kind === 'array' ? INT32_MAX : TAG_COUNT;
          yield {
            kind: spot.kind === 'array' ? 'count' : 'tags',
            title: `${value} ${spot.kind === 'array' ? 'elements' : 'tagged fields'} in ${spot.path} v${version}`,
            apiKey: api.key,
            bytes: frame(header(api.key, version, 1), withNumber(layout, spot, value)),
            isOpenEnded: false,
          };
        }
      }
    }
  }
}
