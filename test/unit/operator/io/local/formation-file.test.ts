import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
