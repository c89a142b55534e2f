import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Cluster } from '../../../../../operator/api/kinds.ts';
import { wantedNodes } from '../../../../../operator/core/plan-nodes.ts';
import type { NodeSpec } from '../../../../../operator/core/steps.ts';
import { LocalHost } from '../../../../../operator/io/local/local-host.ts';
import { findFreePort } from '../../../../../operator/io/local/ports.ts';
import { NODE_PROGRAM } from '../../../../support/node-program.ts';
import { cluster } from '../../../../support/operator-manifests.ts';

let directory = '';
let host: LocalHost;
let notices: string[] = [];
let changed: () => void = () => undefined;
const ports = new Map<string, number>();

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'weir-host-'));
  for (const node of [0, 1, 2, 1000, 1001]) {
    for (const what of ['plain', null]) ports.set(`${node} ${what}`, await findFreePort('127.0.0.1'));
  }
  notices = [];
  host = open();
});
afterEach(async () => {
  await host.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(): LocalHost {
  return new LocalHost({
    clusterName: 'c',
    directory,
    command: [process.execPath, '-e', NODE_PROGRAM, '--'],
    bind: '127.0.0.1',
    portOf: (node, listener) => ports.get(`${node} ${listener}`) ?? 0,
    changed: () => changed(),
    notice: (text) => notices.push(text),
  });
}

const specs = (wanted: Cluster): readonly NodeSpec[] => wantedNodes(wanted, () => false);

async function start(wanted: Cluster): Promise<void> {
  const nodes = specs(wanted);
  await host.form(nodes[0]?.voters ?? []);
  for (const node of nodes) await host.ensure(node);
  await ready(nodes.length);
}

/** Waits for a condition, looking again whenever the host says that something changed. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (;;) {
    const seen = new Promise<void>((settle) => {
      changed = settle;
    });
    if (await isSo()) return;
    await seen;
  }
}

const ready = (count: number): Promise<void> =>
  until(async () => (await host.observe()).nodes.filter((node) => node.ready).length >= count);

const settingsOf = (node: number): ReadonlyMap<string, string> =>
  new Map(
    readFileSync(join(directory, `node-${node}`, 'broker.properties'), 'utf8')
      .split('\n')
      .flatMap((line) => {
        const [name, value] = line.split(/=(.*)/);
        return name === undefined || value === undefined ? [] : [[name, value] as const];
      }),
  );
const port = (node: number, what: string | null): number => ports.get(`${node} ${what}`) ?? 0;

describe('the host of nodes on this machine', () => {
  it('tells each of several nodes its roles, its addresses, those of all controllers and the formation', async () => {
    await start(cluster({ 'num.partitions': '3' }, { brokers: 3 }));
    const { formation } = await host.observe();
    expect(formation?.initialVoters.map((voter) => voter.id)).toEqual([0, 1, 2]);
    for (const id of [0, 1, 2]) {
      expect(Object.fromEntries(settingsOf(id))).toEqual({
        'node.id': String(id),
        'process.roles': 'broker,controller',
        'controller.quorum.voters': [0, 1, 2].map((one) => `${one}@127.0.0.1:${port(one, null)}`).join(','),
        'weir.grpc.host': '127.0.0.1',
        'weir.grpc.port': String(port(id, null)),
        'weir.formation.file': join(directory, 'cluster.json'),
        'weir.cluster.id': formation?.clusterId,
        listeners: `plain://127.0.0.1:${port(id, 'plain')}`,
        'log.dirs': join(directory, `node-${id}`, 'data'),
        'num.partitions': '3',
      });
    }
  });

  it('gives a controller of its own no listener, and brokers beside it no vote', async () => {
    await start(cluster({}, { brokers: 1, controllers: 1 }));
    expect(settingsOf(0).get('process.roles')).toBe('broker');
    expect(settingsOf(1000).get('process.roles')).toBe('controller');
    for (const id of [0, 1000])
      expect(settingsOf(id).get('controller.quorum.voters')).toBe(`1000@127.0.0.1:${port(1000, null)}`);
    expect(settingsOf(1000).has('listeners')).toBe(false);
    const { nodes } = await host.observe();
    expect(nodes.map(({ id, address }) => [id, address])).toEqual([
      [0, `127.0.0.1:${port(0, 'plain')}`],
      [1000, null],
    ]);
  });

  it('tells the disk and the control address of a node that is ready, and has the formation marked by then', async () => {
    await start(cluster({}, { brokers: 2 }));
    const { formation, nodes } = await host.observe();
    expect(formation?.formed).toBe(true);
    expect(nodes.map(({ directoryId, controlAddress }) => [directoryId, controlAddress])).toEqual([
      ['d0.0', `127.0.0.1:${port(0, null)}`],
      ['d1.0', `127.0.0.1:${port(1, null)}`],
    ]);
  });

  it('marks brokers that come to a formed cluster as joining, until it is told otherwise, and no others', async () => {
    await start(cluster({}, { brokers: 1, controllers: 1 }));
    const newcomers = specs(cluster({}, { brokers: 2, controllers: 3 })).filter(({ id }) => id === 1 || id === 1001);
    for (const node of newcomers) await host.ensure(node);
    await ready(4);
    const marks = async () => (await host.observe()).nodes.flatMap(({ id, mark }) => (mark === null ? [] : [id, mark]));
    expect(await marks()).toEqual([1, 'joining']);
    await host.mark(1, null);
    await host.mark(0, 'leaving');
    await host.close();
    host = open();
    expect(await marks()).toEqual([0, 'leaving']);
  });

  it('has nothing of a node any more whose data is discarded', async () => {
    await start(cluster({}, { brokers: 2 }));
    await host.remove(1);
    await host.discard(1);
    expect(existsSync(join(directory, 'node-1'))).toBe(false);
    expect((await host.observe()).nodes.map(({ id }) => id)).toEqual([0]);
  });

  it('starts a node whose disk was lost, and says so, while another voter has its own', async () => {
    const wanted = cluster({}, { brokers: 3 });
    await start(wanted);
    await host.close();
    rmSync(join(directory, 'node-1', 'data'), { recursive: true });
    host = open();
    expect(notices).toEqual([]);
    await start(wanted);
    expect(existsSync(join(directory, 'node-1', 'data'))).toBe(true);
    expect(notices).toEqual(['node 1 of cluster c has lost its data: it starts with an empty disk']);
  });

  it.each([
    ['the only voter', 2, [0]],
    ['every voter', 3, [0, 1, 2]],
  ])('starts nothing anew when the disk of %s of %i brokers is lost', async (_name, brokers, lost) => {
    const wanted = cluster({}, { brokers });
    await start(wanted);
    await host.close();
    for (const id of lost) rmSync(join(directory, `node-${id}`, 'data'), { recursive: true });
    host = open();
    const [first] = specs(wanted);
    expect(first).toBeDefined();
    if (first !== undefined) await expect(host.ensure(first)).rejects.toMatchObject({ code: 'QUORUM_LOST' });
  });

  it('tells a node that starts again of controllers that came since', async () => {
    await start(cluster());
    const grown = specs(cluster({}, { brokers: 3 }));
    for (const node of grown) await host.ensure(node);
    await ready(3);
    expect(settingsOf(0).get('controller.quorum.voters')).toBe(`0@127.0.0.1:${port(0, null)}`);
    process.kill(Number(readFileSync(join(directory, 'node-0', 'pid'), 'utf8')), 'SIGKILL');
    await until(async () => (settingsOf(0).get('controller.quorum.voters') ?? '').includes('2@'));
    await ready(3);
  });
});
