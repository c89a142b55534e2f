import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../broker/core/base/ids.ts';
import { WEIR_LEVELS } from '../../../broker/core/config/weir-levels.ts';
import type { ConfigOperation, MetadataCommand, MetadataOutcome } from '../../../broker/core/metadata/commands.ts';
import { LogReports } from '../../../broker/core/metadata/log-reports.ts';
import { decodeRecords, type MetadataRecord } from '../../../broker/core/metadata/records.ts';
import { errorName } from '../../../broker/core/protocol/errors.ts';
import { MetadataLab, newTopic, sampleId } from '../../support/metadata/lab.ts';

const DIRECTORY = new URL('.', import.meta.url);
/** What a broker of this release says of itself, which goes without saying. */
const USUAL = new RegExp(` [A-Z]+:.* weir 1-${WEIR_LEVELS.length}`);
const OPERATORS: Readonly<Record<string, ConfigOperation>> = { '=': 'set', '+=': 'append', '-=': 'subtract' };

/** Runs the commands of a script against the state machine; gives the script with records and outcome of each command. */
class Script {
  readonly #out: string[] = [];
  readonly #epochs = new Map<number, number>();
  readonly #disks = new Map<string, string>();
  #lab = new MetadataLab();
  #reports = new LogReports();
  #nowMs = 0;

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
        this.#lab.onDelta = ({ brokersChanged }) => {
          if (brokersChanged.length > 0) this.#reports.brokersChanged();
        };
        return;
      case 'register':
        return this.#register(Number(first), rest);
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
        for (const each of this.#lab.image.describe().split('\n'))
          if (/^(broker|topic| |config)/.test(each)) this.#out.push(this.#named(each.replace(USUAL, '')));
        return;
      case 'brokers':
        for (const id of words.map(Number)) {
          this.#epochs.set(id, this.#lab.join(id));
          this.#disks.set(this.#lab.registration(id).directoryId, `disk-${id}`);
        }
        return;
      case 'topics':
        for (const each of this.#lab.image.describe().split('\n'))
          if (/^(topic| )/.test(each)) this.#out.push(this.#named(each.replace(/^topic (\S+).*$/, 'topic $1')));
        return;
      default:
        return this.#replicas(name, words);
    }
  }

  /** What concerns partitions with several replicas; a partition is `topic/index`. */
  #replicas(name: string, [first = '', ...rest]: readonly string[]): void {
    const numbers = (rest[0] ?? '').split(',').map(Number);
    switch (name) {
      case 'isr':
        return this.#alterIsr(first, numbers, rest[1]);
      case 'elect': {
        const partitions = rest[0] === 'all' ? null : rest.map(partitionOf);
        return this.#submit({ kind: 'electLeaders', electionType: first as 'preferred', partitions });
      }
      case 'move':
      case 'resize': {
        const partition = { ...partitionOf(first), replicas: rest[0] === 'cancel' ? null : numbers };
        const allowReplicationFactorChange = name === 'resize';
        return this.#submit({ kind: 'alterReassignments', partitions: [partition], allowReplicationFactorChange });
      }
      case 'damaged':
        return this.#submit({
          kind: 'reportDamage',
          ...this.#incarnation(first, []),
          partitions: rest.map((each) => this.#reference(each)),
        });
      case 'report': {
        const told = rest.filter((each) => !each.startsWith('epoch='));
        const partitions = told.map((each) => {
          const [where = '', lastEpoch, endOffset] = each.split(':');
          return { ...this.#reference(where), lastEpoch: Number(lastEpoch), endOffset: Number(endOffset) };
        });
        const stale = rest.filter((each) => each.startsWith('epoch='));
        const command = { kind: 'reportLogs', ...this.#incarnation(first, stale), partitions } as const;
        this.#submit(command);
        this.#reports.report(this.#lab.image, command);
        return;
      }
      case 'wait':
        return this.#wait(Number(first));
      case 'shutdown':
        return this.#submit({ kind: 'controlledShutdown', ...this.#incarnation(first, []) });
      case 'wanted': {
        const wanted = { cordoned: rest.includes('cordoned'), draining: rest.includes('draining') };
        return this.#submit({ kind: 'setBrokerPlacement', brokerId: Number(first), ...wanted });
      }
      case 'advertise': {
        const endpoints = rest.flatMap((word) => {
          const [, listener = '', host = '', port] = /^(.+)=(.+):(.+)$/.exec(word) ?? [];
          return [{ listener, host, port: Number(port) }];
        });
        return this.#submit({ kind: 'setAdvertised', brokerId: Number(first), endpoints });
      }
      default:
        throw new Error(`unknown command ${name}`);
    }
  }

  /** The controller's clock goes on; what it elects by itself is noted with the time. */
  #wait(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let wakeMs = this.#nowMs; wakeMs <= endMs; wakeMs = this.#reports.nextWakeMs(this.#nowMs)) {
      this.#nowMs = wakeMs;
      const command = this.#reports.elect(this.#lab.image, this.#nowMs);
      if (command === null) continue;
      this.#out.push(`  at ${this.#nowMs} ms`);
      this.#note(() => this.#lab.carryOut(command));
    }
    this.#nowMs = endMs;
  }

  /** A new incarnation after a crash; `clean`: after a good end; `damaged=`, `suspect=`: with such logs; `disk=`: on another disk; `copy`: on an older copy of the disk. */
  #register(id: number, words: readonly string[]): void {
    const options = new Map(words.map((word) => [word.split('=')[0] ?? '', word.split('=')[1] ?? ''] as const));
    const before = this.#lab.image.broker(brokerId(id));
    const disk = options.get('disk');
    const directoryId = disk === undefined ? this.#lab.registration(id).directoryId : this.#disk(disk);
    this.#disks.set(directoryId, disk ?? `disk-${id}`);
    const named = (option: string): { topicId: string; index: number }[] =>
      (options.get(option)?.split(',') ?? []).map((each) => this.#reference(each));
    const registration = this.#lab.registration(id, {
      directoryId,
      ...(options.has('clean') ? { previousBrokerEpoch: before?.epoch ?? -1 } : {}),
      ...(options.has('copy') ? { lastUnfencedEpoch: -1 } : {}),
      damaged: named('damaged'),
      suspect: named('suspect'),
      rack: options.get('rack') ?? null,
      host: options.get('host') ?? '',
    });
    this.#note(() => {
      const outcome = this.#lab.run(registration);
      if (outcome.kind === 'registerBroker' && outcome.brokerEpoch !== -1) this.#epochs.set(id, outcome.brokerEpoch);
      else this.#out.push(`  = ${errorName(outcome.errorCode)}: ${outcome.errorMessage}`);
    });
  }

  #disk(name: string): string {
    const known = [...this.#disks].find(([, each]) => each === name);
    return known?.[0] ?? sampleId(600_000 + this.#disks.size);
  }

  #reference(text: string): { readonly topicId: string; readonly index: number } {
    const { topic, index } = partitionOf(text);
    return { topicId: this.#lab.image.topicByName(topic)?.id ?? sampleId(1), index };
  }

  /** The leader asks for an ISR; `epochs=leader/partition` instead of the present ones, `from=` another broker. */
  #alterIsr(where: string, ids: readonly number[], more: string | undefined): void {
    const { topicId, index } = this.#reference(where);
    const partition = this.#lab.image.topicByName(partitionOf(where).topic)?.partition(index);
    const [, from] = /^from=(.*)$/.exec(more ?? '') ?? [];
    const [, leaderEpoch, partitionEpoch] = /^epochs=(.*)\/(.*)$/.exec(more ?? '') ?? [];
    const members = ids.map((id) => ({
      brokerId: id,
      brokerEpoch: more === `old=${id}` ? 1 : (this.#lab.image.broker(brokerId(id))?.epoch ?? -1),
    }));
    this.#submit({
      kind: 'alterPartition',
      ...this.#incarnation(from ?? String(partition?.leader), []),
      partitions: [
        {
          topicId,
          index,
          leaderEpoch: Number(leaderEpoch ?? partition?.leaderEpoch),
          partitionEpoch: Number(partitionEpoch ?? partition?.partitionEpoch),
          isr: members,
        },
      ],
    });
  }

  /** Disks by their names. */
  #named(line: string): string {
    let text = line;
    for (const [id, name] of this.#disks) text = text.replaceAll(id, name);
    return text.replaceAll('AAAAAAAAAAAAAAAAAAAAAQ', 'damaged');
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
      for (const { errorCode, errorMessage = null } of partsOf(outcome))
        this.#out.push(`  = ${errorName(errorCode)}${errorMessage === null ? '' : `: ${errorMessage}`}`);
      if (outcome.kind === 'controlledShutdown') this.#out.push(`  still leads ${outcome.remaining}`);
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
      const isDull = /^(directoryId|incarnationId|endpoints|weirVersionM..)$/.test(key);
      const isPlain = key === 'directories' && record.kind === 'partitions';
      const isNothing =
        value === null || value === '' || (Array.isArray(value) && value.length === 0 && /ing|^advertised$/.test(key));
      return isDull ||
        isPlain ||
        isNothing ||
        (/^(cordoned|draining|shuttingDown)$/.test(key) && value === false) ||
        value === -2
        ? undefined
        : value;
    });
    const names = new Map(this.#lab.image.topics().map(({ id, name }) => [id as string, name]));
    return this.#named(text)
      .replace(/"topicId":"([^"]+)"/g, (_, id: string) => `"topic":"${names.get(id) ?? 'gone'}"`)
      .replaceAll('"', '');
  }
}

/** The outcome by its parts, or as a whole. */
function partsOf(
  outcome: MetadataOutcome,
): readonly { readonly errorCode: number; readonly errorMessage?: string | null }[] {
  if (outcome.errorCode !== 0) return [outcome];
  if ('topics' in outcome) return outcome.topics;
  if ('resources' in outcome) return outcome.resources;
  return 'partitions' in outcome ? outcome.partitions : [outcome];
}

function partitionOf(text: string): { readonly topic: string; readonly index: number } {
  const [topic = '', index = ''] = text.split('/');
  return { topic, index: Number(index) };
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
