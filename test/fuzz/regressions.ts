import type { FuzzCase } from './cases.ts';

/** Bytes that once broke a broker, each with what it did. */
const FOUND: readonly { readonly did: string; readonly hex: string }[] = [];

/** The same as cases. */
export const REGRESSIONS: readonly FuzzCase[] = FOUND.map(({ did, hex }) => ({
  kind: 'mutation',
  title: `bytes that once ${did}`,
  apiKey: -1,
  bytes: Buffer.from(hex, 'hex'),
  isOpenEnded: false,
}));
