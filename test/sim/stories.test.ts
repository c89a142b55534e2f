import { describe, expect, it } from '@jest/globals';
import { SimAdmin } from './clients/admin.ts';
import { createTopic } from './clients/requests.ts';
import { guarded } from './guard.ts';
import { SimNetwork } from './net.ts';
import { SimNode } from './node.ts';
import type { TopicPlan } from './plan.ts';
import { Stage } from './stage.ts';
import { World } from './world.ts';

/** A running node in a world of its own, and somebody to ask it. */
class Scene {
  readonly world = new World(1);
  readonly node: SimNode;
  readonly stage: Stage;
  readonly admin: SimAdmin;

  constructor(settings: Readonly<Record<string, string>> = {}) {
    const network = new SimNetwork(this.world);
    this.node = new SimNode(this.world, network, { settings });
    this.stage = new Stage(this.world, network, this.node);
    this.admin = new SimAdmin(this.stage);
    this.node.start();
    this.until('the node is ready', () => this.node.isReady);
  }

  until(what: string, condition: () => boolean): void {
    if (!this.world.runUntil(condition, 60_000)) throw new Error(`not within a minute: ${what}`);
  }
}

function topic(name: string, partitionCount = 1): TopicPlan {
  return {
    name,
    partitionCount,
    durability: 'fsync',
    config: {},
    retentionMs: null,
    cutsAtMs: [],
    switchesAtMs: [],
    growsAtMs: null,
    deletedAtMs: null,
    isRecreated: false,
  };
}

describe('a node in a simulated world', () => {
  it('stops cleanly while topics are being created, and has them after the next start', () => {
    guarded(() => {
      const scene = new Scene();
      let created = 0;
      for (let i = 0; i < 20; i += 1) scene.admin.ask(createTopic(topic(`topic-${i}`), () => (created += 1)));
      scene.until('some topics are there', () => created >= 3);
      let stopped = false;
      scene.node.stop(() => (stopped = true));
      scene.until('the node is stopped', () => stopped);
      scene.node.start();
      scene.until('every topic is there', () => created === 20);
      expect([scene.node.fatals, scene.node.warnings]).toEqual([[], []]);
    });
  });

  it('says at its start which settings of its file the cluster has otherwise', () => {
    guarded(() => {
      const scene = new Scene({
        'min.insync.replicas': '2',
        'weir.durability': 'replicated',
        'message.max.bytes': '9999',
      });
      expect(scene.node.warnings).toEqual([]);
      const operations = [
        ['min.insync.replicas', '3'],
        ['weir.durability', 'fsync'],
        ['message.max.bytes', '8888'],
      ].map(([name = '', value = '']) => ({ name, operation: 'set', value }) as const);
      const resources = [{ scope: 'cluster', name: '', operations }] as const;
      let isAltered = false;
      scene.node.submit({ kind: 'alterConfigs', resources, validateOnly: false }, () => (isAltered = true));
      scene.until('the settings are altered', () => isAltered);
      expect(scene.node.warnings).toEqual([]);
      scene.node.crash('process');
      scene.node.start();
      scene.until('the node is ready again', () => scene.node.isReady);
      const said = (sentence: string) =>
        expect.stringMatching(new RegExp(`^the settings of this node say ${sentence}`));
      expect(scene.node.warnings).toEqual([
        said('min.insync.replicas=2 in vain, all brokers have 3: kafka-configs .* --entity-default'),
        said('weir.durability=replicated in vain, all brokers have fsync: kafka-configs .* --entity-default'),
      ]);
    });
  });
});
