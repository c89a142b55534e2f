import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { WEIR_LEVELS } from '../../../../broker/core/config/weir-levels.ts';
import { SUPPORTED_FEATURES, WEIR_VERSION } from '../../../../broker/core/metadata/features.ts';
import type { Cluster } from '../../../../operator/api/kinds.ts';
import type { HostVersions } from '../../../../operator/core/observed.ts';
import { settleVersion } from '../../../../operator/core/settle-version.ts';
import { compareVersions } from '../../../../operator/core/versions.ts';
import { cluster } from '../../../support/operator-manifests.ts';

/** Level 1 came with 1.0.0, 2 with 1.4.0. */
const LEVELS = ['1.0.0', '1.4.0'];

/** What becomes of a Cluster of which this version is asked, where nodes run `running`: the version that is kept, and what is said. */
function settled(
  version: string | undefined,
  featureLevel: number | null,
  { own = '1.4.2', made = '1.4.2', running = ['1.4.2'] }: Partial<HostVersions> = {},
) {
  const base = cluster({}, { brokers: 3 });
  const wanted: Cluster = {
    ...base,
    spec: { ...base.spec, ...(version !== undefined && { version }) },
    recorded: { featureLevel, nextLevel: null },
  };
  const host = { formation: null, nodes: [], versions: { own, made, running } };
  const { cluster: found, conditions } = settleVersion(wanted, host, LEVELS);
  // Nothing that a manifest says is changed: it would look as if somebody had.
  expect(found.spec).toBe(wanted.spec);
  return [found.keptVersion ?? null, ...conditions.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)];
}

const BACK = 'it is in force, and no level is ever left again';

describe('the version of nodes', () => {
  it('is what is asked for where that is one minor version on, or of the same one', () => {
    for (const version of [undefined, '1.4.2', '1.4.9', '1.4.0', '1.5.0', '2.0.0', 'nightly'])
      expect([version, ...settled(version, 2)]).toEqual([version, null]);
  });

  it('is the one before again until the level is raised that came with it', () => {
    expect(settled('1.3.8', 1)).toEqual([null]);
    expect(settled('1.3.8', 0)).toEqual([null]);
    expect(settled('1.3.8', 2)).toEqual([
      '1.4.2',
      `Stalled VersionTooOld: nodes stay with 1.4.2: spec.version 1.3.8 may not know weir.version 2, which came with 1.4.0: ${BACK}`,
    ]);
    // What comes before a release has what that has.
    expect(settled('1.4.0-rc.1', 2)).toEqual([null]);
  });

  it('is not that of an operator that is too old, or too new', () => {
    expect(settled(undefined, 2, { own: '1.3.0' })[1]).toContain('the version of this operator, 1.3.0, may not know');
    expect(settled(undefined, 2, { own: '1.6.0' })).toEqual([
      '1.4.2',
      'Stalled VersionSkipped: nodes stay with 1.4.2: the version of this operator, 1.6.0, is more than one minor version from 1.4.2, which nodes run: set spec.version to one between them first',
    ]);
  });

  it('goes no second step while nodes of the first one are left', () => {
    const half = { made: '1.4.0', running: ['1.4.0', '1.3.0'] };
    expect(settled('1.5.0', 1, half)[1]).toContain('is more than one minor version from 1.3.0');
    expect(settled('1.5.0', 1, { ...half, running: ['1.4.0'] })).toEqual([null]);
  });

  it('stays until it is known which level is in force, and where that is of a later release', () => {
    expect(settled('1.4.1', null)).toEqual([
      '1.4.2',
      'Progressing VersionWaits: nodes stay with 1.4.2: spec.version 1.4.1 is older than what nodes run, and it is not known yet whether they can go back',
    ]);
    expect(settled('1.5.0', null)).toEqual([null]);
    expect(settled('1.4.1', 3)[1]).toContain('weir.version 3, which is later than this operator');
    expect(settled('1.5.0', 3)).toEqual([null]);
  });

  it('may be any where no node is ready, so that a mistake can be mended, and stays nothing where none was made', () => {
    expect(settled('1.2.0', 1, { made: '9.9.9', running: [] })).toEqual([null]);
    expect(settleVersion(cluster(), { formation: null, nodes: [] }).conditions).toEqual([]);
    const first = { formation: null, nodes: [], versions: { own: '1.0.0', made: null, running: [] } };
    expect(settleVersion(cluster(), first)).toMatchObject({ conditions: [] });
  });
});

describe('the table of levels', () => {
  it('has one release for each level of this build, in order, and none that is not out', () => {
    expect(SUPPORTED_FEATURES.find(({ name }) => name === WEIR_VERSION)?.max).toBe(WEIR_LEVELS.length);
    const sorted = WEIR_LEVELS.toSorted((a, b) => compareVersions(a, b) ?? Number.NaN);
    expect(sorted).toEqual(WEIR_LEVELS);
    const { version } = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')) as {
      readonly version: string;
    };
    expect(compareVersions(WEIR_LEVELS.at(-1) ?? '', version)).toBeLessThanOrEqual(0);
  });
});
