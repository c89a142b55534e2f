import { expect, test } from '@jest/globals';
import { overruledAddresses } from '../../../../broker/core/config/overruled.ts';

const face = (listener: string, port: number) => ({ listener, host: 'b-1', port });
const FIXED = new Map([['advertised.listeners', 'ONE://b-1:1,TWO://b-1:2']]);
const registered = [face('ONE', 1), face('TWO', 2)];

test('an address that a file advertises in vain is told, with the one that clients are told', () => {
  const told = (...endpoints: readonly ReturnType<typeof face>[]) =>
    overruledAddresses(FIXED, { registered, endpoints });
  expect(told(...registered)).toEqual([]);
  expect(told(face('ONE', 1), { listener: 'TWO', host: '203.0.113.7', port: 443 })).toEqual([
    expect.stringMatching(
      /^the settings of this node advertise TWO:\/\/b-1:2 in vain, clients are told 203.0.113.7:443: /,
    ),
  ]);
  expect(told(face('ONE', 9), face('TWO', 2))).toHaveLength(1);
});

test('nothing is told where the file advertises nothing, or the broker is not known', () => {
  const endpoints = [face('ONE', 9), face('TWO', 9)];
  expect(overruledAddresses(new Map(), { registered, endpoints })).toEqual([]);
  expect(overruledAddresses(FIXED, null)).toEqual([]);
});
