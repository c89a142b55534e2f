import { expect, test } from '@jest/globals';
import type { BrokerId } from '../../../../broker/core/base/ids.ts';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { membershipOf } from '../../../../broker/server/replication/membership.ts';
import { FakeMetadata } from '../../../support/fake-metadata.ts';

test('an ISR is joined in the present incarnation, and by nobody who is fenced or about to stop (R4)', () => {
  const view = new FakeMetadata();
  const [present] = view.brokers();
  if (present === undefined) throw new Error('nobody is there');
  const mayJoin = (more: object, id: BrokerId = present.id): boolean => {
    view.broker = (asked) => (asked === present.id ? { ...present, ...more } : null);
    return membershipOf({ view }).mayJoin(id, 1);
  };
  expect(mayJoin({})).toBe(true);
  expect([{ fenced: true }, { shuttingDown: true }, { epoch: 2 }].map((more) => mayJoin(more))).toEqual([
    false,
    false,
    false,
  ]);
  expect(mayJoin({}, brokerId(7))).toBe(false);
});
