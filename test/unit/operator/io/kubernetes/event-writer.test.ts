import { expect, it } from '@jest/globals';
import { EventWriter } from '../../../../../operator/io/kubernetes/event-writer.ts';
import { MemoryApi } from '../../../../support/kubernetes/memory-api.ts';
import { ObjectStore } from '../../../../support/kubernetes/store.ts';
import { TYPES } from '../../../../support/kubernetes/types.ts';

it('an Event is never longer than an API server takes, however much there is to say about whatever name', async () => {
  const store = new ObjectStore();
  const trouble: unknown[] = [];
  const times = { monotonicMs: () => 0, wallMs: () => 0 };
  const events = new EventWriter(new MemoryApi(store, (_name, effect) => effect()), times, (error) => {
    trouble.push(error);
  });
  const about = { kind: 'Topic', namespace: 'ns', name: 't'.repeat(253), uid: 'u' } as const;
  const long = 'x'.repeat(5000);
  for (const message of [`${long} one`, `${long} another`])
    await events.tell(about, { type: 'Warning', reason: 'StepFailed', message });
  const written = store.all(TYPES.events).map(({ metadata, ...one }) => [metadata.name.length, one['message']]);
  expect(written).toEqual([
    [247, 'x'.repeat(1024)],
    [247, 'x'.repeat(1024)],
  ]);
  expect(trouble).toEqual([]);
});

it('what happens again is one Event with a count, from the first time to the last', async () => {
  const store = new ObjectStore();
  const clock = { nowMs: 0 };
  const wallAtStart = Date.parse('2026-11-29T12:00:00Z');
  const times = { monotonicMs: () => clock.nowMs, wallMs: () => wallAtStart + clock.nowMs };
  const events = new EventWriter(new MemoryApi(store), times, () => undefined);
  const about = { kind: 'Topic', namespace: 'ns', name: 't', uid: 'u' } as const;
  for (clock.nowMs of [0, 600_000]) await events.tell(about, { type: 'Warning', reason: 'StepFailed', message: 'no' });
  const [one, ...more] = store.all(TYPES.events);
  expect(more).toEqual([]);
  expect(one).toMatchObject({
    type: 'Warning',
    reason: 'StepFailed',
    count: 2,
    firstTimestamp: '2026-11-29T12:00:00Z',
    lastTimestamp: '2026-11-29T12:10:00Z',
    involvedObject: { kind: 'Topic', name: 't', uid: 'u' },
  });
});
