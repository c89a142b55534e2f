import { describe, expect, it } from '@jest/globals';
import { Leader, LEADER_TIMES, LEASES } from '../../../../operator/controllers/leader.ts';
import { ApiClient } from '../../../../operator/io/kubernetes/api-client.ts';
import type { Endpoint } from '../../../../operator/io/kubernetes/transport.ts';
import { systemClock } from '../../../../operator/io/system-clock.ts';
import { LeaseWorld } from '../../../support/kubernetes/lease-world.ts';
import { ManualClock } from '../../../support/kubernetes/manual-clock.ts';
import { onStage, type Stage } from '../../../support/kubernetes/stage.ts';
import { TYPES } from '../../../support/kubernetes/types.ts';
import { until } from '../../../support/kubernetes/until.ts';

const NAME = { namespace: 'ns', name: 'weir-operator' };
const US = { manager: 'kubectl', subresource: '' } as const;

/** Candidates for one Lease of a real server, on a clock that a test moves. */
function stage({ server }: Stage) {
  const clock = new ManualClock();
  const log: string[] = [];
  const candidate = (identity: string, endpoint: Endpoint): Leader =>
    new Leader(
      {
        api: new ApiClient({ endpoint, clock: systemClock }),
        clock,
        random: () => 0,
        wallTime: () => `at ${clock.monotonicMs()}`,
      },
      { lease: NAME, identity },
      {
        lead: () => log.push(`${clock.monotonicMs()} ${identity} leads`),
        lost: (why) => log.push(`${clock.monotonicMs()} ${identity} lost: ${why}`),
        trouble: ({ code }) => log.push(`${clock.monotonicMs()} ${identity} ${code}`),
      },
    );
  /** Lets time pass, second by second; `timers` are set when everybody waits. */
  const pass = async (ms: number, timers: () => number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1000) {
      clock.advance(1000);
      await until(() => clock.pending().length === timers());
    }
  };
  const spec = (): unknown => server.store.find(TYPES.leases, NAME.namespace, NAME.name)?.['spec'];
  return { clock, log, candidate, pass, spec };
}

describe('a leader', () => {
  it('is one of two, renews, and gives the lease back when it stops', () =>
    onStage(async (world) => {
      const { clock, log, candidate, pass, spec } = stage(world);
      const a = candidate('a', world.direct());
      await until(() => log.length === 1 && clock.pending().length === 2);
      const b = candidate('b', world.direct());
      await until(() => clock.pending().length === 3);
      await pass(60_000, () => 3);
      expect([log, a.isHolding(), b.isHolding()]).toEqual([['0 a leads'], true, false]);
      expect(spec()).toEqual({
        holderIdentity: 'a',
        leaseDurationSeconds: 15,
        acquireTime: 'at 0',
        renewTime: 'at 60000',
        leaseTransitions: 0,
      });
      const c = candidate('c', world.direct());
      await until(() => clock.pending().length === 4);
      await c.stop();
      expect([a.isHolding(), spec()]).toEqual([true, expect.objectContaining({ holderIdentity: 'a' })]);
      await a.stop();
      expect([a.isHolding(), spec()]).toEqual([false, expect.objectContaining({ holderIdentity: '' })]);
      await pass(2000, () => (log.length === 1 ? 1 : 2));
      await until(() => log.length === 2);
      expect([log[1], spec()]).toEqual(['62000 b leads', expect.objectContaining({ leaseTransitions: 1 })]);
      await b.stop();
    }));

  it('that is cut off has ended before another may begin', () =>
    onStage(async (world) => {
      const { clock, log, candidate, pass } = stage(world);
      const a = candidate('a', world.endpoint());
      await until(() => log.length === 1 && clock.pending().length === 2);
      const b = candidate('b', world.direct());
      await until(() => clock.pending().length === 3);
      world.proxy.spoil({}, { kind: 'reset' }, 1000);
      await pass(9000, () => 3);
      expect(a.isHolding()).toBe(true);
      clock.advance(999);
      expect(a.isHolding()).toBe(true);
      clock.advance(1);
      expect([a.isHolding(), log.at(-1)]).toEqual([false, '10000 a lost: the Lease was not renewed in time']);
      await until(() => clock.pending().length === 1);
      await pass(5000, () => 1);
      expect(b.isHolding()).toBe(false);
      clock.advance(1000);
      await until(() => b.isHolding());
      expect(log.filter((line) => !line.includes('UNREACHABLE'))).toEqual([
        '0 a leads',
        '10000 a lost: the Lease was not renewed in time',
        '16000 b leads',
      ]);
      await a.stop();
      await b.stop();
    }));

  it('goes on after an answer that was lost, and after somebody else touched the lease', () =>
    onStage(async (world) => {
      const { clock, log, candidate, pass } = stage(world);
      world.proxy.spoil({ method: 'POST' }, { kind: 'lost answer' });
      const a = candidate('a', world.endpoint());
      await until(() => clock.pending().length === 1);
      await pass(2000, () => (log.length === 1 ? 1 : 2));
      await until(() => a.isHolding() && clock.pending().length === 2);
      world.proxy.spoil({ method: 'PUT' }, { kind: 'lost answer' });
      await pass(4000, () => 2);
      const change = (live: object) => ({ ...live, metadata: { ...NAME, labels: { x: 'y' } } }) as never;
      world.server.store.update(LEASES as never, NAME, US, (live) => change(live));
      await pass(20_000, () => 2);
      expect(a.isHolding()).toBe(true);
      expect(log.filter((line) => /lost|leads/.test(line))).toEqual(['2000 a leads']);
      await a.stop();
    }));

  it('whose lease was deleted or taken by a person has lost', () =>
    onStage(async (world) => {
      const { clock, log, candidate, pass, spec } = stage(world);
      const a = candidate('a', world.direct());
      await until(() => log.length === 1 && clock.pending().length === 2);
      const b = candidate('b', world.direct());
      await until(() => clock.pending().length === 3);
      world.server.store.delete(TYPES.leases, NAME);
      clock.advance(2000);
      await until(() => log.some((line) => line.includes('CONFLICT') || line.includes('NOT_FOUND')));
      await until(() => clock.pending().length === 3);
      clock.advance(2000);
      await until(() => log.includes('4000 a lost: the Lease was deleted') && clock.pending().length === 1);
      await pass(12_000, () => 1);
      expect([b.isHolding(), spec()]).toEqual([false, undefined]);
      clock.advance(2000);
      await until(() => b.isHolding());
      await a.stop();
      await b.stop();
    }));
});

describe('leadership on a virtual clock', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'is never held by two at once, and by somebody again and again (seed %d)',
    async (seed) => {
      const world = new LeaseWorld(seed, LEADER_TIMES);
      await world.run(1_200_000);
      expect(world.violations).toEqual([]);
      expect(world.terms).toBeGreaterThan(5);
    },
  );

  it('of two at once is caught where one holds for longer than others wait', async () => {
    const violations: string[] = [];
    for (let seed = 1; seed <= 6; seed += 1) {
      const world = new LeaseWorld(seed, { ...LEADER_TIMES, holdMs: 20_000 });
      await world.run(600_000);
      violations.push(...world.violations);
    }
    expect(violations).not.toEqual([]);
  });
});
