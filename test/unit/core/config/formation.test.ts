import { describe, expect, it } from '@jest/globals';
import { encodeFormation, parseFormation } from '../../../../broker/core/config/formation.ts';

/** The text of a record with one voter on a disk. */
function written(directoryId: string): string {
  const clusterId = 'AAAAAAAAAAAAAAAAAAAAAQ';
  return encodeFormation({ clusterId, initialVoters: [{ id: 0, directoryId }], formed: false });
}

describe('a formation record', () => {
  it('names disks by what 16 bytes are written as, since another text would not come back from the log', () => {
    expect(parseFormation(written('first-directory-id-00A')).kind).toBe('record');
    // Its last character has bits that no byte holds: read from the log it ends with w.
    expect(parseFormation(written('first-directory-id-000')).kind).toBe('damaged');
  });
});
