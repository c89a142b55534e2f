import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { expect, it } from '@jest/globals';
import { postMessage } from '../../../../broker/io/control/post-message.ts';
import type { ToData } from '../../../../broker/server/control/link.ts';

function received(message: ToData): unknown {
  const { port1, port2 } = new MessageChannel();
  postMessage(port1, message);
  const got = receiveMessageOnPort(port2)?.message as unknown;
  port1.close();
  port2.close();
  return got;
}

it('hands over the bytes of a batch alone, not those around it, and leaves the sender its own', () => {
  const log = new Uint8Array(3_000_000).fill(7);
  const payload = log.subarray(1000, 1100);
  const got = received({ kind: 'batch', baseOffset: 5, payload }) as { readonly payload: Uint8Array };
  expect(got).toEqual({ kind: 'batch', baseOffset: 5, payload: new Uint8Array(100).fill(7) });
  expect(got.payload.buffer.byteLength).toBe(100);
  expect(log.byteLength).toBe(3_000_000);
});

it('sends a message without bytes as it is', () => {
  expect(received({ kind: 'controller', controllerId: 2 })).toEqual({ kind: 'controller', controllerId: 2 });
});
