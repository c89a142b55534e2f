import { crc32c } from '../../io/crc32c.ts';
import { claimDirectory } from '../../io/disk/directory-claim.ts';
import { NodeDisk } from '../../io/disk/node-disk.ts';
import { runTask, type Task } from '../../server/task.ts';
import { messageOf, UserFault } from '../fault.ts';

/** What work on the files of a stopped node is done with. */
export interface AtRest {
  readonly disk: NodeDisk;
  readonly crc32c: typeof crc32c;
}

/** Works on a data directory that no node uses meanwhile. */
export async function withStoppedNode<T>(directory: string, work: (at: AtRest) => Promise<T>): Promise<T> {
  const claim = await claimDirectory(directory);
  if (typeof claim === 'string') throw new UserFault(`${claim}\nStop the node first: its logs must be at rest.`);
  try {
    const disk = new NodeDisk((input) => {
      setImmediate(input);
    });
    return await work({ disk, crc32c });
  } catch (error) {
    throw isAboutFiles(error) ? new UserFault(messageOf(error)) : error;
  } finally {
    claim.release();
  }
}

/** Codes of what files turn out to be: nothing of this release's, or not what was written. */
const FILE_CODES: readonly unknown[] = ['UNKNOWN_METADATA', 'DAMAGED_METADATA', 'IDENTITY'];

function isAboutFiles(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  // By shape: what a port reports of a failed operation carries `failure`.
  return 'failure' in error || ('code' in error && FILE_CODES.includes(error.code));
}

/** What a task comes to. */
export function outcome<T>(task: Task<T>): Promise<T> {
  return new Promise((settle, fail) => {
    runTask(task, (error, value) => {
      if (error !== null) fail(error instanceof Error ? error : new Error(String(error)));
      else settle(value as T);
    });
  });
}
