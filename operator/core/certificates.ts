/** When a certificate holds, ms since 1970. */
export interface Validity {
  readonly fromMs: number;
  /** Exclusive. */
  readonly untilMs: number;
}

/** A certificate that signs others. */
export interface Authority extends Validity {
  /** Tells it from others for ever. */
  readonly id: string;
  /** Without its key it is still trusted, and signs nothing more. */
  readonly hasKey: boolean;
}

/** A certificate that somebody has. */
export interface HeldCertificate extends Validity {
  /** Id of the authority that signed it; null: none of those that are known. */
  readonly signer: string | null;
  /** It names its holder as it should, and the key beside it is its own. */
  readonly isFitting: boolean;
}

/** Somebody who is to have a certificate. */
export interface Holder {
  readonly name: string;
  /** How long after it was written the last of those concerned has read it, ms. */
  readonly settleMs: number;
}

/** What there is. */
export interface CertificateState {
  /** The oldest first. */
  readonly authorities: readonly Authority[];
  /** Since when holders are given exactly these authorities to trust, ms since 1970; null: they are given others, or nobody knows. */
  readonly trustedSinceMs: number | null;
  /** By name of the holder; whoever has none that can be read is not in it. */
  readonly held: ReadonlyMap<string, HeldCertificate>;
}

/** What is to be done. */
export interface CertificatePlan {
  /** A new authority is to be made, which comes last. */
  readonly makesAuthority: boolean;
  /** Ids of authorities that are trusted any longer, the oldest first. */
  readonly trusted: readonly string[];
  /** Id of the authority that signs; null: the new one. */
  readonly signer: string | null;
  /** Names of holders who are to be given another certificate. */
  readonly issue: readonly string[];
}

/** How long a new authority is trusted before it signs: by then every node that runs has read of it. A day is nothing of its life, and covers a machine that was away. */
export const SETTLE_MS = 86_400_000;

/** When a certificate is to be replaced: after two thirds of its life. */
export function dueMs({ fromMs, untilMs }: Validity): number {
  return fromMs + ((untilMs - fromMs) * 2) / 3;
}

/**
 * What is to be issued and renewed now. A new authority is trusted for `SETTLE_MS` before it signs, and the one before it until nobody has a certificate
 * of its any more: both are trusted while certificates are renewed, so that at no moment two nodes refuse each other (C1). What is
 * expired, damaged or signed by a stranger is replaced at once (C2). A plan on what it leads to is empty (C3). Null: by this clock some
 * were made in the future, so that it can't be told what is due, and a whole cluster would be given certificates of the past (C4).
 */
export function planCertificates(
  holders: readonly Holder[],
  state: CertificateState,
  nowMs: number,
): CertificatePlan | null {
  const own = [...state.held.values()].filter(({ signer, isFitting }) => signer !== null && isFitting);
  if ([...state.authorities, ...own].some(({ fromMs }) => fromMs > nowMs)) return null;
  const holds = ({ untilMs }: Validity): boolean => nowMs < untilMs;
  const living = state.authorities.filter(holds);
  const signing = living.filter(({ hasKey }) => hasKey);
  const newest = signing.at(-1);
  const makesAuthority = newest === undefined || nowMs >= dueMs(newest);
  const isKnown = state.trustedSinceMs !== null && nowMs - state.trustedSinceMs >= SETTLE_MS;
  const signer = (isKnown ? newest : signing[0]) ?? null;
  const ageOf = (id: string | null): number => living.findIndex((one) => one.id === id);
  const isWell = (one: HeldCertificate): boolean =>
    one.isFitting && holds(one) && nowMs < dueMs(one) && ageOf(one.signer) >= 0;
  const isOfEarlier = (one: HeldCertificate): boolean => isKnown && ageOf(one.signer) < ageOf(signer?.id ?? null);
  const issue = holders.flatMap(({ name }) => {
    const one = state.held.get(name);
    return one !== undefined && isWell(one) && !isOfEarlier(one) ? [] : [name];
  });
  const isSettled = ({ name, settleMs }: Holder): boolean =>
    nowMs - (state.held.get(name)?.fromMs ?? nowMs) >= settleMs;
  const isOver = isKnown && issue.length === 0 && holders.every(isSettled);
  const trusted = living.filter(({ id }, age) => !isOver || age >= ageOf(signer?.id ?? id));
  return { makesAuthority, trusted: trusted.map(({ id }) => id), signer: signer?.id ?? null, issue };
}
