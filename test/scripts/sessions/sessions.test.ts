import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { HeartbeatResult } from '../../../broker/core/metadata/sessions.ts';
import { errorName } from '../../../broker/core/protocol/errors.ts';
import { SessionWorld } from '../../support/metadata/session-world.ts';

const DIRECTORY = new URL('.', import.meta.url);

/** Runs a script against the sessions of brokers; gives it with what came of each command. */
class Script {
  readonly #out: string[] = [];
  readonly #world = new SessionWorld();

  run(text: string): string {
    for (const line of text.split('\n')) {
      if (line.startsWith('> ')) this.#command(line);
      else if (line.startsWith('#') || line === '') this.#out.push(line);
    }
    return this.#out.join('\n');
  }

  #command(line: string): void {
    this.#out.push(line);
    const world = this.#world;
    const [name = '', first = '', ...words] = line.slice(2).split(' ');
    const options = new Map(words.map((word) => word.split('=') as [string, string]));
    const number = (key: string, otherwise: number): number => Number(options.get(key) ?? otherwise);
    const id = Number(first);
    switch (name) {
      case 'register':
        return this.#say(`epoch ${world.register(id)}`);
      case 'beat': {
        const { errorCode, isFenced, command } = world.beat(id, {
          brokerEpoch: number('epoch', world.epoch(id)),
          appliedOffset: number('applied', world.lab.image.offset),
          wantsUnfenced: options.get('wants') !== 'no',
          loopStalledMs: number('loop', 0),
          diskStalledMs: number('disk', 0),
          unansweredMs: number('unanswered', 0),
        });
        return this.#say(`${errorName(errorCode)}${isFenced ? ' fenced' : ''}${told(command)}`);
      }
      case 'wait':
        this.#say(...world.advance(id).map((each) => `fence ${each}`));
        return this.#say(`time ${world.nowMs}`);
      case 'sleep':
        world.nowMs += id;
        return this.#say(`time ${world.nowMs}`);
      case 'refused':
        return this.#say(`refused${told(world.refused(id, number('since', world.nowMs)))}`);
      case 'left':
        return world.left(id);
      case 'alive':
        return this.#say(world.isAlive(id) ? 'yes' : 'no');
      case 'controller':
        return world.changeController();
      case 'state':
        return this.#say(...world.sessions.describe(world.nowMs).split(' | '));
      default:
        throw new Error(`unknown command ${name}`);
    }
  }

  #say(...lines: readonly string[]): void {
    this.#out.push(...lines.map((each) => `  ${each}`));
  }
}

function told(command: HeartbeatResult['command']): string {
  return command === null ? '' : ` → ${command.kind} ${command.brokerId}@${command.brokerEpoch}`;
}

describe('the sessions of brokers, step by step', () => {
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
