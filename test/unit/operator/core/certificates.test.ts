import { describe, expect, it } from '@jest/globals';
import {
  type Authority,
  type CertificatePlan,
  type CertificateState,
  dueMs,
  type HeldCertificate,
  type Holder,
  planCertificates,
  SETTLE_MS,
} from '../../../../operator/core/certificates.ts';

const DAY_MS = 86_400_000;
const NODES: readonly Holder[] = [0, 1, 2].map((id) => ({ name: `node-${id}`, settleMs: SETTLE_MS }));
const HOLDERS: readonly Holder[] = [...NODES, { name: 'operator', settleMs: 0 }];
const NAMES = HOLDERS.map(({ name }) => name);

const NOTHING: CertificateState = { authorities: [], trustedSinceMs: null, held: new Map() };

function authority(id: string, fromMs = 0, untilMs = 1_000 * DAY_MS, hasKey = true): Authority {
  return { id, fromMs, untilMs, hasKey };
}
function held(
  signer: string | null,
  fromMs: number,
  untilMs = fromMs + 90 * DAY_MS,
  isFitting = true,
): HeldCertificate {
  return { signer, fromMs, untilMs, isFitting };
}
/** Everybody has the same, but those named. */
function everybody(one: HeldCertificate, more: Readonly<Record<string, HeldCertificate>> = {}) {
  return new Map(NAMES.map((name) => [name, more[name] ?? one]));
}
function plan(state: Partial<CertificateState>, nowMs: number): CertificatePlan {
  const made = planCertificates(HOLDERS, { ...NOTHING, ...state }, nowMs);
  if (made === null) throw new Error('the clock is behind');
  return made;
}
const isEmpty = (
  { makesAuthority, issue, trusted }: CertificatePlan,
  state: { readonly authorities: readonly Authority[] },
) => !makesAuthority && issue.length === 0 && trusted.length === state.authorities.length;

describe('a plan of certificates', () => {
  it('of nothing is an authority that signs for everybody at once', () => {
    expect(plan({}, DAY_MS)).toEqual({ makesAuthority: true, trusted: [], signer: null, issue: NAMES });
  });

  it('of what is as it should be is empty, up to two thirds of the first life that ends (C3)', () => {
    const state = { authorities: [authority('a')], trustedSinceMs: 0, held: everybody(held('a', 0)) };
    expect(isEmpty(plan(state, 0), state)).toBe(true);
    expect(isEmpty(plan(state, 60 * DAY_MS - 1), state)).toBe(true);
    expect(plan(state, 60 * DAY_MS)).toMatchObject({ makesAuthority: false, signer: 'a', issue: NAMES });
  });

  it('gives somebody new a certificate, and nobody else', () => {
    const all = everybody(held('a', 0));
    all.delete('node-1');
    expect(plan({ authorities: [authority('a')], trustedSinceMs: 0, held: all }, DAY_MS).issue).toEqual(['node-1']);
  });

  it.each<[string, HeldCertificate]>([
    ['does not fit', held('a', 0, 90 * DAY_MS, false)],
    ['a stranger signed', held(null, 0)],
    ['an authority signed that nobody knows any more', held('b', 0)],
    ['is expired', held('a', 0, DAY_MS)],
  ])('replaces what %s at once (C2)', (_, one) => {
    const state = {
      authorities: [authority('a')],
      trustedSinceMs: 0,
      held: everybody(held('a', 0), { 'node-2': one }),
    };
    expect(plan(state, DAY_MS)).toMatchObject({ makesAuthority: false, issue: ['node-2'] });
  });

  it('does nothing by a clock by which something was made in the future (C4)', () => {
    const state = { authorities: [authority('a', 5)], trustedSinceMs: 5, held: everybody(held('a', 5)) };
    expect(planCertificates(HOLDERS, state, 4)).toBeNull();
    const late = everybody(held('a', 5), { operator: held('a', 9) });
    expect(planCertificates(HOLDERS, { ...state, held: late }, 8)).toBeNull();
    expect(planCertificates(HOLDERS, { ...state, held: late }, 9)).not.toBeNull();
    for (const stranger of [held(null, 9), held('a', 9, 99, false)])
      expect(plan({ ...state, held: everybody(held('a', 5), { operator: stranger }) }, 8).issue).toEqual(['operator']);
  });
});

describe('an authority that is due', () => {
  const old = authority('old', 0, 300 * DAY_MS);
  const young = authority('young', 200 * DAY_MS, 500 * DAY_MS);
  const both = [old, young];
  const ofOld = everybody(held('old', 199 * DAY_MS));
  const atMs = 200 * DAY_MS;

  it('gets a successor, which signs nothing yet (C1)', () => {
    expect(plan({ authorities: [old], trustedSinceMs: 0, held: ofOld }, atMs)).toEqual({
      makesAuthority: true,
      trusted: ['old'],
      signer: 'old',
      issue: [],
    });
    const soon = { authorities: both, trustedSinceMs: atMs, held: ofOld };
    for (const nowMs of [atMs, atMs + SETTLE_MS - 1])
      expect(plan(soon, nowMs)).toEqual({ makesAuthority: false, trusted: ['old', 'young'], signer: 'old', issue: [] });
  });

  it('is followed when nodes have been told to trust its successor for long enough', () => {
    const told = plan({ authorities: both, trustedSinceMs: atMs, held: ofOld }, atMs + SETTLE_MS);
    expect(told).toEqual({ makesAuthority: false, trusted: ['old', 'young'], signer: 'young', issue: NAMES });
    const never = plan({ authorities: both, trustedSinceMs: null, held: ofOld }, atMs + 9 * SETTLE_MS);
    expect(never).toMatchObject({ signer: 'old', issue: [] });
  });

  it('is trusted until all have had a certificate of its successor for long enough', () => {
    const at = atMs + SETTLE_MS;
    const trustedAt = (nowMs: number, ofNode2: HeldCertificate) =>
      plan(
        {
          authorities: both,
          trustedSinceMs: atMs,
          held: everybody(held('young', at), { 'node-2': ofNode2, operator: held('young', nowMs) }),
        },
        nowMs,
      ).trusted;
    expect(trustedAt(at + SETTLE_MS - 1, held('young', at))).toEqual(['old', 'young']);
    expect(trustedAt(at + SETTLE_MS, held('young', at + 1))).toEqual(['old', 'young']);
    expect(trustedAt(at + SETTLE_MS, held('old', at))).toEqual(['old', 'young']);
    expect(trustedAt(at + SETTLE_MS, held('young', at))).toEqual(['young']);
  });

  it('goes when it is expired, whatever was signed by it', () => {
    const state = { authorities: both, trustedSinceMs: atMs, held: ofOld };
    expect(plan(state, old.untilMs)).toMatchObject({ trusted: ['young'], signer: 'young', issue: NAMES });
  });

  it('whose key is gone is trusted while another one becomes known, which signs for those alone who have nothing', () => {
    const lost = authority('lost', 0, 300 * DAY_MS, false);
    const state = { authorities: [lost], trustedSinceMs: 0, held: everybody(held('lost', DAY_MS)) };
    expect(plan(state, DAY_MS)).toEqual({ makesAuthority: true, trusted: ['lost'], signer: null, issue: [] });
    const some = everybody(held('lost', DAY_MS));
    some.delete('node-0');
    const next = { authorities: [lost, authority('next', DAY_MS)], trustedSinceMs: DAY_MS, held: some };
    expect(plan(next, DAY_MS)).toMatchObject({ trusted: ['lost', 'next'], signer: 'next', issue: ['node-0'] });
    expect(plan(next, DAY_MS + SETTLE_MS).issue).toEqual(NAMES);
  });
});

describe('through years in which the operator is away now and then', () => {
  /** Lives of certificates in the model. */
  const LIFE_MS = { authority: 90 * DAY_MS, node: 9 * DAY_MS };
  /** How long a node may go on with the files that it read. */
  const READ_MS = SETTLE_MS - 3_600_000;
  interface Files {
    readonly atMs: number;
    readonly trusted: readonly string[];
    readonly signers: ReadonlyMap<string, string>;
  }

  /** Runs the plan at these times; gives what nodes were given, and when. */
  function written(timesMs: readonly number[]): readonly Files[] {
    let count = 0;
    let state = NOTHING;
    const files: Files[] = [];
    for (const nowMs of timesMs) {
      const { makesAuthority, trusted, signer, issue } = plan(state, nowMs);
      const made = makesAuthority ? [authority(`a${(count += 1)}`, nowMs, nowMs + LIFE_MS.authority)] : [];
      const authorities = [...state.authorities.filter(({ id }) => trusted.includes(id)), ...made];
      const by = authorities.find(({ id }) => id === (signer ?? made[0]?.id));
      const holdings = new Map(state.held);
      for (const name of issue)
        holdings.set(name, held(by?.id ?? null, nowMs, Math.min(nowMs + LIFE_MS.node, by?.untilMs ?? 0)));
      const isSame = made.length === 0 && authorities.length === state.authorities.length;
      state = { authorities, held: holdings, trustedSinceMs: isSame ? state.trustedSinceMs : nowMs };
      files.push({
        atMs: nowMs,
        trusted: authorities.map(({ id }) => id),
        signers: new Map(NAMES.map((name) => [name, state.held.get(name)?.signer ?? ''])),
      });
    }
    return files;
  }

  /** Moments at which a node that has the later files and one that has the earlier ones still do not take each other's certificates. */
  function refusals(all: readonly Files[]): readonly string[] {
    const found: string[] = [];
    for (const [index, files] of all.entries()) {
      for (let next = index; next < all.length; next += 1) {
        const other = all[next];
        if (other === undefined || (next > index + 1 && other.atMs - files.atMs >= READ_MS)) break;
        for (const { name } of NODES) {
          const [signer = '', later = ''] = [files.signers.get(name), other.signers.get(name)];
          if (!files.trusted.includes(later) || !other.trusted.includes(signer))
            found.push(`${name} from ${files.atMs} to ${other.atMs}: ${signer} and ${later}`);
        }
      }
    }
    return found;
  }

  it('no two nodes refuse each other, whichever of the files of the last day each has (C1)', () => {
    for (const awayMs of [0, DAY_MS / 2, 2 * DAY_MS, 8 * DAY_MS]) {
      const timesMs: number[] = [];
      for (let nowMs = DAY_MS; nowMs < 700 * DAY_MS; nowMs += DAY_MS / 6 + (timesMs.length % 23 === 0 ? awayMs : 0))
        timesMs.push(nowMs, nowMs + 1);
      const all = written(timesMs);
      expect(new Set(all.flatMap(({ trusted }) => trusted)).size).toBeGreaterThan(5);
      expect(refusals(all)).toEqual([]);
    }
  });

  it('what is due is never later than two thirds of a life', () => {
    expect(dueMs({ fromMs: 30, untilMs: 60 })).toBe(50);
  });
});
