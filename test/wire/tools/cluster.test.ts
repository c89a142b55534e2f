import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cli, cellsOf, cliOf, linesOf, TOOL } from '../harness/cli.ts';
import { openWire, type Wire } from '../harness/session.ts';
import type { ToolResult } from '../harness/tool-host.ts';

const ID = /^[A-Za-z0-9_-]{22}$/;
const NO_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAAQ';

let wire: Wire;
let cli: Cli;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ wire, close } = await openWire());
  cli = cliOf(wire);
});
afterAll(() => close());

/** The tool takes the address after its command, unlike others. */
const cluster = (...args: readonly string[]): Promise<ToolResult> =>
  wire.tools.run(TOOL.cluster, [...args, '--bootstrap-server', wire.bootstrap]);

describe('MetadataQuorumCommand', () => {
  /** `describe --status` as name and value. */
  async function status(): Promise<ReadonlyMap<string, string>> {
    const lines = linesOf(await cli.ok('metadataQuorum', ['describe', '--status']));
    return new Map(
      lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const),
    );
  }

  it('describes the status of a quorum of one', async () => {
    const found = await status();
    expect([...found.keys()]).toEqual([
      'ClusterId',
      'LeaderId',
      'LeaderEpoch',
      'HighWatermark',
      'MaxFollowerLag',
      'MaxFollowerLagTimeMs',
      'CurrentVoters',
      'CurrentObservers',
    ]);
    expect(found.get('ClusterId')).toMatch(ID);
    expect(Number(found.get('LeaderEpoch'))).toBeGreaterThan(0);
    expect(found.get('MaxFollowerLag')).toBe('0');
    // It is its own broker and no observer of itself.
    expect(found.get('CurrentObservers')).toBe('[]');
    const voters = JSON.parse(found.get('CurrentVoters') ?? '') as {
      readonly id: number;
      readonly directoryId: string;
    }[];
    expect(voters).toMatchObject([{ id: Number(found.get('LeaderId')), directoryId: expect.stringMatching(ID) }]);
  });

  it('counts records in its offsets: they grow with what is changed', async () => {
    const before = Number((await status()).get('HighWatermark'));
    await cli.createTopic(wire.unique('counted'), 3);
    expect(Number((await status()).get('HighWatermark'))).toBeGreaterThan(before + 1);
  });

  it('describes the replication', async () => {
    const [head, ...rows] = cellsOf(await cli.ok('metadataQuorum', ['describe', '--replication']));
    expect(head).toEqual([
      'NodeId',
      'DirectoryId',
      'LogEndOffset',
      'Lag',
      'LastFetchTimestamp',
      'LastCaughtUpTimestamp',
      'Status',
    ]);
    expect(rows).toHaveLength(1);
    const [nodeId, directoryId, logEndOffset, lag, lastFetch, lastCaughtUp, state] = rows[0] ?? [];
    expect(nodeId).toBe((await status()).get('LeaderId'));
    expect(directoryId).toMatch(ID);
    expect(Number(logEndOffset)).toBeGreaterThan(0);
    expect([lag, state]).toEqual(['0', 'Leader']);
    for (const time of [lastFetch, lastCaughtUp]) expect(Math.abs(Date.now() - Number(time))).toBeLessThan(60_000);
    expect(await cli.ok('metadataQuorum', ['describe', '--replication', '--human-readable'])).toMatch(/\d+ ms ago/);
  });

  it('removes no controller that does not vote, nor the last one', async () => {
    const voters = JSON.parse((await status()).get('CurrentVoters') ?? '') as { id: number; directoryId: string }[];
    for (const { id, directoryId } of [{ id: 77, directoryId: NO_DIRECTORY }, ...voters]) {
      const removed = await cli.run('metadataQuorum', [
        'remove-controller',
        '--controller-id',
        String(id),
        '--controller-directory-id',
        directoryId,
      ]);
      expect(removed.exitCode).toBe(1);
      expect(removed.stderr).toContain('VoterNotFoundException');
    }
  });
});

/** Dead letters of share groups came with Apache Kafka 4.4; the one that is compared with is 4.3. */
const shareLevel = (): string => (wire.peer === 'weir' ? '2' : '1');

describe('FeatureCommand', () => {
  it('describes what is supported and what is in use', async () => {
    const lines = linesOf(await cli.ok('features', ['describe']));
    const levels = lines.map((line) => /^Feature: (\S+)\s.*FinalizedVersionLevel: (\S+)\s+Epoch: (\d+)$/.exec(line));
    const found = new Map(levels.map((match) => [match?.[1], match?.[2]]));
    expect(found.get('metadata.version')).toBe('4.3-IV0');
    expect(found.get('kraft.version')).toBe('1');
    expect(found.get('share.version')).toBe(shareLevel());
    if (wire.peer === 'weir') expect(found.get('weir.version')).toBe('4');
    expect(new Set(levels.map((match) => match?.[3])).size).toBe(1);
    expect(lines.find((line) => line.includes('metadata.version'))).toMatch(
      /SupportedMinVersion: 3\.3-IV3\s+SupportedMaxVersion: 4\.3-IV0/,
    );
  });

  it('takes a level that is there for a success', async () => {
    const feature = `share.version=${shareLevel()}`;
    expect(await cli.ok('features', ['upgrade', '--feature', feature, '--dry-run'])).toContain(
      `share.version can be upgraded to ${shareLevel()}.`,
    );
    expect(await cli.ok('features', ['upgrade', '--feature', feature])).toContain(
      `share.version was upgraded to ${shareLevel()}.`,
    );
  });

  it.each([
    ['upgrade', 'no.feature=1', 'does not support this feature'],
    ['upgrade', 'metadata.version=99', 'only supports versions 7-30'],
    ['upgrade', 'metadata.version=29', "Can't downgrade the version of this feature without setting the upgrade type"],
    ['downgrade', 'metadata.version=29', 'because it might delete metadata information'],
    ['downgrade', 'kraft.version=0', 'downgrade'],
  ])('refuses to %s to %s', async (verb, feature, why) => {
    const { exitCode, stdout, stderr } = await cli.run('features', [verb, '--feature', feature]);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('The update failed for all features since the following feature had an error: ');
    expect(stdout).toContain(why);
    expect(stderr).toContain('1 out of 1 operation(s) failed.');
  });
});

describe('ClusterTool', () => {
  it('tells the id of the cluster', async () => {
    const { exitCode, stdout } = await cluster('cluster-id');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Cluster ID: [A-Za-z0-9_-]{22}$/m);
  });

  it.each([['list-endpoints'], ['list-endpoints --include-fenced-brokers']])('%s: the broker', async (line) => {
    const { exitCode, stdout } = await cluster(...line.split(' '));
    expect(exitCode).toBe(0);
    const [head, ...rows] = cellsOf(stdout);
    expect(head?.slice(0, 3)).toEqual(['ID', 'HOST', 'PORT']);
    expect(rows).toHaveLength(1);
    expect(`${rows[0]?.[1]}:${rows[0]?.[2]}`).toBe(wire.bootstrap);
    expect(stdout).not.toContain('CONTROLLER');
  });

  it('unregisters no broker that is not registered', async () => {
    const { exitCode, stdout, stderr } = await cluster('unregister', '--id', '77');
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toMatch(/BrokerIdNotRegisteredException|not currently registered/);
  });
});
