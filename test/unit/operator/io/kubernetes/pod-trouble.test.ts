import { expect, it } from '@jest/globals';
import { failureOf } from '../../../../../operator/io/kubernetes/pod-trouble.ts';

it('does not take a pod that ends as it was told for one that fails', () => {
  const metadata = { name: 'orders-broker-1', namespace: 'prod', uid: 'a' };
  const status = { containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }] };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, status };
  expect(failureOf(pod)).toBe('Completed (exit code 0)');
  expect(failureOf({ ...pod, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })).toBeNull();
});
