// A program to be traced: it says on standard output, by a system call of its own, what it has been told.
// `node traced-program.ts DIRECTORY`
import { writeSync } from 'node:fs';
import type { PartitionLog } from '../../../broker/server/logs/partition-log.ts';
import { makeBatch, spec } from './log-world.ts';
import { appendToAll, finished, openRealLogs, promised } from './real-logs.ts';

const say = (text: string): void => {
  writeSync(1, `${text}\n`);
};

const [, , directory = ''] = process.argv;
const { manager } = await openRealLogs(directory);
say('opened');
const wanted = spec('traced', { segmentBytes: 1500, retentionMs: -1 });
const [log] = await finished<readonly PartitionLog[]>((done) => manager.create([wanted], done));
if (log === undefined) throw new Error('no log');
say('created');
for (let i = 0; i < 6; i++) {
  say(`appending ${i}`);
  await finished((done) => {
    log.setListener({
      onProgress: (_written, durable) => {
        if (durable > i) done();
      },
      onState: () => undefined,
    });
    log.append(makeBatch(i, { values: ['x'.repeat(500)] }), { nowMs: 0 });
  });
  say(`durable ${i}`);
}
log.setHighWatermark(6);
say('deleting');
await promised<number>((done) => log.deleteRecordsBefore(1, done));
say('deleted');

// Many logs at once: a journal of two halves with a few rounds each, begun anew again and again.
const journaled = await openRealLogs(`${directory}-journaled`, { journalBytes: 65_536, directSyncsMax: 0 });
const specs = Array.from({ length: 4 }, (_, partition) => spec('many', {}, partition));
const many = await finished<readonly PartitionLog[]>((done) => journaled.manager.create(specs, done));
for (let i = 0; i < 30; i++) {
  say(`spreading ${i}`);
  await appendToAll(many, () => 'x'.repeat(900));
  say(`spread ${i}`);
}
process.exit();
