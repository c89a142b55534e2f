import { describe, expect, it } from '@jest/globals';
import { compareVersions, isOneStep, tooOld } from '../../../../operator/core/versions.ts';

describe('versions', () => {
  it('compare part by part, and what comes before one is older', () => {
    // The example of Semantic Versioning §11, and numbers of several digits.
    const sorted = [
      '0.9.10',
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.9.0',
      '1.10.0',
      '2.0.0-1',
    ];
    for (const [at, one] of sorted.entries())
      for (const [index, other] of sorted.entries())
        expect([one, other, Math.sign(compareVersions(one, other) ?? NaN)]).toEqual([
          one,
          other,
          Math.sign(at - index),
        ]);
  });

  it('are the same with a v, or whatever they were built from', () => {
    expect(compareVersions('v1.2.3', '1.2.3+abc')).toBe(0);
  });

  it('are the same, too, where a tag of an image tells who built it', () => {
    for (const build of ['1.3.0-corp', '1.3.0-debian-12', '1.3.0-prefix', '1.3.0-corp.7'])
      for (const other of ['1.3.0', '1.3.0-alpine']) expect([build, compareVersions(build, other)]).toEqual([build, 0]);
    expect(compareVersions('1.3.0-corp', '1.3.0-rc.1')).toBeGreaterThan(0);
    expect(compareVersions('1.3.0-corp', '1.3.1-rc1')).toBeLessThan(0);
    expect(tooOld('1.3.0-corp', '1.3.0')).toBeNull();
  });

  it('are one step apart with the next minor version, or the first of the next major one', () => {
    const steps = (...versions: readonly string[]) =>
      versions.map((one) => [isOneStep('1.4.2', one), isOneStep(one, '1.4.2')]);
    const [yes, no] = [
      [true, true],
      [false, false],
    ];
    expect(steps('1.4.0', '1.5.9', '1.3.1-rc.1', '2.0.3', 'latest')).toEqual([yes, yes, yes, yes, yes]);
    expect(steps('1.6.0', '1.2.9', '2.1.0', '3.0.0', '0.9.0')).toEqual([no, no, no, no, no]);
  });

  it.each(['dev', '1.2', '1.2.3.4', '', 'latest', '1.2.x'])('%j is none, and older than nothing', (text) => {
    expect(compareVersions(text, '1.2.3')).toBeNull();
    expect(compareVersions('1.2.3', text)).toBeNull();
    expect(tooOld('1.2.3', text)).toBeNull();
    expect(tooOld(text, '1.2.3')).toBeNull();
  });
});

describe('an operator', () => {
  it('is too old where a later one has been, and there alone', () => {
    expect(tooOld('1.2.3', '1.3.0')).toEqual({
      kind: 'stalled',
      reason: 'OperatorTooOld',
      message:
        'an operator of version 1.3.0 has been here, and this one is 1.2.3: it does nothing; run 1.3.0 or a later one',
    });
    for (const seen of [null, '1.2.3', '1.2.2', '1.2.3-rc.1']) expect(tooOld('1.2.3', seen)).toBeNull();
  });
});
