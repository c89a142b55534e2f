import { expect, test } from '@jest/globals';
import type { NodeObservation } from '../../../../../operator/core/observed.ts';
import { type Listed, readCluster } from '../../../../../operator/io/kubernetes/read.ts';
import { render } from '../../../../../operator/io/kubernetes/render.ts';
import { clusterOf, disksOf, listedOf, READ, settledBlueprint } from '../../../../support/kubernetes/rendered.ts';

const cluster = clusterOf({ brokers: { replicas: 3, storage: { size: '10Gi' } } });
const SETTLED = listedOf(render(settledBlueprint(cluster)));
const deletionTimestamp = '2026-01-01T00:00:00Z';
/** The claim of broker 2 was deleted, and is there still. */
const claims = SETTLED.claims.map((claim) =>
  claim.metadata.name === 'data-orders-broker-2'
    ? { ...claim, metadata: { ...claim.metadata, deletionTimestamp } }
    : claim,
);

const nodes = (listed: Listed): readonly NodeObservation[] =>
  readCluster(READ, listed, disksOf(SETTLED)).observation.nodes;

test('a claim that is on its way out is no node when nothing else of one is left', () => {
  const left = nodes({ ...SETTLED, claims, statefulSets: [], pods: [], services: [] });
  expect(left.map(({ id }) => id)).toEqual([0, 1]);
});

test('it is that of a node that is there, until it has gone', () => {
  const node = nodes({ ...SETTLED, claims, statefulSets: [], pods: [] }).find(({ id }) => id === 2);
  expect(node).toMatchObject({ volumeBytes: 10 * 1024 ** 3 });
});
