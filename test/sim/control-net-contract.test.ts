// The simulated network keeps what gRPC keeps.
import { createPrng } from '../../broker/core/base/prng.ts';
import { describeControlNet } from '../support/control-net-contract.ts';
import { SimControlNetwork } from './control-net.ts';
import { SimNetwork } from './net.ts';
import { World } from './world.ts';

const NEAR_HOST = '10.0.0.1';
const FAR_HOST = '10.0.0.2';
const DEADLINE_MS = 60_000;

describeControlNet('the simulated network', () => {
  const world = new World(1);
  const network = new SimControlNetwork(world, createPrng(7));
  const hosts = new SimNetwork(world);
  return {
    near: network.of(hosts.host(NEAR_HOST)),
    far: network.of(hosts.host(FAR_HOST)),
    address: { host: FAR_HOST, port: 7000 },
    until: async (isSo) => {
      const endMs = world.nowMs + DEADLINE_MS;
      while (!isSo()) {
        if (world.nowMs > endMs) throw new Error(`not so after ${DEADLINE_MS} ms: ${String(isSo)}`);
        world.runFor(1);
        // Waits of the test itself go on between.
        await Promise.resolve();
      }
    },
    end: () => undefined,
  };
});
