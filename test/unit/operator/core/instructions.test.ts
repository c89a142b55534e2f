import { describe, expect, it } from '@jest/globals';
import { instructionsOf } from '../../../../operator/core/instructions.ts';
import { cluster, topic } from '../../../support/operator-manifests.ts';

const read = (annotations: Readonly<Record<string, string>>) => instructionsOf(cluster({}, { annotations }));

describe('the annotations of a manifest', () => {
  it('ask for nothing when there are none, or others', () => {
    const nothing = {
      isPaused: false,
      isObserved: false,
      restart: null,
      replacedNode: null,
      confirmedBrokers: null,
      problems: [],
    };
    expect(instructionsOf(cluster())).toEqual(nothing);
    expect(read({ 'argocd.argoproj.io/sync-wave': '1', 'weir.dev.example/pause': 'x' })).toEqual(nothing);
    expect(read({ 'weir.dev/pause': 'false' })).toEqual(nothing);
  });

  it('ask to pause, to observe, to restart, to replace a disk and to confirm a scale-down', () => {
    expect(
      read({
        'weir.dev/pause': 'true',
        'weir.dev/adopt': 'observe',
        'weir.dev/restart': '2026-11-29T19:00:00Z',
        'weir.dev/replace-node': '1',
        'weir.dev/confirm-scale-down': '3',
      }),
    ).toEqual({
      isPaused: true,
      isObserved: true,
      restart: '2026-11-29T19:00:00Z',
      replacedNode: 1,
      confirmedBrokers: 3,
      problems: [],
    });
  });

  it.each([
    ['weir.dev/pause', 'yes', '"true" or "false", not "yes"', { isPaused: true }],
    ['weir.dev/adopt', 'never', '"observe", not "never"', { isObserved: true }],
    ['weir.dev/restart', ' ', 'a text of 1 to 100 characters, such as a time, not " "', { restart: null }],
    [
      'weir.dev/restart',
      'x'.repeat(101),
      'a text of 1 to 100 characters, such as a time, not a text of 101 characters',
      { restart: null },
    ],
    ['weir.dev/replace-node', '01', 'the id of a node, such as "1", not "01"', { replacedNode: null }],
    ['weir.dev/replace-node', '1,2', 'the id of a node, such as "1", not "1,2"', { replacedNode: null }],
    ['weir.dev/confirm-scale-down', 'true', 'a number of brokers, such as "3", not "true"', { confirmedBrokers: null }],
  ])('%s: %j is no value; what it may have meant as a stop is one', (name, value, wanted, rest) => {
    expect(read({ [name]: value })).toMatchObject({ problems: [`annotation ${name} must be ${wanted}`], ...rest });
  });

  it('that mean nothing are told, with what may be meant', () => {
    expect(read({ 'weir.dev/restrat': '1', 'weir.dev/mystery': '1' }).problems).toEqual([
      'annotation weir.dev/mystery means nothing on a Cluster',
      'annotation weir.dev/restrat means nothing on a Cluster; did you mean weir.dev/restart?',
    ]);
    const one = topic('t');
    const annotations = new Map([
      ['weir.dev/restart', '1'],
      ['weir.dev/pause', 'true'],
    ]);
    expect(instructionsOf({ ...one, metadata: { ...one.metadata, annotations } })).toMatchObject({
      isPaused: true,
      restart: null,
      problems: ['annotation weir.dev/restart means nothing on a Topic; it is for Clusters'],
    });
  });
});
