import { expect, it } from '@jest/globals';
import { ReplicationWorld } from '../../../support/replication/replication-world.ts';

it('a voter whose whole disk is an older copy gets the metadata from the others', () => {
  const world = new ReplicationWorld(3, { size: 5 }).start();
  world.createTopic('before', { replicas: 3 });
  world.kill(1, 'power');
  const copy = world.node(1).disk.image();
  world.node(1).start();
  world.until('it serves', () => world.node(1).isReady);
  world.createTopic('after', { replicas: 3 });
  world.kill(1, 'power');
  world.node(1).disk.restore(copy);
  world.node(1).start();
  world.until('it serves again', () => world.node(1).isReady);
  expect(world.node(1).view?.topicByName('after')).not.toBeNull();
});
