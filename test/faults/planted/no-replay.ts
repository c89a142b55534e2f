// A broker that is started with `--import` of this file does not find its journal.
import { NodeDisk } from '../../../broker/io/disk/node-disk.ts';
import type { DiskDone } from '../../../broker/ports/disk.ts';

const { readFile } = NodeDisk.prototype;

NodeDisk.prototype.readFile = function (
  this: NodeDisk,
  path: string,
  sizeMax: number,
  done: DiskDone<Uint8Array>,
): void {
  readFile.call(this, path.endsWith('.journal') ? `${path}.missing` : path, sizeMax, done);
};
