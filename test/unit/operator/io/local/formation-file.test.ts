import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FormationFile } from '../../../../../operator/io/local/formation-file.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-formation-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A record of version 2 with these voters whose checksum is right. */
function sealed(voters: string): string {
  const checksum = createHash('sha256').update(`[2,"x",${voters},true]`).digest('hex').slice(0, 16);
  return `{"version":2,"clusterId":"x","initialVoters":${voters},"formed":true,"checksum":"${checksum}"}`;
}

describe('the formation of a cluster', () => {
  it('is nothing before it is made', () => {
    expect(new FormationFile(join(directory, 'c')).read()).toBeNull();
  });

  it('is kept, with an id as Kafka prints it, and marked when it was used', () => {
    const file = new FormationFile(join(directory, 'c'));
    const { clusterId, initialVoters } = file.create([0, 2]);
    const ids = [clusterId, ...initialVoters.map((voter) => voter.directoryId)];
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
    expect(new Set(ids).size).toBe(3);
    expect(initialVoters.map((voter) => voter.id)).toEqual([0, 2]);
    expect(new FormationFile(join(directory, 'c')).read()).toEqual({ clusterId, initialVoters, formed: false });
    file.markFormed();
    expect(file.read()).toEqual({ clusterId, initialVoters, formed: true });
    expect(readdirSync(join(directory, 'c'))).toEqual(['cluster.json']);
  });

  it('is itself or damaged, whichever bit of it flips', () => {
    const file = new FormationFile(directory);
    file.create([0, 1]);
    const right = file.read();
    const path = join(directory, 'cluster.json');
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length * 8; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
      writeFileSync(path, bytes);
      let found: unknown = null;
      try {
        found = file.read();
      } catch (error) {
        expect(String(error)).toContain(`${path} is damaged`);
        continue;
      }
      expect([at, found]).toEqual([at, right]);
    }
  });

  it('of a newer release says what can read it', () => {
    const record = { version: 9, clusterId: 'x', initialVoters: [0], formed: true };
    const checksum = createHash('sha256').update('[9,"x",[0],true]').digest('hex').slice(0, 16);
    writeFileSync(join(directory, 'cluster.json'), JSON.stringify({ ...record, checksum }));
    expect(() => new FormationFile(directory).read()).toThrow(
      /cluster.json has version 9, which is not known to this release; start the release of Weir that wrote it/,
    );
  });

  it.each([
    ['before records had checksums', '{"version":1,"clusterId":"x","initialVoters":[0],"formed":true}'],
    ['with one', '{"version":1,"clusterId":"x","initialVoters":[0],"formed":true,"checksum":"9afc4ba71fc0ea54"}'],
  ])('is read from an earlier release %s; its voter has the disk that it made', (_name, text) => {
    writeFileSync(join(directory, 'cluster.json'), text);
    const voters = [{ id: 0, directoryId: null }];
    expect(new FormationFile(directory).read()).toEqual({ clusterId: 'x', initialVoters: voters, formed: true });
  });

  it.each([
    '',
    '{}',
    'null',
    '{"version":2,"clusterId":"x","initialVoters":[{"id":0,"directoryId":null}],"formed":true}',
    '{"version":1,"clusterId":"x","initialVoters":["0"],"formed":true}',
    '{"version":1,"clusterId":"x","initialVoters":[0],"formed":true,"checksum":"9afc4ba71fc0ea55"}',
    sealed('[{"id":0,"directoryId":"short"}]'),
    sealed('[{"id":0,"directoryId":null},{"id":0,"directoryId":null}]'),
    sealed('[{"id":-1,"directoryId":null}]'),
    sealed('[null]'),
    sealed('[]'),
  ])('is not guessed from %j', (text) => {
    writeFileSync(join(directory, 'cluster.json'), text);
    expect(() => new FormationFile(directory).read()).toThrow(`${join(directory, 'cluster.json')} is damaged`);
  });
});
