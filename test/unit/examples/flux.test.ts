// examples/flux: the expressions by which Flux tells health, evaluated as Flux does (RFC-0009).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { evaluate } from '@marcbachmann/cel-js';
import { parse } from 'yaml';
import { API_VERSION, KINDS } from '../../../operator/api/names.ts';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { HEALTH_SAMPLES } from '../../support/kubernetes/health-samples.ts';
import { at } from '../../support/kubernetes/rendered.ts';
import { ROOT } from '../../tidy/tree.ts';

interface Expressions {
  readonly apiVersion: string;
  readonly kind: string;
  readonly inProgress: string;
  readonly failed: string;
  readonly current: string;
}

const file: unknown = parse(readFileSync(join(ROOT, 'examples/flux/cluster.yaml'), 'utf8'));
const EXPRESSIONS = at(file, 'spec', 'healthCheckExprs') as readonly Expressions[];

/** What Flux makes of an object: another generation is never done, then one expression after the other is asked. */
function healthOf(object: KubernetesObject): string {
  const found = EXPRESSIONS.find(({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind);
  if (found === undefined) throw new Error(`nothing is said of ${object.kind}`);
  const observed = at(object, 'status', 'observedGeneration');
  if (observed !== undefined && observed !== object.metadata.generation) return 'InProgress';
  if (evaluate(found.inProgress, { ...object }) === true) return 'InProgress';
  if (evaluate(found.failed, { ...object }) === true) return 'Failed';
  return evaluate(found.current, { ...object }) === true ? 'Current' : 'InProgress';
}

describe('Flux', () => {
  it('is told how every kind is', () => {
    expect(EXPRESSIONS.map(({ apiVersion, kind }) => [apiVersion, kind])).toEqual(
      ['Cluster', 'Topic', 'ShareGroup'].map((kind) => [API_VERSION, kind]),
    );
    expect(EXPRESSIONS).toHaveLength(KINDS.length);
  });

  it.each(HEALTH_SAMPLES)('takes a $title for $flux', ({ object, flux }) => {
    expect(healthOf(object)).toBe(flux);
  });

  it('does without its own look at generations', () => {
    for (const { object, flux } of HEALTH_SAMPLES) {
      const [{ inProgress } = { inProgress: '' }] = EXPRESSIONS;
      if (at(object, 'status', 'observedGeneration') !== object.metadata.generation)
        expect([evaluate(inProgress, { ...object }), flux]).toEqual([true, 'InProgress']);
    }
  });
});
