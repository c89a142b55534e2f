/** Largest settings file that is read. */
export const SETTINGS_FILE_BYTES_MAX = 1024 * 1024;

/** Settings of a file by name, with the line each came from. */
export interface SettingsText {
  readonly values: ReadonlyMap<string, string>;
  readonly lines: ReadonlyMap<string, number>;
  /** One sentence per line that is not `name=value`; none when the file can be used. */
  readonly problems: readonly string[];
}

/** Reads `name=value` lines as in Kafka's server.properties: `#` and `!` begin comments, a name is given once. */
export function parseSettingsText(text: string): SettingsText {
  const values = new Map<string, string>();
  const lines = new Map<string, number>();
  const problems: string[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue;
    const cut = line.indexOf('=');
    const name = cut < 0 ? '' : line.slice(0, cut).trim();
    if (name === '') {
      problems.push(`line ${index + 1}: expected name=value`);
      continue;
    }
    const earlier = lines.get(name);
    if (earlier !== undefined) problems.push(`line ${index + 1}: ${name} was given on line ${earlier} already`);
    values.set(name, line.slice(cut + 1).trim());
    lines.set(name, index + 1);
  }
  return { values, lines, problems };
}

const PREFIX = 'WEIR_';

/**
 * Settings of the environment: `WEIR_LOG_RETENTION_MS` is `log.retention.ms`, `WEIR_WEIR_DURABILITY` is `weir.durability`.
 * `names` are all settings; variables of other names are left alone unless they begin with `WEIR_` and fit none.
 */
export function settingsOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  names: Iterable<string>,
): { readonly values: ReadonlyMap<string, string>; readonly problems: readonly string[] } {
  const byVariable = new Map<string, string>();
  for (const name of names) byVariable.set(`${PREFIX}${name.toUpperCase().replaceAll('.', '_')}`, name);
  const values = new Map<string, string>();
  const problems: string[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (
      !variable.startsWith(PREFIX) ||
      value === undefined ||
      RESERVED.has(variable) ||
      variable.startsWith('WEIR_TEST_')
    )
      continue;
    const name = byVariable.get(variable);
    if (name === undefined) problems.push(`environment variable ${variable} is no setting of a broker`);
    else values.set(name, value);
  }
  return { values, problems };
}

/** Variables of Weir that are not settings of a broker. */
const RESERVED: ReadonlySet<string> = new Set(['WEIR_LOG_LEVEL', 'WEIR_WIRE_PEER']);
