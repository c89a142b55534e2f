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

  constructor() {
    const network = new SimNetwork(this.world);
    this.node = new SimNode(this.world, network);
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
});
