import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { GroupRules } from '../../../broker/core/share/in-flight.ts';
import type { SharePartitionEffect } from '../../../broker/core/share/partition.ts';
import { SharePartition } from '../../../broker/core/share/partition.ts';
import { STANDARD_POLICY } from '../../../broker/core/share/policy.ts';
import { mergeStateBatches } from '../../../broker/core/share/state-batches.ts';
import type { StateBatch } from '../../../broker/core/share/persistence.ts';

const DIRECTORY = new URL('.', import.meta.url);
const TYPES = ['gap', 'accept', 'release', 'reject', 'renew'];
const STATES = ['available', 'acquired', 'acknowledged', 'archiving', 'archived'];

/** Runs the commands of a script against one share-partition; gives the script with what came of each command. */
class Script {
  readonly #out: string[] = [];
  #rules: GroupRules = {
    deliveryCountLimit: 5,
    lockDurationMs: 30_000,
    recordLocksMax: 200,
    renewEnabled: true,
    deadLetters: false,
  };
  #nowMs = 0;
  readonly #log: [number, number][] = [];
  #saved: { startOffset: number; stateBatches: readonly StateBatch[] } = { startOffset: 0, stateBatches: [] };
  #write: Extract<SharePartitionEffect, { kind: 'persist' }> | null = null;
  #partition = this.#load();
  #ticket = 0;

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
    const options = new Map(
      words.filter((word) => word.includes('=')).map((word) => word.split('=') as [string, string]),
    );
    const plain = words.filter((word) => !word.includes('='));
    const number = (key: string, other: number): number => Number(options.get(key) ?? other);
    switch (name) {
      case 'produce': {
        const start = (this.#log[this.#log.length - 1]?.[1] ?? -1) + 1;
        this.#log.push([start, start + Number(plain[0]) - 1]);
        return;
      }
      case 'rules':
        this.#rules = {
          deliveryCountLimit: number('limit', this.#rules.deliveryCountLimit),
          lockDurationMs: number('lock', this.#rules.lockDurationMs),
          recordLocksMax: number('locks', this.#rules.recordLocksMax),
          renewEnabled: this.#rules.renewEnabled,
          deadLetters: number('letters', this.#rules.deadLetters ? 1 : 0) === 1,
        };
        return;
      case 'fetch':
        this.#fetch(plain[0] ?? '', number('max', 500), number('mode', 0) === 1 ? 1 : 0);
        break;
      case 'ack':
        this.#acknowledge(plain);
        break;
      case 'commit':
      case 'fail': {
        const write = this.#write;
        this.#write = null;
        if (write !== null && name === 'commit') this.#keep(write);
        this.#step({ kind: 'persisted', errorCode: name === 'commit' ? 0 : 15, rules: this.#rules });
        break;
      }
      case 'leave':
        this.#step({ kind: 'release', memberId: plain[0] ?? '', rules: this.#rules });
        break;
      case 'save':
        this.#step({ kind: 'save', rules: this.#rules });
        break;
      case 'pass':
        this.#nowMs += Number(plain[0]);
        if (this.#nowMs >= this.#partition.deadlineMs) this.#step({ kind: 'time', rules: this.#rules });
        break;
      case 'log-start':
        this.#step({ kind: 'log-start', offset: Number(plain[0]) });
        break;
      case 'buried':
        this.#step({ kind: 'buried', ranges: [{ start: Number(plain[0]), end: Number(plain[1]) }] });
        break;
      case 'crash': {
        this.#write = null;
        this.#partition = this.#load();
        const effects: SharePartitionEffect[] = [];
        this.#partition.resume(this.#rules, effects);
        for (const effect of effects) this.#out.push(`  ${show(effect)}`);
        break;
      }
      default:
        throw new Error(`unknown command: ${line}`);
    }
    this.#out.push(`    ${this.#partition.describe()}`);
  }

  #fetch(memberId: string, recordsMax: number, mode: 0 | 1): void {
    const fetchOffset = this.#partition.fetchOffset(this.#rules, this.#nowMs);
    if (fetchOffset < 0) {
      this.#out.push('  no room');
      return;
    }
    const bounds = this.#log.filter(([, last]) => last >= fetchOffset).flat();
    this.#step({
      kind: 'acquire',
      request: { memberId, mode, recordsMax, batchSize: 500, fetchOffset, bounds, withheld: [] },
      rules: this.#rules,
    });
  }

  #acknowledge([memberId = '', ...verdicts]: string[]): void {
    this.#ticket += 1;
    const batches = verdicts.map((verdict) => {
      const [range = '', ...types] = verdict.split(':');
      const [first = 0, last = first] = range.split('-').map(Number);
      return { firstOffset: first, lastOffset: last, acknowledgeTypes: types.map((type) => TYPES.indexOf(type)) };
    });
    this.#step({ kind: 'acknowledge', request: { ticket: this.#ticket, memberId, batches }, rules: this.#rules });
  }

  #step(input: Parameters<SharePartition['step']>[0]): void {
    const effects: SharePartitionEffect[] = [];
    this.#partition.step(input, this.#nowMs, effects);
    for (const effect of effects) {
      if (effect.kind === 'persist') this.#write = effect;
      this.#out.push(`  ${show(effect)}`);
    }
  }

  #keep(write: Extract<SharePartitionEffect, { kind: 'persist' }>): void {
    const startOffset = Math.max(this.#saved.startOffset, write.startOffset);
    this.#saved = {
      startOffset,
      stateBatches: mergeStateBatches(this.#saved.stateBatches, write.stateBatches, startOffset),
    };
  }

  #load(): SharePartition {
    const partition = SharePartition.load(this.#saved, STANDARD_POLICY);
    if (partition === null) throw new Error('the saved state does not load');
    return partition;
  }
}

function show(effect: SharePartitionEffect): string {
  switch (effect.kind) {
    case 'acquired':
      return `acquired${effect.ranges.map(({ start, end, deliveryCount }) => ` [${start},${end}) x${deliveryCount}`).join('') || ' nothing'}`;
    case 'acknowledged':
      return `answer ${effect.ticket}: ${effect.errorCode}`;
    case 'persist': {
      const batches = effect.stateBatches.map(
        (one) => ` [${one.firstOffset},${one.lastOffset + 1}) ${STATES[one.deliveryState]} x${one.deliveryCount}`,
      );
      return `write start ${effect.startOffset} complete ${effect.deliveryCompleteCount}:${batches.join(';')}`;
    }
    case 'dead-letter':
      return `write dead letters [${effect.start},${effect.end}) x${effect.deliveryCount} ${effect.reason}`;
    case 'expired':
      return `locks of ${effect.recordCount} ended`;
    case 'fenced':
      return `fenced ${effect.errorCode}`;
    default:
      return 'wake fetches';
  }
}

describe('scripts of a share-partition', () => {
  const names = readdirSync(DIRECTORY)
    .filter((name) => name.endsWith('.txt'))
    .sort();
  test.each(names)('%s goes as written', (name) => {
    const file = new URL(name, DIRECTORY);
    const written = readFileSync(file, 'utf8');
    const came = new Script().run(written);
    if (process.env['WEIR_SCRIPTS_WRITE'] === '1') writeFileSync(file, came);
    else expect(came).toBe(written);
  });
});
