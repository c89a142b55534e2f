// A broker that is started with `--import` of this file answers before the sync of a segment or the journal has returned: it comes later.
import { NodeFile } from '../../../broker/io/disk/node-file.ts';
import type { DiskDone } from '../../../broker/ports/disk.ts';

const { sync } = NodeFile.prototype;
/** Longer than a client needs to hear of it and to cut the power, on a busy machine, too. */
const LATE_MS = 400;

NodeFile.prototype.sync = function (this: NodeFile, done: DiskDone<void>): void {
  if (!/\.(log|journal)$/.test(this.path)) {
    sync.call(this, done);
    return;
  }
  this.size((failure) => done(failure, undefined));
  setTimeout(() => sync.call(this, () => undefined), LATE_MS);
};
