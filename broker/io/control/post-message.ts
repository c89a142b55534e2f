import type { MessagePort } from 'node:worker_threads';

/**
 * Sends a message to the other thread with bytes of its own. A view that is posted takes its whole parent along: a batch
 * of 100 bytes would carry the metadata log of 3 MB that it was read from.
 */
export function postMessage(
  port: Pick<MessagePort, 'postMessage'>,
  message: { readonly kind: string; readonly payload?: Uint8Array },
): void {
  if (message.payload === undefined) return port.postMessage(message);
  const payload = Uint8Array.from(message.payload);
  port.postMessage({ ...message, payload }, [payload.buffer]);
}
