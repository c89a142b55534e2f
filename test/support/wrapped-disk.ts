import type { Disk, DiskFile } from '../../broker/ports/disk.ts';

/** A disk some of whose files do a thing or two otherwise: `wrap` gives what, for the paths that `isWrapped` names. */
export function wrapFiles(
  disk: Disk,
  isWrapped: (path: string) => boolean,
  wrap: (file: DiskFile) => Partial<DiskFile>,
): Disk {
  const wrapped = (file: DiskFile): DiskFile => ({
    path: file.path,
    write: (position, chunks, done) => file.write(position, chunks, done),
    read: (position, length, done) => file.read(position, length, done),
    sync: (done) => file.sync(done),
    truncate: (size, done) => file.truncate(size, done),
    size: (done) => file.size(done),
    close: (done) => file.close(done),
    ...wrap(file),
  });
  const open: Disk['open'] = (path, options, done) =>
    disk.open(path, options, (failure, file) =>
      done(failure, file !== undefined && isWrapped(path) ? wrapped(file) : file),
    );
  return new Proxy<Disk>(disk, {
    get(target, name) {
      const member: unknown = name === 'open' ? open : Reflect.get(target, name, target);
      return typeof member === 'function'
        ? (...args: unknown[]): unknown => Reflect.apply(member, target, args)
        : member;
    },
  });
}
