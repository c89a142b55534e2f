import type { SettingCheck } from './row.ts';
import { parseAddressLimits } from './address-limits.ts';
import { parseControllers } from './controllers.ts';
import { parseListeners, parseProtocolMap } from './listeners.ts';
import { parseDurationMs } from './duration.ts';

/** A check by name: what it allows in words, and what is wrong with a text (null: nothing). */
interface Check {
  readonly allowed: string;
  problem(text: string): string | null;
}

/** Checks beyond type and range, for rows that name them. */
export const CHECKS: Readonly<Record<SettingCheck, Check>> = {
  listeners: {
    allowed: 'NAME://HOST:PORT, separated by commas',
    problem: (text) => (text === '' ? null : parseListeners(text).problem),
  },
  'share-offset-reset': {
    allowed: 'latest, earliest, by_duration:<ISO 8601 duration>',
    problem: (text) =>
      isShareOffsetReset(text) ? null : 'must be latest, earliest or by_duration:<ISO 8601 duration, not negative>',
  },
  'cluster-id': {
    allowed: '22 characters of base64url, or empty',
    problem: (text) =>
      text === '' || /^[A-Za-z0-9_-]{21}[AQgw]$/.test(text) ? null : 'must be 16 bytes as 22 characters of base64url',
  },
  'address-limits': {
    allowed: 'ADDRESS:NUMBER, separated by commas',
    problem: (text) => parseAddressLimits(text).problem,
  },
  roles: {
    allowed: 'broker, controller, or both separated by a comma',
    problem: (text) => (text === '' ? 'must name broker, controller, or both' : null),
  },
  controllers: {
    allowed: 'ID@HOST:PORT, separated by commas',
    problem: (text) => parseControllers(text).problem,
  },
  'one-path': {
    allowed: 'one directory',
    problem: (text) => (text.includes(',') ? 'must be one directory: a node has exactly one' : null),
  },
  'protocol-map': {
    allowed: 'NAME:PROTOCOL, separated by commas',
    problem: (text) => parseProtocolMap(text).problem,
  },
  'throttled-replicas': {
    allowed: 'PARTITION:BROKER, separated by commas, or *',
    problem: (text) =>
      /^(\*|[0-9]{1,10}:[0-9]{1,10}(,\s*[0-9]{1,10}:[0-9]{1,10})*)?$/.test(text)
        ? null
        : 'must be PARTITION:BROKER entries separated by commas, or *',
  },
  host: {
    allowed: 'an address or host name',
    problem: (text) => (/^[A-Za-z0-9.:_-]+$/.test(text) ? null : 'must be an address or a host name'),
  },
  'optional-host': {
    allowed: 'an address or host name, or empty',
    problem: (text) => (text === '' ? null : CHECKS.host.problem(text)),
  },
  'gzip-level': {
    allowed: '-1 (the codec decides), 1 to 9',
    problem: (text) => (Number(text) === 0 ? 'must be -1 or 1 to 9: level 0 does not compress' : null),
  },
};

function isShareOffsetReset(text: string): boolean {
  if (text === 'latest' || text === 'earliest') return true;
  return text.startsWith('by_duration:') && parseDurationMs(text.slice('by_duration:'.length)) !== null;
}
