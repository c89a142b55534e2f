import { afterEach, describe, expect, test } from '@jest/globals';
import { Names } from '../../../../broker/io/net/names.ts';
import type { ControlChannel } from '../../../../broker/ports/control-net.ts';
import { CLUSTER, describeControlNet, NEAR, OPERATOR_NAMES, Pair } from '../../../support/control-net-contract.ts';
import { QUESTIONS } from '../../../support/control-samples.ts';
import { NameServer } from '../../../support/name-server.ts';
import { askHonestly, createGrpcStage, until } from './stage.ts';

describeControlNet('gRPC', () => createGrpcStage());

describe('the operator', () => {
  test.each(OPERATOR_NAMES)('has %s carried there and back', async (name) => {
    const pair = new Pair(createGrpcStage({ role: 'operator' }, {}));
    expect(await pair.listen()).toBeNull();
    const channel = pair.connect();
    const { request, response } = QUESTIONS[name];
    const outcomes: unknown[] = [];
    channel.call(name, request as never, 30_000, (...outcome) => outcomes.push(outcome));
    await until(() => pair.service.calls.length > 0);
    const [call] = pair.service.calls;
    expect(call).toMatchObject({ name, request, caller: { role: 'operator', nodeId: null } });
    call?.done(null, response as never);
    await until(() => outcomes.length > 0);
    expect(outcomes).toEqual([[null, response]]);
    channel.close();
    pair.listener?.close();
  });
});

describe('a node that is named', () => {
  const toEnd: (() => void)[] = [];
  afterEach(() => {
    for (const end of toEnd.splice(0)) end();
  });

  test('is found by its name server, also when its address changes, and probed there (B6)', async () => {
    const server = await NameServer.start({ 'far.test': '127.0.0.1' });
    toEnd.push(() => server.close());
    const pair = new Pair(createGrpcStage({ names: new Names({ servers: [server.address] }) }));
    expect(await pair.listen()).toBeNull();
    toEnd.push(() => pair.listener?.close());
    const { port } = pair.address;
    const connect = (host: string): ControlChannel => {
      const options = { address: { host, port }, clusterId: CLUSTER, self: NEAR, onReply: () => undefined };
      const channel = pair.stage.near.connect(options);
      toEnd.push(() => channel.close());
      return channel;
    };
    expect(await askHonestly(pair, connect('far.test'))).toBeNull();
    const moving = connect('moving.test');
    expect(await askHonestly(pair, moving)).toMatchObject({ code: 'unavailable' });
    server.names.set('moving.test', '127.0.0.1');
    while ((await askHonestly(pair, moving)) !== null);
    const outcomes: string[] = [];
    for (const host of ['far.test', 'absent.test'])
      pair.stage.near.probe({ host, port }, 20_000, (outcome) => outcomes.push(`${host} ${outcome}`));
    await until(() => outcomes.length === 2);
    expect(outcomes.toSorted()).toEqual(['absent.test unreachable', 'far.test accepted']);
  });
});
