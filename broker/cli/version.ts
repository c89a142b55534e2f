import { existsSync, readFileSync } from 'node:fs';

/** The version of the package that this program is part of, `0.0.0` when it is nowhere to be found. */
export function readVersion(): string {
  let directory = new URL('.', import.meta.url);
  for (let depth = 0; depth < 6; depth += 1) {
    const file = new URL('package.json', directory);
    if (existsSync(file)) {
      const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
      if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) return String(parsed.version);
    }
    directory = new URL('..', directory);
  }
  return '0.0.0';
}
