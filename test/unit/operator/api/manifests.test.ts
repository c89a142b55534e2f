import { describe, expect, it } from '@jest/globals';
import { formatPath, type Issue } from '../../../../operator/api/issue.ts';
import type { AnyResource } from '../../../../operator/api/kinds.ts';
import { validateManifest } from '../../../../operator/api/manifest.ts';
import { KINDS } from '../../../../operator/api/names.ts';
import { checkRules, RULES } from '../../../../operator/api/rules.ts';
import { checkSetting } from '../../../../operator/api/settings.ts';
import { BAD } from '../../../support/manifests/bad.ts';
import { type Case, objectOf } from '../../../support/manifests/case.ts';
import { GOOD } from '../../../support/manifests/good.ts';

function findings(one: Case): readonly Issue[] {
  const now = validateManifest(objectOf(one, one.spec), checkSetting);
  if (!now.ok) return now.issues;
  return one.before === undefined ? [] : checkRules(now.resource, valid(one, one.before));
}

function valid(one: Case, spec: object): AnyResource {
  const validated = validateManifest(objectOf(one, spec), checkSetting);
  if (!validated.ok) throw new Error(`${one.title}: what is there before is not valid`);
  return validated.resource;
}

describe('the table of manifests', () => {
  it.each(GOOD)('has $kind with $title, which is taken', (one) => {
    expect(findings(one)).toEqual([]);
  });

  it.each(BAD)('has $kind with $title, which is refused at $path', (one) => {
    const said = findings(one).map(({ path, message }) => ({ path: formatPath(path), message }));
    expect(said).toEqual([{ path: one.path, message: one.message }]);
  });

  it('has for every rule a manifest that it refuses and one that passes it', () => {
    const [refused, passed] = [new Set<string>(), new Set<string>()];
    const look = (one: Case): void => {
      for (const rule of RULES[one.kind]) {
        const broken = findings(one).some(({ message }) => message === rule.message);
        (broken ? refused : passed).add(`${one.kind} ${rule.message}`);
      }
    };
    for (const one of [...GOOD, ...BAD]) look(one);
    const all = KINDS.flatMap((kind) => RULES[kind].map(({ message }) => `${kind} ${message}`));
    expect([...refused].sort()).toEqual([...new Set(all)].sort());
    expect([...passed].sort()).toEqual([...new Set(all)].sort());
  });
});
