import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KafkaAdmin } from '../../broker/cli/local/kafka-admin.ts';
import { waitFor } from '../wire/harness/wait.ts';
import { QuorumFleet } from './quorum-fleet.ts';

const DEADLINE_MS = 3 * 60_000;
const TOPICS = 12;

let fleet: QuorumFleet;
let admin: KafkaAdmin;

beforeAll(async () => {
  fleet = await QuorumFleet.start({ nodes: 3 });
  admin = new KafkaAdmin([fleet.addressesOf(0).client]);
});
afterAll(async () => {
  await admin.close();
  await fleet.remove();
});

/** Makes a node a voter that follows with a disk which is none yet. */
async function addVoter(id: number): Promise<void> {
  const replica = await waitFor(`node ${id} follows`, async () =>
    (await fleet.probe(0).quorum()).observers.find((one) => one.id === id),
  );
  await admin.addVoter({ ...replica, address: fleet.addressesOf(id).control });
}

const votersSeenBy = async (id: number) => (await fleet.probe(id).quorum()).voters;

describe('a quorum of three of which two disks are lost', () => {
  it(
    'stays down until recover-quorum makes the third the only voter, with all the metadata that it has (V11)',
    async () => {
      for (let count = 0; count < TOPICS; count += 1) await fleet.untilItCreates(count % 3);
      await fleet.markFormed();
      const [before] = await votersSeenBy(0);
      await waitFor('node 0 has all metadata', async () => (await fleet.probe(0).topic(`t${TOPICS - 1}`)) !== null);
      expect(await fleet.admin(0, 'recover-quorum', '--accept-data-loss')).toMatchObject({ code: 1 });
      for (const id of fleet.ids) await fleet.kill(id);
      for (const id of [1, 2]) await fleet.wipe(id);
      const asked = await fleet.admin(0, 'recover-quorum');
      expect(asked).toMatchObject({ code: 1, said: expect.stringContaining('nothing was changed') });
      const done = await fleet.admin(0, 'recover-quorum', '--accept-data-loss');
      expect(done).toMatchObject({ code: 0, said: expect.stringContaining('node 0 is the only voter now') });
      await fleet.start(0);
      expect(await votersSeenBy(0)).toEqual([before]);
      for (let topic = 0; topic < TOPICS; topic += 1) expect(await fleet.probe(0).topic(`t${topic}`)).not.toBeNull();
    },
    DEADLINE_MS,
  );

  it(
    'grows again by the two, which follow with new disks until they are added, and then decides without the third',
    async () => {
      const [first] = await votersSeenBy(0);
      for (const id of [1, 2]) await fleet.start(id);
      expect(await votersSeenBy(1)).toEqual([first]);
      for (const id of [1, 2]) await addVoter(id);
      expect((await votersSeenBy(2)).map(({ id }) => id)).toEqual([0, 1, 2]);
      await fleet.kill(0);
      for (const id of [1, 2]) await fleet.untilItCreates(id);
      await fleet.start(0);
      expect(await fleet.judge()).toEqual([]);
    },
    DEADLINE_MS,
  );
});

describe('UnregisterController', () => {
  it(
    'forgets a controller for good once it votes no more, and no sooner; one that comes back is known again',
    async () => {
      const probe = fleet.probe(1);
      const isKnown = async (id: number): Promise<boolean> => (await probe.controllers()).includes(id);
      await waitFor('all are registered', async () => (await probe.controllers()).length === 3);
      expect(await probe.unregisterController(2)).toBe('INVALID_REQUEST');
      const gone = (await votersSeenBy(1)).find(({ id }) => id === 2);
      if (gone === undefined) throw new Error('node 2 does not vote');
      await admin.removeVoter(gone);
      await fleet.kill(2);
      expect(await probe.unregisterController(2)).toBe('NONE');
      expect(await probe.controllers()).toEqual([0, 1]);
      expect(await probe.unregisterController(2)).toBe('CONTROLLER_ID_NOT_REGISTERED');
      for (const id of [0, 1]) await fleet.kill(id);
      await Promise.all([0, 1].map((id) => fleet.start(id)));
      expect(await probe.controllers()).toEqual([0, 1]);
      await fleet.start(2);
      await waitFor('it is known again', () => isKnown(2));
    },
    DEADLINE_MS,
  );
});
