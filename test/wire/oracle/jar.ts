import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const END_SIGNATURE = 0x0605_4b50;
const ENTRY_SIGNATURE = 0x0201_4b50;
const END_SIZE = 22;

/** The text files of a jar whose path passes `wanted`, by path. */
export function readJar(file: string, wanted: (path: string) => boolean): Map<string, string> {
  const jar = readFileSync(file);
  let end = jar.length - END_SIZE;
  while (end >= 0 && jar.readUInt32LE(end) !== END_SIGNATURE) end -= 1;
  if (end < 0) throw new Error(`${file} is no jar`);
  const texts = new Map<string, string>();
  let at = jar.readUInt32LE(end + 16);
  for (let left = jar.readUInt16LE(end + 10); left > 0; left -= 1) {
    if (jar.readUInt32LE(at) !== ENTRY_SIGNATURE) throw new Error(`${file} has a broken directory`);
    const nameSize = jar.readUInt16LE(at + 28);
    const path = jar.toString('utf8', at + 46, at + 46 + nameSize);
    if (wanted(path)) texts.set(path, entryText(jar, at));
    at += 46 + nameSize + jar.readUInt16LE(at + 30) + jar.readUInt16LE(at + 32);
  }
  return texts;
}

function entryText(jar: Buffer, entry: number): string {
  const method = jar.readUInt16LE(entry + 10);
  const size = jar.readUInt32LE(entry + 20);
  const local = jar.readUInt32LE(entry + 42);
  const start = local + 30 + jar.readUInt16LE(local + 26) + jar.readUInt16LE(local + 28);
  const data = jar.subarray(start, start + size);
  return (method === 0 ? data : inflateRawSync(data)).toString('utf8');
}
