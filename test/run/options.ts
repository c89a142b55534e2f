import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Ends a program that was called in a way it doesn't understand: one sentence on standard error, exit code 2. */
export function fail(sentence: string): never {
  console.error(`weir: ${sentence}`);
  process.exit(2);
}

/** Like `parseArgs`; for an option that is unknown or lacks its value, fails with a sentence that names all there are. */
export function readOptions<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split(/[.\n]/);
    const known = Object.keys(config.options ?? {}).map((name) => `--${name}`);
    return fail(`${reason}; known are ${known.join(', ')}`);
  }
}
