import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { PartitionLog } from '../../../broker/server/logs/partition-log.ts';
import { LogWorld, spec } from '../../support/logs/log-world.ts';

const DIRECTORY = new URL('.', import.meta.url);

/** Settings of a log whose records are `key:value`, and that is cleaned whenever it is asked for. */
const COMPACT = { compactPolicy: true, deletePolicy: false, minCleanableDirtyRatio: 0, deleteRetentionMs: 1000 };

/** Runs the commands of a script against one node's logs; gives the script with what came of each command. */
class Script {
  readonly #out: string[] = [];
  #world = new LogWorld(1);
  #config: Record<string, number | string | boolean> = {};

  run(text: string): string {
    for (const line of text.split('\n')) {
      if (line.startsWith('> ')) this.#command(line);
      else if (line.startsWith('#') || line === '') this.#out.push(line);
    }
    return this.#out.join('\n');
  }

  #command(line: string): void {
    this.#out.push(line);
    const [name = '', ...words] = line.slice(2).split(' ');
    const options = new Map(words.map((word) => word.split('=') as [string, string]));
    const number = (key: string, other: number): number => Number(options.get(key) ?? other);
    const text = (key: string, other: string): string => options.get(key) ?? other;
    switch (name) {
      case 'node':
        this.#world = new LogWorld(
          number('seed', 1),
          options.has('capacity') ? { capacityBytes: number('capacity', 0) } : {},
        );
        return this.#start();
      case 'create':
        return this.#create(number('segment', 1_000_000), text('sync', 'always'), options.get('policy') === 'compact');
      case 'append':
        return this.#append(text('values', 'x').split(','), {
          leaderEpoch: number('epoch', 0),
          ...this.#producer(options),
        });
      case 'check':
        this.#say(
          JSON.stringify(this.#log().checkProducer({ ...this.#producer(options), lastSequence: number('last', 0) })),
        );
        return;
      case 'step':
        for (let i = number('count', 1); i > 0; i--) this.#world.time.step();
        return;
      case 'settle':
        this.#world.time.settle();
        return;
      case 'wait':
        this.#world.time.advance(number('ms', 0));
        return;
      case 'watermark':
        this.#log().setHighWatermark(number('offset', 0));
        return;
      case 'delete-records':
        this.#log().deleteRecordsBefore(number('before', 0), (failure, start) =>
          this.#say(`deleted: ${failure?.kind ?? start}`),
        );
        return;
      case 'truncate':
        this.#log().truncateTo(number('to', 0), (failure) =>
          this.#say(`truncated: ${failure?.kind ?? this.#log().logEndOffset}`),
        );
        return;
      case 'resume':
        this.#world.opened.manager.resumeWrites();
        this.#world.time.settle();
        return;
      case 'clean':
        return this.#world.opened.manager.clean();
      case 'kill':
      case 'power-off':
        return this.#world.stopDead({ keepPageCache: name === 'kill' });
      case 'shutdown':
        return this.#world.shutdown(number('epoch', 1));
      case 'spoil':
        return this.#world.disk.poke(`/data/t-0/${text('file', '')}`, number('at', 0), Buffer.from([0xff]));
      case 'start':
        return this.#start();
      default:
        return this.#inspect(name);
    }
  }

  #create(segmentBytes: number, syncMode: string, isCompacted: boolean): void {
    this.#config = { segmentBytes, syncMode, retentionMs: -1, ...(isCompacted ? COMPACT : {}) };
    this.#watch(this.#world.createOne(this.#spec()));
  }

  /** Commands that change nothing. */
  #inspect(name: string): void {
    switch (name) {
      case 'state':
        return this.#say(this.#describe());
      case 'read':
        return this.#say(
          `read: ${this.#world
            .readAll(this.#log())
            .map(({ offset, text: value }) => `${offset}=${value.slice(0, 8)}`)
            .join(' ')}`,
        );
      case 'files':
        for (const { path, size } of this.#world.disk.files()) this.#say(`${path} ${size}`);
        return;
      default:
        throw new Error(`unknown command ${name}`);
    }
  }

  #spec(): ReturnType<typeof spec> {
    return spec('t', this.#config);
  }

  #log(): PartitionLog {
    return this.#world.log(this.#spec());
  }

  #producer(options: ReadonlyMap<string, string>): { producerId: number; producerEpoch: number; baseSequence: number } {
    const [producerId = -1, producerEpoch = -1, baseSequence = -1] = (options.get('producer') ?? '-1/-1/-1')
      .split('/')
      .map(Number);
    return { producerId, producerEpoch, baseSequence };
  }

  #append(
    values: readonly string[],
    fields: { leaderEpoch: number; producerId: number; producerEpoch: number; baseSequence: number },
  ): void {
    const padded = values.map((value) => (value.endsWith('*') ? value.slice(0, -1).padEnd(500, '.') : value));
    const end = this.#world.append(this.#log(), {
      values: padded,
      keyed: this.#config['compactPolicy'] === true,
      ...fields,
    });
    this.#say(end === null ? 'refused' : `accepted up to ${end}`);
  }

  #start(): void {
    const { previousBrokerEpoch, damaged } = this.#world.start();
    this.#say(
      previousBrokerEpoch < 0
        ? 'started after an unclean stop'
        : `started after a clean stop in epoch ${previousBrokerEpoch}`,
    );
    for (const { topic, reason } of damaged) this.#say(`damaged ${topic}: ${reason}`);
    for (const log of this.#world.opened.manager.all()) this.#watch(log);
  }

  #watch(log: PartitionLog): void {
    log.setListener({
      onProgress: (written, durable) => this.#say(`progress: written ${written}, durable ${durable}`),
      onState: (state, reason) => this.#say(`state: ${state} (${reason})`),
    });
  }

  #describe(): string {
    const log = this.#log();
    const { state, logStartOffset, highWatermark, durableOffset, writtenOffset, logEndOffset, latestEpoch } = log;
    const offsets = `start ${logStartOffset} hw ${highWatermark} durable ${durableOffset} written ${writtenOffset} end ${logEndOffset}`;
    return `${state}: ${offsets} epoch ${latestEpoch}, ${log.sizeInBytes} bytes`;
  }

  #say(text: string): void {
    this.#out.push(text);
  }
}

describe('a log, command by command', () => {
  for (const name of readdirSync(DIRECTORY).filter((each) => each.endsWith('.txt'))) {
    test(`${name.replace('.txt', '').replaceAll('-', ' ')} goes as the script says`, () => {
      const file = new URL(name, DIRECTORY);
      const before = readFileSync(file, 'utf8');
      const after = new Script().run(before);
      if (process.env['WEIR_SCRIPTS_WRITE'] === '1') writeFileSync(file, after);
      else expect(after).toBe(before);
    });
  }
});
