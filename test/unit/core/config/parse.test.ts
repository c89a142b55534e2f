import { describe, expect, test } from '@jest/globals';
import { parseDurationMs, parseShareOffsetReset } from '../../../../broker/core/config/duration.ts';
import { parseListeners, resolveListeners } from '../../../../broker/core/config/listeners.ts';
import { checkSetting } from '../../../../broker/core/config/validate.ts';

describe('the text of a setting', () => {
  test.each([
    ['retention.ms', '-1'],
    ['retention.ms', '9223372036854775807'],
    ['retention.ms', ' 1000 '],
    ['segment.bytes', '1048576'],
    ['cleanup.policy', 'compact, delete'],
    ['cleanup.policy', ''],
    ['cleanup.policy', 'delete,delete'],
    ['compression.type', 'producer'],
    ['message.timestamp.type', 'LogAppendTime'],
    ['unclean.leader.election.enable', 'TRUE'],
    ['weir.durability', 'replicated'],
  ])('%s=%j is accepted', (name, value) => {
    expect(checkSetting('topic', name, value)).toBeNull();
  });

  test.each([
    ['retention.ms', '-2', 'retention.ms must be a whole number from -1 to 9223372036854775807'],
    ['retention.ms', '9223372036854775808', 'retention.ms must be a whole number from -1 to 9223372036854775807'],
    ['retention.ms', '1.5', 'retention.ms must be a whole number, at least -1'],
    ['retention.ms', '', 'retention.ms must be a whole number, at least -1'],
    ['retention.ms', '0x10', 'retention.ms must be a whole number, at least -1'],
    ['segment.bytes', '1048575', 'segment.bytes must be a whole number from 1048576 to 2147483647'],
    ['cleanup.policy', 'shred', 'cleanup.policy may only hold compact, delete'],
    ['compression.type', 'brotli', 'compression.type must be one of producer, uncompressed, gzip, snappy, lz4, zstd'],
    ['compression.gzip.level', '0', 'compression.gzip.level must be -1 or 1 to 9: level 0 does not compress'],
    ['compression.gzip.level', '10', 'compression.gzip.level must be a whole number from -1 to 9'],
    ['weir.durability', 'FSYNC', 'weir.durability must be one of fsync, replicated'],
    ['unclean.leader.election.enable', 'yes', 'unclean.leader.election.enable must be true or false'],
    ['retention.ms', '1'.repeat(40_000), 'retention.ms must not be longer than 32767 characters'],
  ])('%s=%j is refused with what is allowed', (name, value, problem) => {
    expect(checkSetting('topic', name, value)).toBe(problem);
  });
});

describe('share.auto.offset.reset', () => {
  test.each([
    ['PT1S', 1000],
    ['P1D', 86_400_000],
    ['P1DT2H3M4.5S', 93_784_500],
    ['PT0S', 0],
    ['pt5m', 300_000],
  ])('%s lasts %d ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  test.each(['', 'P', 'PT', 'P1DT', '1D', 'P-1D', 'PT1', 'P1W', 'PT1.S', 'P1M'])('%j is no duration', (text) => {
    expect(parseDurationMs(text)).toBeNull();
  });

  test('a duration, an end or a beginning is accepted, anything else refused', () => {
    expect(checkSetting('group', 'share.auto.offset.reset', 'by_duration:PT1H')).toBeNull();
    expect(checkSetting('group', 'share.auto.offset.reset', 'earliest')).toBeNull();
    expect(checkSetting('group', 'share.auto.offset.reset', 'none')).not.toBeNull();
    expect(checkSetting('group', 'share.auto.offset.reset', 'by_duration:-PT1H')).not.toBeNull();
    expect(parseShareOffsetReset('by_duration:PT1H')).toEqual({ kind: 'by-duration', durationMs: 3_600_000 });
    expect(parseShareOffsetReset('latest')).toEqual({ kind: 'latest' });
  });
});

describe('listeners', () => {
  test('names, hosts and ports are read, IPv6 in brackets too', () => {
    expect(parseListeners('plain://127.0.0.1:9092, INNER://[::1]:0,ALL://:9093').listeners).toEqual([
      { name: 'PLAIN', host: '127.0.0.1', port: 9092 },
      { name: 'INNER', host: '::1', port: 0 },
      { name: 'ALL', host: '', port: 9093 },
    ]);
  });

  test.each([
    'localhost:9092',
    'A://x:70000',
    'A://x:-1',
    'A://x:1,a://y:2',
    'A://x:1,B://x:1',
    'A://x:1,B://:1',
    'SASL_SSL://x:1',
    'SSL://x:1',
    'controller://x:1',
    '',
    'A://x y:1',
  ])('%j is refused', (text) => {
    expect(parseListeners(text).problem).not.toBeNull();
  });

  test('a listener on every address must be advertised under a name that clients can reach', () => {
    expect(resolveListeners('PLAINTEXT://0.0.0.0:9092', '').problem).toMatch(/must give listener PLAINTEXT a host/);
    expect(resolveListeners('PLAINTEXT://:9092', 'PLAINTEXT://broker.example:19092').listeners).toEqual([
      { name: 'PLAINTEXT', bindHost: '', bindPort: 9092, advertisedHost: 'broker.example', advertisedPort: 19_092 },
    ]);
  });

  test('an advertised listener that is not bound is refused', () => {
    expect(resolveListeners('A://x:1', 'B://x:1').problem).toMatch(/names B, which listeners does not have/);
  });
});
