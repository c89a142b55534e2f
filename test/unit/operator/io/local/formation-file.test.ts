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

describe('the formation of a cluster', () => {
  it('is nothing before it is made', () => {
    expect(new FormationFile(join(directory, 'c')).read()).toBeNull();
  });

  it('is kept, with an id as Kafka prints it, and marked when it was used', () => {
    const file = new FormationFile(join(directory, 'c'));
    const { clusterId } = file.create([0]);
    expect(clusterId).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
    expect(new FormationFile(join(directory, 'c')).read()).toEqual({ clusterId, initialVoters: [0], formed: false });
    file.markFormed();
    expect(file.read()).toEqual({ clusterId, initialVoters: [0], formed: true });
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
    '',
    '{}',
    '{"version":2,"clusterId":"x","initialVoters":[0],"formed":true}',
    '{"version":1,"clusterId":"x","initialVoters":["0"],"formed":true}',
  ])('is not guessed from %j', (text) => {
    writeFileSync(join(directory, 'cluster.json'), text);
    expect(() => new FormationFile(directory).read()).toThrow(`${join(directory, 'cluster.json')} is damaged`);
  });
});
