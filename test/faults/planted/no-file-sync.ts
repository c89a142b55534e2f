// A broker that is started with `--import` of this file never syncs a segment or the journal, and says that it did.
import { NodeFile } from '../../../broker/io/disk/node-file.ts';
import type { DiskDone } from '../../../broker/ports/disk.ts';

const { sync } = NodeFile.prototype;

NodeFile.prototype.sync = function (this: NodeFile, done: DiskDone<void>): void {
  if (/\.(log|journal)$/.test(this.path)) this.size((failure) => done(failure, undefined));
  else sync.call(this, done);
};
