import { describe, expect, test } from '@jest/globals';
import { type FleetAsker, Moves } from '../../../broker/cli/local/moves.ts';
import { ErrorCode } from '../../../broker/core/protocol/errors.ts';

const QUIET = {
  errorCode: ErrorCode.NONE,
  errorMessage: null,
  controller: null,
  waitingCount: 0,
  movingCount: 0,
  obstacles: [],
};

/** Moves of a fleet that gives these answers; null: nobody answers, 'unserved': who does is too old. What was asked is kept. */
function moves(answers: Readonly<Record<string, object | 'unserved' | null>>) {
  const asked: string[] = [];
  const fleet = {
    try: async (name: string, request: object) => {
      asked.push(`${name} ${Object.values(request).join(' ')}`.trim());
      const response = name in answers ? answers[name] : QUIET;
      if (response === 'unserved') return { failure: { code: 'unserved', message: 'no such method' }, response: null };
      return response === null
        ? { failure: { code: 'unavailable', message: 'nobody leads' }, response: null }
        : { failure: null, response };
    },
    close: () => undefined,
  } as unknown as FleetAsker;
  return { asked, moves: new Moves(async () => fleet) };
}

describe('the operator’s moves of replicas', () => {
  test('keep new replicas away from all brokers that go, then drain them', async () => {
    const { asked, moves: some } = moves({ 'Fleet.Drain': { ...QUIET, movingCount: 2, obstacles: ['no'] } });
    expect(await some.drain([3, 4])).toBe(4);
    expect(asked).toEqual(['Fleet.Cordon 3 true', 'Fleet.Cordon 4 true', 'Fleet.Drain 3', 'Fleet.Drain 4']);
  });

  test('tell what can not be moved once nothing else moves', async () => {
    const stuck = { ...QUIET, obstacles: ['a-0 has 3 replicas', 'b-1 too'] };
    const told = { code: 'BLOCKED', message: 'a-0 has 3 replicas; b-1 too', fatal: false };
    const drain = moves({ 'Fleet.Drain': { ...stuck, waitingCount: 2 } }).moves;
    await expect(drain.drain([3, 4])).rejects.toMatchObject(told);
    await expect(moves({ 'Fleet.Rebalance': stuck }).moves.rebalance()).rejects.toMatchObject(told);
  });

  test.each([
    [{ waitingCount: 1, obstacles: ['a-0 stays'] }, { left: 1 }],
    [{ movingCount: 2 }, { left: 2 }],
    [{}, 'done'],
  ] as const)('of a rebalance with %j are %j', async (answer, expected) => {
    const { moves: some } = moves({ 'Fleet.Rebalance': { ...QUIET, ...answer } });
    expect(await some.rebalance()).toEqual(expected);
  });

  test('fail with what the controller says, or that none answers', async () => {
    const refused = { ...QUIET, errorCode: ErrorCode.BROKER_ID_NOT_REGISTERED, errorMessage: 'no broker 7' };
    await expect(moves({ 'Fleet.Undrain': refused }).moves.undrain(7)).rejects.toMatchObject({
      code: 'BROKER_ID_NOT_REGISTERED',
      message: 'no broker 7',
      fatal: true,
    });
    await expect(moves({ 'Fleet.Undrain': null }).moves.undrain(7)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: 'nobody leads',
      fatal: false,
    });
  });

  test('leave out nodes about whose restart nobody can tell', async () => {
    const { moves: some } = moves({ 'Fleet.CanRestart': { reasons: ['not now'], losingDisk: false } });
    expect(await some.obstacles([1, 2])).toEqual(new Map([1, 2].map((id) => [id, ['not now']])));
    expect(await moves({ 'Fleet.CanRestart': null }).moves.obstacles([1])).toEqual(new Map());
  });

  test('take no answer about a restart for one about the loss of a disk', async () => {
    const answer = (losingDisk: boolean) => moves({ 'Fleet.CanRestart': { reasons: [], losingDisk } });
    const { asked, moves: some } = answer(true);
    expect(await some.obstacles([1], true)).toEqual(new Map([[1, []]]));
    expect(asked).toEqual(['Fleet.CanRestart 1  true']);
    expect(await answer(false).moves.obstacles([1], true)).toEqual(new Map());
  });

  test('say where clients find a broker, and what was said so far', async () => {
    const endpoints = [{ listener: 'WAN', host: 'lb', port: 9094 }];
    const { asked, moves: some } = moves({ 'Fleet.Status': { advertised: [{ brokerId: 2, endpoints }] } });
    await some.setAdvertised(1, []);
    expect(await some.advertised()).toEqual(new Map([[2, endpoints]]));
    expect(asked).toEqual(['Fleet.SetAdvertised 1', 'Fleet.Status']);
    expect(await moves({ 'Fleet.Status': null }).moves.advertised()).toBeNull();
    const tooOld = { ...QUIET, errorCode: ErrorCode.UNSUPPORTED_VERSION, errorMessage: 'weir.version is 2' };
    await expect(moves({ 'Fleet.SetAdvertised': tooOld }).moves.setAdvertised(1, endpoints)).rejects.toMatchObject({
      code: 'UNSUPPORTED_VERSION',
      message: 'weir.version is 2',
    });
  });

  test('open no way to the controller for nothing', async () => {
    const { asked, moves: some } = moves({});
    expect(await some.obstacles([])).toEqual(new Map());
    some.close();
    expect(asked).toEqual([]);
  });

  test('ask how all topics are once more where the first one that is asked leads no more, and then nobody told', async () => {
    const assessed = { ...QUIET, partitionCount: 4, thin: { count: 1, examples: ['t'] } };
    const told = moves({ 'Fleet.AssessTopics': assessed });
    expect(await told.moves.assessed()).toMatchObject({ partitionCount: 4, thin: { count: 1, examples: ['t'] } });
    expect(told.asked).toEqual(['Fleet.AssessTopics 10']);
    const silent = moves({ 'Fleet.AssessTopics': null });
    expect(await silent.moves.assessed()).toBe('unsaid');
    expect(silent.asked).toHaveLength(2);
  });

  test('ask an active controller once that is too old to know how all topics are', async () => {
    const old = moves({ 'Fleet.AssessTopics': 'unserved' });
    expect(await old.moves.assessed()).toBe('unserved');
    expect(old.asked).toHaveLength(1);
  });
});
