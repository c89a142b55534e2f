import { expect, it } from '@jest/globals';
import { HOLD_MS, type ScalingScene, scalingVerdict } from '../../../../operator/core/scaling-status.ts';

const NOW_MS = Date.parse('2026-11-29T12:00:00Z');
const textOf = (ms: number): string => new Date(ms).toISOString().replace('.000', '');
const scene = (heldUntil: string, more: Partial<ScalingScene> = {}): ScalingScene => ({
  policy: {
    minReplicas: 0,
    maxReplicas: 10,
    backlogPerReplica: 100,
    stabilizationMs: 60_000,
    scaleUpPercent: 100,
    scaleDownPercent: 50,
  },
  target: 'Deployment workers',
  current: 2,
  backlog: 400,
  record: { desiredReplicas: 2, heldUntil },
  given: null,
  isEdited: false,
  memory: { wishes: [], steppedMs: -60_000 },
  nowMs: 0,
  wallMs: NOW_MS,
  ...more,
});

it('somebody else’s number is left alone for as long as was said', () => {
  const { order, judgement, record } = scalingVerdict(scene(textOf(NOW_MS + 1_000)));
  expect({ order, reason: judgement.reason, record }).toEqual({
    order: null,
    reason: 'ReplicasChanged',
    record: { desiredReplicas: 2, heldUntil: textOf(NOW_MS + 1_000) },
  });
  expect(scalingVerdict(scene(textOf(NOW_MS + HOLD_MS))).order).toBeNull();
});

it.each([
  ['has passed', textOf(NOW_MS)],
  ['no clock of an operator can have meant', textOf(NOW_MS + HOLD_MS + 1_000)],
  ['is none', 'tomorrow'],
])('a time that %s keeps nobody waiting', (_what, heldUntil) => {
  expect(scalingVerdict(scene(heldUntil)).order).toEqual({ from: 2, to: 4 });
});

it('nor does one that was said of another manifest', () => {
  expect(scalingVerdict(scene(textOf(NOW_MS + 1_000), { isEdited: true })).order).toEqual({ from: 2, to: 4 });
});
