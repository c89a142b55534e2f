import { TRY_NEWER_RELEASE } from '../../core/base/format.ts';
import { Buffer } from 'node:buffer';
import type { Crc32c } from '../../core/base/checksum.ts';
import type { DirectoryEntry, Disk } from '../../ports/disk.ts';
import type { Random } from '../../ports/random.ts';
import { readIfExists, replaceFile } from '../logs/disk-tasks.ts';
import { step, type Task } from '../task.ts';
import { METADATA_DIRECTORY } from './log-files.ts';
import { STATE_FILE } from './raft-state-file.ts';

/** Who a data directory belongs to, as `meta.properties` in it says (V11). */
export interface Identity {
  /** 22 characters of base64url. */
  readonly clusterId: string;
  readonly nodeId: number;
  /** Made with the directory and never changed; tells a wiped or exchanged disk from the one it replaces. */
  readonly directoryId: string;
  /** A metadata log was begun on this disk: if there is none, it is lost. */
  readonly hasBegun: boolean;
}

/** What an identity is read and written with. */
interface IdentityDeps {
  readonly disk: Disk;
  readonly crc32c: Crc32c;
}

/** The directory is not this node's, or not whole. The message is for the user. */
export class IdentityError extends Error {
  readonly code = 'IDENTITY';
}

const FILE_NAME = 'meta.properties';
const FILE_BYTES_MAX = 64 * 1024;
/** Property with the CRC-32C of the lines before it. */
const SEAL = 'weir.crc32c';
const BEGUN = 'weir.metadata.log';
const ID = /^[A-Za-z0-9_-]{22}$/;

/**
 * Reads who the data directory belongs to, or makes it this node's when it is new: `meta.properties` and the metadata
 * directory, synced; `newDirectoryId` gives the id of one that is new, by default a random one. That of a controller is new
 * until it holds a metadata log, and gets its id anew: what was true when it got the first may not be true any more (V11).
 * Throws `IdentityError` when cluster id or node id are others, when the file is unreadable, and when logs are there without it.
 */
export function* openIdentity(
  deps: IdentityDeps & { readonly random: Random },
  wanted: {
    readonly directory: string;
    readonly nodeId: number;
    readonly clusterId: string;
    readonly isController?: boolean;
  },
  newDirectoryId: () => Task<string> = () => randomly(deps.random),
): Task<Identity> {
  const { disk } = deps;
  const { directory } = wanted;
  yield* makeDataDirectory(disk, directory);
  const bytes = yield* readIfExists(disk, `${directory}/${FILE_NAME}`, FILE_BYTES_MAX);
  const listing = yield* step<readonly DirectoryEntry[]>((done) => disk.list(directory, done));
  const hasMetadata = listing.some(({ name }) => name === METADATA_DIRECTORY);
  const hasLogs = listing.some(
    ({ name, kind }) => kind === 'directory' && name !== METADATA_DIRECTORY && /-[0-9]+$/.test(name),
  );
  const found = bytes === null ? null : readIdentity(new TextDecoder().decode(bytes), wanted, deps.crc32c);
  if (found !== null) {
    if (!hasMetadata && hasLogs) {
      throw new IdentityError(`${directory} holds logs, but its cluster metadata (${METADATA_DIRECTORY}) is missing`);
    }
    if (!hasMetadata) yield* makeMetadataDirectory(disk, directory);
    // Also what an earlier life made here and did not live to sync.
    else yield* step<void>((done) => disk.syncDirectory(directory, done));
    const isSpent = wanted.isController !== true || found.hasBegun || hasLogs;
    if (isSpent || (yield* holdsMetadataLog(disk, directory))) return found;
  } else if (hasMetadata || hasLogs)
    throw new IdentityError(`${directory} holds data, but no ${FILE_NAME} that says whose it is`);
  const identity: Identity = {
    clusterId: wanted.clusterId === '' ? randomId(deps.random) : wanted.clusterId,
    nodeId: wanted.nodeId,
    directoryId: yield* newDirectoryId(),
    hasBegun: false,
  };
  yield* keepIdentity(deps, directory, identity);
  yield* makeMetadataDirectory(disk, directory);
  return identity;
}

/** Writes who a directory belongs to; durable when done. */
export function* keepIdentity({ disk, crc32c }: IdentityDeps, directory: string, identity: Identity): Task<void> {
  yield* replaceFile(disk, directory, FILE_NAME, Buffer.from(writeIdentity(identity, crc32c)));
}

/** 16 random bytes as Kafka prints ids; never one that Kafka reserves, nor one with a leading dash. */
export function randomId(random: Random): string {
  for (;;) {
    const id = Buffer.from(random.bytes(16)).toString('base64url');
    if (!id.startsWith('-') && !id.startsWith('AAAAAAAAAAAAAAAAAAAA')) return id;
  }
}

// oxlint-disable-next-line require-yield -- a task that has nothing to wait for
function* randomly(random: Random): Task<string> {
  return randomId(random);
}

/** Makes the data directory and what is missing above it; all of them are durable afterwards. */
function* makeDataDirectory(disk: Disk, directory: string): Task<void> {
  let lowest = directory;
  const parents: string[] = [];
  while (lowest !== '/' && lowest !== '.' && !(yield* exists(disk, lowest))) {
    lowest = parentOf(lowest);
    parents.push(lowest);
  }
  yield* step<void>((done) => disk.makeDirectory(directory, done));
  for (const parent of parents) yield* step<void>((done) => disk.syncDirectory(parent, done));
  if (parents.length > 0) return;
  // It was there: made by somebody else, or by an earlier life that ended before this sync.
  yield* step<void>((done) =>
    disk.syncDirectory(parentOf(directory), (failure) => done(failure?.code === 'EACCES' ? null : failure, undefined)),
  );
}

function* exists(disk: Disk, path: string): Task<boolean> {
  return yield* step<boolean>((done) => {
    disk.list(path, (failure) =>
      done(failure === null || failure.code === 'ENOENT' ? null : failure, failure === null),
    );
  });
}

function parentOf(path: string): string {
  const cut = path.replace(/\/+$/, '').lastIndexOf('/');
  if (cut < 0) return '.';
  return cut === 0 ? '/' : path.slice(0, cut);
}

function* makeMetadataDirectory(disk: Disk, directory: string): Task<void> {
  yield* step<void>((done) => disk.makeDirectory(`${directory}/${METADATA_DIRECTORY}`, done));
  yield* step<void>((done) => disk.syncDirectory(directory, done));
}

/** Whether a log was formed here. A state without anything beside it is one that was not finished, and that nobody was told of. */
function* holdsMetadataLog(disk: Disk, directory: string): Task<boolean> {
  const listing = yield* step<readonly DirectoryEntry[]>((done) =>
    disk.list(`${directory}/${METADATA_DIRECTORY}`, done),
  );
  return listing.some(({ name }) => name !== STATE_FILE && !name.endsWith('.tmp'));
}

function writeIdentity(identity: Identity, crc32c: Crc32c): string {
  const { clusterId, nodeId, directoryId, hasBegun } = identity;
  const begun = hasBegun ? `${BEGUN}=begun\n` : '';
  const lines = `version=1\ncluster.id=${clusterId}\nnode.id=${nodeId}\ndirectory.id=${directoryId}\n${begun}`;
  // Properties more are no matter to Kafka's tools, nor to earlier releases; a changed character in an id is one to everybody.
  return `${lines}${SEAL}=${sealOf(lines, crc32c)}\n`;
}

function sealOf(lines: string, crc32c: Crc32c): string {
  const bytes = Buffer.from(lines);
  return crc32c(bytes, 0, bytes.length).toString(16).padStart(8, '0');
}

function readIdentity(
  text: string,
  wanted: { readonly directory: string; readonly nodeId: number; readonly clusterId: string },
  crc32c: Crc32c,
): Identity {
  const path = `${wanted.directory}/${FILE_NAME}`;
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0 && !line.startsWith('#')) fields.set(line.slice(0, equals).trim(), line.slice(equals + 1).trim());
  }
  const version = fields.get('version');
  const clusterId = fields.get('cluster.id') ?? '';
  const nodeId = fields.get('node.id') ?? '';
  const directoryId = fields.get('directory.id') ?? '';
  if (version !== '1')
    throw new IdentityError(
      `${path} has version ${version ?? '(none)'}; this release reads version 1; ${TRY_NEWER_RELEASE}`,
    );
  const sealAt = text.indexOf(`${SEAL}=`);
  // Written by an earlier release, or by hand: nothing tells whether it is what was written.
  if (sealAt >= 0 && fields.get(SEAL) !== sealOf(text.slice(0, sealAt), crc32c))
    throw new IdentityError(`${path} is damaged: its checksum does not fit; restore it from a copy`);
  if (!ID.test(clusterId) || !ID.test(directoryId) || !/^[0-9]{1,10}$/.test(nodeId)) {
    throw new IdentityError(`${path} is damaged: it must name cluster.id, node.id and directory.id`);
  }
  if (wanted.clusterId !== '' && clusterId !== wanted.clusterId) {
    throw new IdentityError(`${wanted.directory} belongs to cluster ${clusterId}, not to ${wanted.clusterId}`);
  }
  if (Number(nodeId) !== wanted.nodeId) {
    throw new IdentityError(`${wanted.directory} belongs to node ${nodeId}, not to node ${wanted.nodeId}`);
  }
  return { clusterId, nodeId: Number(nodeId), directoryId, hasBegun: fields.has(BEGUN) };
}
