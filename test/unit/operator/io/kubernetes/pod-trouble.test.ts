import { expect, it } from '@jest/globals';
import { failureOf, unplacedOf } from '../../../../../operator/io/kubernetes/pod-trouble.ts';

it('does not take a pod that ends as it was told for one that fails', () => {
  const metadata = { name: 'orders-broker-1', namespace: 'prod', uid: 'a' };
  const status = { containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }] };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, status };
  expect(failureOf(pod)).toBe('Completed (exit code 0)');
  expect(failureOf({ ...pod, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })).toBeNull();
});

it('tells why no machine takes a pod, in the words of the scheduler, unless the pod is to go', () => {
  const metadata = { name: 'orders-broker-1', namespace: 'prod', uid: 'a' };
  const podOf = (placing: object, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, ...more },
    status: {
      phase: 'Pending',
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'PodScheduled', ...placing },
      ],
    },
  });
  const message = '0/3 nodes are available: 3 Insufficient memory.';
  const unplaced = { status: 'False', reason: 'Unschedulable', message };
  expect(unplacedOf(podOf(unplaced))).toBe(message);
  expect(failureOf(podOf(unplaced))).toBeNull();
  expect(unplacedOf(podOf({ status: 'False', reason: 'SchedulingGated' }))).toBe('SchedulingGated');
  expect(unplacedOf(podOf({ ...unplaced, message: 'x'.repeat(5_000) }))).toHaveLength(500);
  expect(unplacedOf(podOf({ status: 'True' }))).toBeNull();
  expect(unplacedOf(podOf(unplaced, { deletionTimestamp: '2026-01-01T00:00:00Z' }))).toBeNull();
});
