// Run after an edit of a .proto file: node test/tidy/proto/main.ts
import { readFile, writeFile } from 'node:fs/promises';
import { incompatible, wireLines } from './compatible.ts';
import { generate } from './generate.ts';
import { GENERATED_FILE, parseProtos, protoTexts, SNAPSHOT_FILE } from './read.ts';

const files = parseProtos(await protoTexts());
const lines = wireLines(files);
const broken = incompatible((await readFile(SNAPSHOT_FILE, 'utf8')).split('\n').filter(Boolean), lines);
if (broken.length > 0) {
  console.error(`programs of other versions depend on what changed:\n${broken.join('\n')}`);
  process.exit(1);
}
await writeFile(SNAPSHOT_FILE, `${lines.join('\n')}\n`);
await writeFile(GENERATED_FILE, generate(files));
