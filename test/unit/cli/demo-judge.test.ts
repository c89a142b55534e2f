import { describe, expect, it } from '@jest/globals';
import { type DemoHistory, judgeDemo, type MemberEvent } from '../../../broker/cli/local/demo-judge.ts';

type Kind = MemberEvent['event'];

function event(member: string, kind: Kind, offset: number, value = `line ${offset}`): MemberEvent {
  return {
    member,
    event: kind,
    partition: 0,
    offset,
    ...(kind === 'delivered' || kind === 'working' ? { value } : {}),
  };
}

const whole = (member: string, offset: number): MemberEvent[] =>
  (['delivered', 'working', 'acknowledging', 'acknowledged'] as const).map((kind) => event(member, kind, offset));

/** Three lines: one acknowledged by the member that lived, one by the one that was killed, one held by it and given again. */
function good(): { -readonly [K in keyof DemoHistory]: DemoHistory[K] } {
  return {
    lines: [0, 1, 2].map((offset) => ({ value: `line ${offset}`, partition: 0, offset })),
    events: [
      ...whole('alive', 0),
      ...whole('dead', 1),
      event('dead', 'delivered', 2),
      event('dead', 'working', 2),
      ...whole('alive', 2),
    ],
    killed: 'dead',
    lag: 0,
  };
}

describe('the judge of the demonstration', () => {
  it('finds nothing wrong with a good history, and knows what came twice', () => {
    expect(judgeDemo(good())).toEqual({ problems: [], redelivered: ['line 2'] });
  });

  it('counts a line that the killed member was acknowledging, if nobody got it again and nothing is left', () => {
    const history = good();
    history.events = [...whole('alive', 0), ...whole('dead', 1), ...whole('dead', 2).slice(0, 3)];
    expect(judgeDemo(history).problems).toEqual([]);
    expect(judgeDemo({ ...history, lag: 1 }).problems).toEqual([
      '"line 2" (partition 0 offset 2) was not acknowledged',
      'the broker still counts 1 records that the group has not finished',
    ]);
    expect(judgeDemo({ ...history, lag: -1 }).problems).toEqual([
      '"line 2" (partition 0 offset 2) was not acknowledged',
    ]);
  });

  it.each<[string, (history: ReturnType<typeof good>) => void, string]>([
    [
      'a loss',
      (history) => (history.events = history.events.filter((one) => one.offset !== 0)),
      '"line 0" (partition 0 offset 0) was never delivered',
    ],
    [
      'a line without an acknowledgement',
      (history) => (history.events = history.events.filter((one) => one.offset !== 0 || one.event !== 'acknowledged')),
      '"line 0" (partition 0 offset 0) was not acknowledged',
    ],
    [
      'two owners at a time',
      (history) => (history.events = [...history.events, event('other', 'delivered', 0)]),
      '"line 0" (partition 0 offset 0) was delivered twice, though alive lived',
    ],
    [
      'a line that came again after it was acknowledged',
      (history) => (history.events = [...history.events, event('alive', 'delivered', 1)]),
      '"line 1" (partition 0 offset 1) was delivered again after it was acknowledged',
    ],
    [
      'an acknowledgement too many',
      (history) => (history.events = [...history.events, event('alive', 'acknowledged', 0)]),
      '"line 0" (partition 0 offset 0) was acknowledged 2 times',
    ],
    [
      'a line that came three times',
      (history) => (history.events = [...history.events, event('other', 'delivered', 2)]),
      '"line 2" (partition 0 offset 2) was delivered 3 times',
    ],
    [
      'a changed line',
      (history) =>
        (history.events = history.events.map((one) =>
          one.offset === 0 && one.value !== undefined ? { ...one, value: 'x' } : one,
        )),
      '"line 0" (partition 0 offset 0) was delivered as "x"',
    ],
    [
      'a line out of thin air',
      (history) => (history.events = [...history.events, ...whole('alive', 9)]),
      'partition 0 offset 9 was delivered and never put',
    ],
    [
      'an offset given twice',
      (history) => (history.lines = [...history.lines, { value: 'line 9', partition: 0, offset: 1 }]),
      '"line 9" (partition 0 offset 1) and "line 1" (partition 0 offset 1) have the same offset',
    ],
  ])('names %s', (_name, spoil, problem) => {
    const history = good();
    spoil(history);
    expect(judgeDemo(history).problems).toContain(problem);
  });
});
