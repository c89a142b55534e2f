// A broker that is started with `--import` of this file never syncs a directory, and says that it did.
import { NodeDisk } from '../../../broker/io/disk/node-disk.ts';
import type { DiskDone } from '../../../broker/ports/disk.ts';

NodeDisk.prototype.syncDirectory = function (this: NodeDisk, path: string, done: DiskDone<void>): void {
  this.fileSize(path, (failure) => done(failure, undefined));
};
