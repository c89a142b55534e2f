/**
 * Reads `address:number` pairs separated by commas, as `max.connections.per.ip.overrides` has them; an IPv6 address stands as
 * it is, the number is behind the last colon. A sentence says what is wrong.
 */
export function parseAddressLimits(
  text: string,
):
  | { readonly problem: null; readonly limits: ReadonlyMap<string, number> }
  | { readonly problem: string; readonly limits: null } {
  const limits = new Map<string, number>();
  for (const pair of text.split(',')) {
    const entry = pair.trim();
    if (entry === '') continue;
    const colon = entry.lastIndexOf(':');
    const address = entry.slice(0, Math.max(0, colon)).trim();
    const count = entry.slice(colon + 1).trim();
    if (!isAddress(address))
      return refused(`names '${entry.slice(0, 100)}': IP addresses are needed, as ADDRESS:NUMBER`);
    if (!/^\d{1,9}$/.test(count)) return refused(`has no number behind ${address}`);
    limits.set(plainAddress(address), Number(count));
  }
  return { problem: null, limits };
}

const refused = (problem: string): { readonly problem: string; readonly limits: null } => ({ problem, limits: null });

function isAddress(text: string): boolean {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return text.split('.').every((part) => Number(part) <= 255);
  return text.includes(':') && /^[0-9a-fA-F:.]+$/.test(text);
}

/** An address as connections are counted by it: an IPv4 peer of an IPv6 socket is the same peer. */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address.toLowerCase();
}
