import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chosenPeer } from '../harness/peer.ts';
import { type Batches, openBatches } from './open.ts';
import { ODD_BATCHES } from './refusals.ts';

const kafka = chosenPeer() === 'kafka';
let batches: Batches;

beforeAll(async () => {
  batches = await openBatches();
}, 180_000);
afterAll(async () => {
  await batches.close();
});

describe('a batch that no client library sends', () => {
  it.each(ODD_BATCHES.filter(({ isOfKafka44 }) => !kafka || isOfKafka44 !== true))('$name', async (odd) => {
    const topic = await batches.newTopic(odd.configs);
    const answer = await batches.broker.produce(topic, odd.bytes(Date.now()), odd.version);
    const words = [answer.error, answer.recordErrors.join()].filter((word) => word !== '').join(' ');
    expect(words).toBe(kafka ? (odd.kafka?.expect ?? odd.expect) : odd.expect);
    expect(await batches.broker.read(topic)).toHaveLength(answer.error === 'NONE' ? 1 : 0);
  });

  it('is named by its row alone', () => {
    expect(new Set(ODD_BATCHES.map(({ name }) => name)).size).toBe(ODD_BATCHES.length);
  });
});
