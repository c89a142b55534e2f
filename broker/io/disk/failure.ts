import type { DiskFailure } from '../../ports/disk.ts';

/** The port's form of an error of Node's file system calls; `code` is the errno name. */
export function toFailure(operation: string, path: string, error: Error): DiskFailure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
  return { code, operation, path, message: error.message };
}
