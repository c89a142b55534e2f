// A broker that is started with `--import` of this file does not find its journal at a start.
import { NodeDisk } from '../../../broker/io/disk/node-disk.ts';
import type { DiskDone, DiskFile } from '../../../broker/ports/disk.ts';

const { open } = NodeDisk.prototype;

NodeDisk.prototype.open = function (
  this: NodeDisk,
  path: string,
  options: { readonly create: boolean },
  done: DiskDone<DiskFile>,
): void {
  const isSought = path.endsWith('.journal') && !options.create;
  open.call(this, isSought ? `${path}.missing` : path, options, done);
};
