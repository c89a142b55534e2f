import { describe, expect, it } from '@jest/globals';
import type { HostObservation, NodeMark, NodeObservation } from '../../../../operator/core/observed.ts';
import { settleScale } from '../../../../operator/core/scale.ts';
import { cluster } from '../../../support/operator-manifests.ts';

const node = (id: number, mark: NodeMark | null): NodeObservation => ({
  id,
  specHash: '',
  phase: 'running',
  ready: true,
  address: null,
  directoryId: null,
  controlAddress: null,
  mark,
  volumeBytes: null,
});

/** A host with so many brokers, of which those on their way out are marked. */
const host = (count: number, floor?: number | null, leaving: readonly number[] = []): HostObservation => ({
  formation: null,
  nodes: Array.from({ length: count }, (_, id) => node(id, leaving.includes(id) ? 'leaving' : null)),
  ...(floor === undefined ? {} : { floor }),
});

type Spec = Parameters<typeof cluster>[1];
const scaled = (spec: Spec, seen: HostObservation, decided?: number) => {
  const settled = settleScale(cluster({}, { brokers: 3, ...spec }), seen, decided);
  const { floor, conditions } = settled;
  return { brokers: settled.cluster.spec.brokers.replicas, floor, said: conditions.map(({ reason }) => reason) };
};

describe('a number of brokers that the load decides', () => {
  const autoscale = { maxReplicas: 6 };

  it('is that of the brokers that nobody drains: whoever comes next finds it there', () => {
    expect(scaled({ autoscale }, host(0, null))).toEqual({ brokers: 3, floor: 3, said: [] });
    expect(scaled({ autoscale }, host(5, 3))).toEqual({ brokers: 5, floor: 3, said: [] });
    expect(scaled({ autoscale }, host(5, 3, [4]))).toEqual({ brokers: 4, floor: 3, said: [] });
  });

  it.each([
    [4, 5, 5],
    [5, 4, 4],
    [5, 9, 6],
    [5, 1, 3],
  ])('of %d becomes what is decided, %d, within floor and maxReplicas', (count, decided, becomes) => {
    expect(scaled({ autoscale }, host(count, 3), decided).brokers).toBe(becomes);
  });

  it('follows a floor that is raised, and maxReplicas that is lowered', () => {
    expect(scaled({ brokers: 6, autoscale }, host(5, 3))).toEqual({ brokers: 6, floor: 6, said: [] });
    expect(scaled({ autoscale: { maxReplicas: 4 } }, host(5, 3))).toEqual({ brokers: 4, floor: 3, said: [] });
  });

  it('is the floor where maxReplicas are fewer: nothing but a confirmed number takes brokers below it', () => {
    const spec = { brokers: 3, omitsReplicas: true, autoscale: { maxReplicas: 4 } } as const;
    expect(scaled(spec, host(5, 5))).toEqual({ brokers: 5, floor: 5, said: ['ScaleDownUnconfirmed'] });
  });

  it('stays when autoscale goes, until that is confirmed', () => {
    expect(scaled({}, host(5, 3))).toEqual({ brokers: 5, floor: 3, said: ['ScaleDownUnconfirmed'] });
    const annotations = { 'weir.dev/confirm-scale-down': '3' };
    expect(scaled({ annotations }, host(5, 3))).toEqual({ brokers: 3, floor: 3, said: [] });
    // Once they are gone nothing is left to be remembered.
    expect(scaled({}, host(3, 3))).toEqual({ brokers: 3, floor: null, said: [] });
    expect(scaled({ brokers: 5 }, host(5, 3))).toEqual({ brokers: 5, floor: null, said: [] });
    expect(scaled({ brokers: 3 }, host(5, null))).toEqual({ brokers: 3, floor: null, said: [] });
  });

  it('falls below no floor that went from the manifest, until that is confirmed', () => {
    const omitsReplicas = true;
    expect(scaled({ autoscale, omitsReplicas }, host(6, 5), 4)).toEqual({
      brokers: 5,
      floor: 5,
      said: ['ScaleDownUnconfirmed'],
    });
    expect(scaled({ autoscale, omitsReplicas }, host(6, 3), 4)).toEqual({ brokers: 4, floor: 3, said: [] });
    const annotations = { 'weir.dev/confirm-scale-down': '3' };
    expect(scaled({ autoscale, omitsReplicas, annotations }, host(6, 5), 4)).toEqual({
      brokers: 4,
      floor: 3,
      said: [],
    });
  });

  it('is none on a host that judges no load', () => {
    expect(scaled({ autoscale }, host(5), 6)).toEqual({ brokers: 3, floor: null, said: [] });
  });
});
