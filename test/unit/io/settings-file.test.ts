import { describe, expect, it } from '@jest/globals';
import { parseSettingsText, settingsOfEnvironment } from '../../../broker/io/settings/settings-file.ts';

describe('a settings file', () => {
  it('is read as names and values, comments and blank lines aside', () => {
    const { values, problems } = parseSettingsText(
      '# a comment\n! another\n\n node.id = 3 \nlisteners=plain://h:1,x://h:2\r\nempty=\n',
    );
    expect(problems).toEqual([]);
    expect([...values]).toEqual([
      ['node.id', '3'],
      ['listeners', 'plain://h:1,x://h:2'],
      ['empty', ''],
    ]);
  });

  it('names the lines that are not name=value', () => {
    expect(parseSettingsText('node.id=1\nwhat is this\n=5').problems).toEqual([
      'line 2: expected name=value',
      'line 3: expected name=value',
    ]);
  });

  it('names a setting that is given twice, with both lines', () => {
    expect(parseSettingsText('a=1\nb=2\na=3').problems).toEqual(['line 3: a was given on line 1 already']);
  });
});

describe('settings of the environment', () => {
  const names = ['log.retention.ms', 'weir.durability'];

  it('are upper case with underscores behind WEIR_', () => {
    const { values, problems } = settingsOfEnvironment(
      { WEIR_LOG_RETENTION_MS: '5', WEIR_WEIR_DURABILITY: 'replicated', PATH: '/bin', HOME: undefined },
      names,
    );
    expect(problems).toEqual([]);
    expect([...values]).toEqual([
      ['log.retention.ms', '5'],
      ['weir.durability', 'replicated'],
    ]);
  });

  it('refuse a variable that is no setting, so that a slip is not ignored', () => {
    expect(settingsOfEnvironment({ WEIR_LOG_RETENTION_MSEC: '5' }, names).problems).toEqual([
      'environment variable WEIR_LOG_RETENTION_MSEC is no setting of a broker',
    ]);
  });

  it('leave alone what is meant for the log level and for tests', () => {
    expect(settingsOfEnvironment({ WEIR_LOG_LEVEL: 'debug', WEIR_TEST_REQUIRE: 'all' }, names)).toEqual({
      values: new Map(),
      problems: [],
    });
  });
});
