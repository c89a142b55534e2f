import { expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import type { BrokerView } from '../../../../broker/core/metadata/view.ts';
import { ApiKey } from '../../../../broker/core/protocol/apis.ts';
import { Peers } from '../../../../broker/server/peers/peers.ts';
import { PLAIN_BROKER } from '../../../support/metadata/parts.ts';
import { VirtualLoop } from '../../../support/virtual-loop.ts';

test('a broker is reached where it says itself, and nobody else there, whatever clients are told (B2, O18)', () => {
  const loop = new VirtualLoop();
  const at = (host: string) => [{ listener: 'plain', host, port: 9092 }];
  const broker: BrokerView = {
    ...PLAIN_BROKER,
    id: brokerId(1),
    epoch: 3,
    endpoints: at('lb.example.com'),
    registered: at('10.0.0.1'),
  };
  const dialed: string[] = [];
  const said = (): void => undefined;
  const peers = new Peers({
    clock: loop,
    timers: loop,
    random: { uint32: () => 1, bytes: (size) => new Uint8Array(size) },
    log: { debug: said, info: said, warn: said, error: said },
    net: { listen: said, dial: ({ host, port, node }) => void dialed.push(`node ${node} at ${host}:${port}`) },
    nodeId: 0,
    metadata: { view: { clusterId: 'c', broker: () => broker } as never, onDelta: () => () => undefined },
    listener: 'plain',
  });
  peers.call(1, { key: ApiKey.Metadata, body: () => ({ topics: null }), done: said });
  loop.run();
  expect(new Set(dialed)).toEqual(new Set(['node 1 at 10.0.0.1:9092']));
});
