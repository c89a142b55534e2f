import { describe, expect, it } from '@jest/globals';
import { ApiKey } from '../../../broker/core/protocol/apis.ts';
import { ask, edge } from './ask.ts';
import { type Difference, type Fields, fieldsOf, judge } from './compare.ts';
import { batchOfCount, spoiled } from './records.ts';
import type { Outcome, Side } from './talk.ts';

const CASE = edge('Fetch gives records', ask(ApiKey.Fetch, 12, { maxWaitMs: 0, minBytes: 0, topics: [] }));
const SIDE: Side = { name: 'weir', bootstrap: '', topicIds: new Map([['plain', 'BBBBBBBBBBBBBBBBBBBBBB']]) };

function answer(errorCode: number, records: Uint8Array = batchOfCount(3)): Outcome {
  const partitions = [{ partitionIndex: 0, errorCode, records }];
  return { kind: 'answer', body: { throttleTimeMs: errorCode, responses: [{ topic: 'plain', partitions }] } };
}

const fields = (outcome: Outcome): Fields => fieldsOf(CASE, [outcome], SIDE);
const FIELD = '0.responses[0].partitions[0].errorCode';
const known = (weir: number, kafka: number): Difference[] => [
  { case: CASE.title, reason: 'A reason.', fields: { [FIELD]: { weir, kafka } } },
];

describe('judge', () => {
  it('finds nothing where both brokers answer alike, but for what tells of the run', () => {
    expect(judge(CASE.title, { weir: fields(answer(0)), kafka: fields(answer(0)) }, [])).toEqual([]);
  });

  it('names the case and the field of a spoiled answer, and both values', () => {
    const problems = judge(CASE.title, { weir: fields(answer(1)), kafka: fields(answer(0)) }, []);
    expect(problems).toEqual([`${CASE.title}: ${FIELD}: Weir 1, Apache Kafka 0`]);
  });

  it('names the batch whose header differs', () => {
    const other = spoiled(batchOfCount(3), { maxTimestamp: 5n });
    const [problem = ''] = judge(CASE.title, { weir: fields(answer(0)), kafka: fields(answer(0, other)) }, []);
    expect(problem).toMatch(/^Fetch gives records: 0\.responses\[0\]\.partitions\[0\]\.records\[0\]: /);
  });

  it('takes a closed connection for an answer', () => {
    const problems = judge(CASE.title, { weir: fields({ kind: 'closed' }), kafka: fields(answer(0)) }, []);
    expect(problems).toEqual([`${CASE.title}: 0: Weir "closed", Apache Kafka "answer"`]);
  });

  it('names the array that is longer on one side, not each field of what is more', () => {
    const none: Outcome = { kind: 'answer', body: { throttleTimeMs: 0, responses: [] } };
    const problems = judge(CASE.title, { weir: fields(none), kafka: fields(answer(0)) }, []);
    expect(problems).toEqual([`${CASE.title}: 0.responses.length: Weir 0, Apache Kafka 1`]);
  });

  it('accepts a difference that stands in the table with both values', () => {
    expect(judge(CASE.title, { weir: fields(answer(1)), kafka: fields(answer(0)) }, known(1, 0))).toEqual([]);
  });

  it('refuses one that stands there with another value', () => {
    const problems = judge(CASE.title, { weir: fields(answer(1)), kafka: fields(answer(0)) }, known(2, 0));
    expect(problems).toEqual([
      `${CASE.title}: ${FIELD}: Weir 1, Apache Kafka 0; the table says Weir 2, Apache Kafka 0`,
    ]);
  });

  it('refuses an entry of the table that no longer occurs', () => {
    const problems = judge(CASE.title, { weir: fields(answer(0)), kafka: fields(answer(0)) }, known(1, 0));
    expect(problems).toEqual([`${CASE.title}: ${FIELD} is 0 on both, but stands in the table`]);
  });

  it('refuses an entry for a field that neither broker answers', () => {
    const table = [{ case: CASE.title, reason: 'A reason.', fields: { '0.absent': { weir: 1, kafka: 0 } } }];
    const problems = judge(CASE.title, { weir: fields(answer(0)), kafka: fields(answer(0)) }, table);
    expect(problems).toEqual([`${CASE.title}: 0.absent stands in the table, but neither broker answers it`]);
  });
});
