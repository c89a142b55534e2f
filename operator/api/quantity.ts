/** How the quantities of manifests are written: a part of what Kubernetes takes, so that equal amounts look alike. */
export const QUANTITY = {
  bytes: {
    pattern: '^[1-9][0-9]*([kMGTP]|[KMGTP]i)?$',
    hint: 'a whole number of bytes with or without a unit, such as 200Gi',
  },
  cpu: { pattern: '^([1-9][0-9]*m?|[0-9]+[.][0-9]{1,3})$', hint: 'a number of CPUs such as 500m, 0.5 or 2' },
} as const;

const POWERS = ['', 'k', 'M', 'G', 'T', 'P'];

/** The bytes that a valid quantity of bytes stands for: `1k` is 1,000, `1Ki` 1,024. */
export function bytesOf(quantity: string): bigint {
  const [digits = '', unit = ''] = [/^[0-9]+/.exec(quantity)?.[0], /[^0-9].*$/.exec(quantity)?.[0]];
  const power = BigInt(POWERS.indexOf(unit === '' ? '' : unit.charAt(0).replace('K', 'k')));
  return BigInt(digits) * (unit.endsWith('i') ? 1_024n : 1_000n) ** power;
}
