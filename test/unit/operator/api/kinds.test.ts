import { describe, expect, it } from '@jest/globals';
import { API, API_VERSION, KINDS } from '../../../../operator/api/names.ts';
import { MANAGED_SETTINGS } from '../../../../operator/api/manifest.ts';
import { SPECS } from '../../../../operator/api/kinds.ts';
import { conditionTypesOf, STATUSES } from '../../../../operator/api/status.ts';
import type { Schema } from '../../../../operator/api/schema.ts';
import { formatPath, nearest } from '../../../../operator/api/issue.ts';
import { rowsOf } from '../../../../broker/core/config/rows.ts';

function fieldNames(schema: Schema): string[] {
  if (schema.type === 'array') return fieldNames(schema.items);
  if (schema.type !== 'object') return [];
  return Object.entries(schema.properties).flatMap(([name, property]) => [name, ...fieldNames(property)]);
}

function every(schema: Schema): Schema[] {
  if (schema.type === 'array') return [schema, ...every(schema.items)];
  if (schema.type !== 'object') return [schema];
  return [schema, ...Object.values(schema.properties).flatMap(every)];
}

describe('the kinds', () => {
  it('stand with their names in one constant', () => {
    expect(API_VERSION).toBe('weir.dev/v1alpha1');
    expect([...KINDS].sort()).toEqual(Object.keys(API.kinds).sort());
    expect(Object.keys(SPECS).sort()).toEqual([...KINDS].sort());
  });

  it.each(KINDS)(
    '%s has no typed field that a setting of Kafka has as well, unless config refuses that setting',
    (kind) => {
      const settings = new Set(['broker', 'topic', 'group'].flatMap((scope) => [...rowsOf(scope as 'broker').keys()]));
      const overlap = fieldNames(SPECS[kind]).filter((name) => settings.has(name) && !MANAGED_SETTINGS.has(name));
      expect(overlap).toEqual([]);
    },
  );

  // What an operator writes is held against this, too (`OperatorStage`).
  it.each([
    [
      'Cluster',
      'Ready Reconciling Stalled Paused Available ReplicationSufficient RestartPending RollAwaited AddressPending FeaturePending ScalingLimited ScalingHeld',
    ],
    ['ShareGroup', 'Ready Reconciling Stalled Paused Conflict SubscriptionDiffers ScalingActive'],
    ['Topic', 'Ready Reconciling Stalled Paused Conflict'],
  ] as const)('%s says of each type of condition that it can have, and of no other, what it means', (kind, types) => {
    const { description } = STATUSES[kind].properties.conditions;
    expect([...description.matchAll(/(\w+): /g)].map(([, type]) => type)).toEqual(types.split(' '));
    expect([...conditionTypesOf(kind)]).toEqual(types.split(' '));
  });

  it.each(KINDS)('%s describes every field and bounds every list and text', (kind) => {
    for (const schema of every(SPECS[kind])) {
      expect(schema.description).not.toBe('');
      if (schema.type === 'array') expect(schema.maxItems).toBeLessThanOrEqual(1_000);
      if (schema.type === 'string') expect(schema.maxLength).toBeLessThanOrEqual(317);
    }
  });
});

describe('paths and suggestions', () => {
  it('quote names that are not plain', () => {
    expect(formatPath(['spec', 'config', 'a.b', 0, 'c'])).toBe('spec.config["a.b"][0].c');
  });

  it.each([
    ['replica', ['replicas', 'brokers'], 'replicas'],
    ['Topic', ['topics'], 'topics'],
    ['x', ['topics', 'y'], null],
    ['entirely', ['different'], null],
  ] as const)('mean by %s out of %j: %s', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });
});
