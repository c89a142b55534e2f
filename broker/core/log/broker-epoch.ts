import type { Buffer } from 'node:buffer';
import type { Crc32c } from '../base/checksum.ts';
import { openText, sealText } from './sealed-text.ts';

const HEAD = 'weir-broker-epoch 1';

/** Text of `broker-epoch`: the last epoch in which this disk's broker asked to be let in (D4 c). */
export function encodeBrokerEpoch(brokerEpoch: number, crc32c: Crc32c): Buffer {
  return sealText([HEAD, String(brokerEpoch)], crc32c);
}

/** Reads `broker-epoch`; −1 when it is not what was written: nothing is known of this disk then. */
export function decodeBrokerEpoch(bytes: Uint8Array, crc32c: Crc32c): number {
  const [line = '', ...rest] = openText(bytes, HEAD, crc32c) ?? [];
  return rest.length === 0 && /^\d{1,15}$/.test(line) ? Number(line) : -1;
}
