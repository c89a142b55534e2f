import { describe, expect, it } from '@jest/globals';
import type { Observed } from '../../../../operator/core/observed.ts';
import { cluster } from '../../../support/operator-manifests.ts';
import { converge, settled, told } from '../../../support/plans.ts';

const REPLACE = 'weir.dev/replace-node';
const three = (id?: string, config: Readonly<Record<string, string>> = {}) =>
  cluster(config, { brokers: 3, annotations: id === undefined ? {} : { [REPLACE]: id } });

const waits = (why: string) => ({
  steps: [],
  ready: false,
  said: [`Progressing ReplacementWaits: node 1 keeps its disk for now: ${why}`],
});

describe('a Cluster with weir.dev/replace-node', () => {
  it('has that node given a new disk, once, and its voter exchanged; what was interrupted goes on', () => {
    const world = settled(three());
    const replaced = [
      'give node 1 a new disk',
      'give node 1 a new disk',
      'remove the lost disk of node 1 from the voters',
      'make node 1 a voter',
    ];
    expect(converge(three('1'), world)).toEqual(replaced);
    expect(world.nodes.get(1)?.generation).toBe(1);
    expect(converge(three('1'), world)).toEqual([]);
    expect(converge(three(), world)).toEqual([]);
    // It was forgotten, so that it may be asked again.
    world.replacedDisk = null;
    expect(converge(three('1'), world)).toEqual(replaced);
  });

  it('has a node replaced that does not serve, and none while another one does not', () => {
    const world = settled(three());
    world.crash(1, 'kept');
    expect(told(three('1'), world.observe())).toMatchObject({ steps: ['give node 1 a new disk'], ready: false });
    world.crash(2, 'kept');
    expect(told(three('1'), world.observe())).toEqual(waits('node 2 does not serve'));
  });

  it('keeps the disk while the brokers say that something would be lost, or nobody can tell', () => {
    const world = settled(three());
    world.blocked.add(1);
    expect(told(three('1'), world.observe())).toEqual(waits('not now'));
    world.blocked.clear();
    const { host, admin, ...rest } = world.observe();
    if (admin === null) throw new Error('the brokers answer');
    const seen = (more: Partial<typeof admin>): Observed => ({ host, admin: { ...admin, ...more }, ...rest });
    expect(told(three('1'), seen({ losses: new Map() }))).toEqual(
      waits('no controller is active that can tell what would be lost'),
    );
    expect(told(three('1'), seen({ quorum: null }))).toEqual(waits('no controller is active'));
    expect(told(three('1'), { host, admin: null })).toEqual(waits('no controller is active'));
    const { quorum } = admin;
    if (quorum === null) throw new Error('a controller is active');
    const voters = quorum.voters.map((voter) => ({ ...voter, lag: voter.id === 2 ? 5_000 : 0 }));
    expect(told(three('1'), seen({ quorum: { ...quorum, voters } }))).toEqual(
      waits('the other voters are no majority, or not caught up'),
    );
  });

  it('never loses the disk of the only voter', () => {
    const wanted = cluster({}, { brokers: 1, annotations: { [REPLACE]: '0' } });
    const said = 'node 0 keeps its disk for now: nobody else has a copy; node 0 is the only voter';
    expect(told(wanted, settled(cluster()).observe())).toEqual({
      steps: [],
      ready: false,
      said: [`Progressing ReplacementWaits: ${said}`],
    });
  });

  it('comes after restarts that can be, and after voters', () => {
    const world = settled(three());
    expect(told(three('2', { 'log.dirs': '/x' }), world.observe()).steps).toEqual([
      'restart node 1: its settings changed',
    ]);
    world.voters = world.voters.filter(({ id }) => id !== 1);
    expect(told(three('2'), world.observe()).steps).toEqual(['make node 1 a voter']);
  });

  it('waits for a node that ends', () => {
    const world = settled(three());
    const { host, admin } = world.observe();
    const nodes = host.nodes.map((node) =>
      node.id === 1 ? ({ ...node, phase: 'stopping', ready: false } as const) : node,
    );
    expect(told(three('1'), { host: { ...host, nodes }, admin })).toEqual({ steps: [], ready: false, said: [] });
  });

  it('says so where there is no such node, or no such thing, and does without', () => {
    const world = settled(three());
    const said = (why: string) => ({
      steps: [],
      ready: true,
      said: [`Stalled InvalidAnnotation: annotation ${REPLACE} ${why}`],
    });
    expect(told(three('3'), world.observe())).toEqual(said('names node 3, which this Cluster does not have'));
    const { host, admin } = world.observe();
    const nodes = host.nodes.map(({ replacement: _none, ...node }) => node);
    expect(told(three('1'), { host: { ...host, nodes }, admin })).toEqual(
      said('is for Kubernetes; it has no effect here'),
    );
  });
});
