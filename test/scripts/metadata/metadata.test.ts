import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { ConfigOperation, MetadataCommand, MetadataOutcome } from '../../../broker/core/metadata/commands.ts';
import { decodeRecords, type MetadataRecord } from '../../../broker/core/metadata/records.ts';
import { errorName } from '../../../broker/core/protocol/errors.ts';
import { MetadataLab, newTopic } from '../../support/metadata/lab.ts';

const DIRECTORY = new URL('.', import.meta.url);
const OPERATORS: Readonly<Record<string, ConfigOperation>> = { '=': 'set', '+=': 'append', '-=': 'subtract' };

/** Runs the commands of a script against the state machine; gives the script with records and outcome of each command. */
class Script {
  readonly #out: string[] = [];
  readonly #epochs = new Map<number, number>();
  #lab = new MetadataLab();

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
    const [first = '', ...rest] = words;
    switch (name) {
      case 'cluster':
        this.#lab = MetadataLab.withBrokers([]);
        return;
      case 'register':
        return this.#note(() => this.#epochs.set(Number(first), this.#lab.join(Number(first), false)));
      case 'unfence':
        return this.#submit({ kind: 'unfenceBroker', ...this.#incarnation(first, rest) });
      case 'fence':
        return this.#submit({ kind: 'fenceBroker', ...this.#incarnation(first, rest) });
      case 'create':
        return this.#create(first, rest);
      case 'delete':
        return this.#submit({ kind: 'deleteTopics', topics: words.map((topic) => ({ name: topic, topicId: null })) });
      case 'grow':
        return this.#submit({
          kind: 'createPartitions',
          topics: [{ name: first, partitionCount: Number(rest[0]), assignments: null }],
          validateOnly: false,
        });
      case 'alter':
        return this.#alter(first, rest);
      case 'synced':
        return this.#synced(first);
      case 'state':
        this.#out.push(
          ...this.#lab.image
            .describe()
            .split('\n')
            .filter((each) => /^(broker|topic| |config)/.test(each)),
        );
        return;
      default:
        throw new Error(`unknown command ${name}`);
    }
  }

  #incarnation(id: string, rest: readonly string[]): { readonly brokerId: number; readonly brokerEpoch: number } {
    const epoch = rest[0]?.replace('epoch=', '');
    return {
      brokerId: Number(id),
      brokerEpoch: epoch === undefined ? (this.#epochs.get(Number(id)) ?? -1) : Number(epoch),
    };
  }

  #create(name: string, rest: readonly string[]): void {
    const options = new Map(rest.map((word) => word.split('=') as [string, string]));
    const take = (key: string): number => {
      const value = Number(options.get(key) ?? 1);
      options.delete(key);
      return value;
    };
    const topic = newTopic(name, {
      partitionCount: take('partitions'),
      replicationFactor: take('factor'),
      configs: [...options].map(([key, value]) => ({ name: key, value })),
    });
    this.#submit({ kind: 'createTopics', topics: [topic], validateOnly: false });
  }

  #alter(scope: string, [name = '', ...words]: readonly string[]): void {
    const operations = words.map((word) => {
      const [, setting = '', sign = '', value = ''] = /^([a-z.]+)(=|\+=|-=|!)(.*)$/.exec(word) ?? [];
      const operation: ConfigOperation = OPERATORS[sign] ?? 'delete';
      return { name: setting, operation, value: operation === 'delete' ? null : value };
    });
    const resource = { scope: scope as 'topic', name: name === '-' ? '' : name, operations };
    this.#submit({ kind: 'alterConfigs', resources: [resource], validateOnly: false });
  }

  #synced(name: string): void {
    const topic = this.#lab.image.topicByName(name);
    const partitions = (topic?.partitions ?? []).map(({ index, leaderEpoch }) => ({
      topicId: topic?.id ?? '',
      index,
      leaderEpoch,
    }));
    this.#submit({ kind: 'markDurable', ...this.#incarnation(String(topic?.partitions[0]?.leader), []), partitions });
  }

  #submit(command: MetadataCommand): void {
    this.#note(() => {
      const outcome = this.#lab.run(command) as MetadataOutcome;
      const parts = 'topics' in outcome ? outcome.topics : 'resources' in outcome ? outcome.resources : [outcome];
      for (const { errorCode, errorMessage } of parts)
        this.#out.push(`  = ${errorName(errorCode)}${errorMessage === null ? '' : `: ${errorMessage}`}`);
    });
  }

  #note(run: () => void): void {
    const before = this.#lab.batches.length;
    run();
    for (const batch of this.#lab.batches.slice(before)) {
      for (const record of decodeRecords(batch)) this.#out.push(`  record ${this.#shortened(record)}`);
    }
  }

  /** One record in a line; topics by name, without directories and what says nothing. */
  #shortened(record: MetadataRecord): string {
    const text = JSON.stringify(record, (key, value: unknown) => {
      const isDull = /^(directories|directoryId|incarnationId|endpoints|weirVersionM..)$/.test(key);
      const isNothing =
        value === null || value === '' || (Array.isArray(value) && value.length === 0 && /ing/.test(key));
      return isDull || isNothing || (/^(cordoned|draining|shuttingDown)$/.test(key) && value === false) || value === -2
        ? undefined
        : value;
    });
    const names = new Map(this.#lab.image.topics().map(({ id, name }) => [id as string, name]));
    return text
      .replace(/"topicId":"([^"]+)"/g, (_, id: string) => `"topic":"${names.get(id) ?? 'gone'}"`)
      .replaceAll('"', '');
  }
}

describe('the metadata, command by command', () => {
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
