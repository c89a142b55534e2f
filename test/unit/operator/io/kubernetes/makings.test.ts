// What pods are made of, by the versions of the operator: a difference restarts every node of every Cluster when the operator is upgraded.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import type { Cluster } from '../../../../../operator/api/kinds.ts';
import { compareVersions } from '../../../../../operator/core/versions.ts';
import { render } from '../../../../../operator/io/kubernetes/render.ts';
import { EVERYTHING, QUICKSTART } from '../../../../support/kubernetes/cluster-specs.ts';
import { at, clusterOf, settledBlueprint } from '../../../../support/kubernetes/rendered.ts';

const FILE = new URL('makings.json', import.meta.url);
/** Set to 1: what this version makes is written down; the difference is for a reviewer. */
const isRewriting = process.env['WEIR_REWRITE_SCRIPTS'] === '1';

type Makings = Readonly<Record<string, string>>;

/** Versions after which pods were made otherwise, with what they were made of; that of a release that is out stays as it is. */
const known = JSON.parse(readFileSync(FILE, 'utf8')) as Readonly<Record<string, Makings>>;
const { version } = JSON.parse(readFileSync(new URL('../../../../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** Clusters whose nodes have a version of their own: that of the operator is no part of them. */
const CASES: Readonly<Record<string, Cluster>> = {
  one: clusterOf({ brokers: { replicas: 1 }, version: '1.0.0' }, { name: 'one' }),
  quickstart: clusterOf({ ...QUICKSTART, version: '1.0.0' }, { name: 'quickstart' }),
  everything: clusterOf({ ...EVERYTHING, version: '1.0.0' }),
};

const setsOf = (cluster: Cluster, tag: string) => {
  const blueprint = settledBlueprint(cluster);
  const { site } = blueprint;
  const objects = render({ ...blueprint, site: { ...site, image: { ...site.image, tag } } });
  return objects.filter(({ kind }) => kind === 'StatefulSet');
};

/** All that decides whether a node is started anew. */
function makings(): Makings {
  const hashes = Object.values(CASES).flatMap((cluster) =>
    setsOf(cluster, version).map((set) => {
      const annotation = (name: string) =>
        String(at(set, 'spec', 'template', 'metadata', 'annotations', `weir.dev/${name}`));
      return [set.metadata.name, `${annotation('spec-hash')} ${annotation('pod-hash')}`] as const;
    }),
  );
  return Object.fromEntries(hashes);
}

it('operators of all versions make the same pods of a Cluster that says which version its nodes run', () => {
  for (const cluster of Object.values(CASES)) {
    const [one, ...others] = ['0.1.0', '1.0.0', '7.8.9'].map((tag) => setsOf(cluster, tag));
    expect(one?.length).toBeGreaterThan(0);
    for (const other of others) expect(other).toEqual(one);
  }
});

it('pods are made as the last version that made them otherwise did: a new operator restarts nobody without need', () => {
  const versions = Object.keys(known).sort((a, b) => compareVersions(a, b) ?? Number.NaN);
  const last = versions.at(-1) ?? '';
  expect(compareVersions(last, version)).toBeLessThanOrEqual(0);
  if (isRewriting && JSON.stringify(known[last]) !== JSON.stringify(makings()))
    writeFileSync(FILE, `${JSON.stringify({ ...known, [version]: makings() }, null, 2)}\n`);
  else expect({ [last]: makings() }).toEqual({ [last]: known[last] });
});
