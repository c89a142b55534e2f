import { expect, test } from '@jest/globals';
import { Settings } from '../../../../broker/core/config/settings.ts';
import type { MetadataCommand } from '../../../../broker/core/metadata/commands.ts';
import type { Controller } from '../../../../broker/server/control/controller.ts';
import { PreferredLeaders } from '../../../../broker/server/control/quorum/preferred-leaders.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

function bench(fixed: Readonly<Record<string, string>>) {
  const loop = new VirtualLoop();
  const said: MetadataCommand[] = [];
  // The one thing that is asked of a controller here.
  const controller = { submit: (command: MetadataCommand) => void said.push(command) } as unknown as Controller;
  const quiet = (): void => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const settings = new Settings(new Map(Object.entries(fixed)));
  return { loop, said, duty: new PreferredLeaders({ timers: loop, log, settings }, controller) };
}

test('the active controller returns leadership to preferred replicas every leader.imbalance.check.interval.seconds', () => {
  const { loop, said, duty } = bench({ 'leader.imbalance.check.interval.seconds': '7' });
  loop.advance(6999);
  expect(said).toEqual([]);
  loop.advance(7001);
  const command = { kind: 'electLeaders', electionType: 'preferred', partitions: null };
  expect(said).toEqual([command, command]);
  duty.end();
  loop.advance(70_000);
  expect(said).toHaveLength(2);
});

test('it does not with auto.leader.rebalance.enable=false', () => {
  const { loop, said } = bench({ 'auto.leader.rebalance.enable': 'false' });
  loop.advance(1_000_000);
  expect(said).toEqual([]);
});
