import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Address } from '../core/client/machine.ts';
import { messageOf, usageFault } from './fault.ts';

/** One flag of a verb: how it is parsed and what the help says. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What its value is called in the help; absent: a flag without a value. */
  readonly value?: string;
  readonly multiple?: true;
  readonly help: string;
}

/** Values by flag name. */
export interface ParsedFlags {
  readonly positionals: readonly string[];
  has(name: string): boolean;
  /** The last value given, or undefined. */
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
}

/** Flags that every verb has. */
export const COMMON_FLAGS: readonly Flag[] = [{ name: 'help', short: 'h', help: 'Print this help' }];

/** Parses a verb's arguments; anything unknown or missing a value is a usage fault. */
export function parseFlags(verb: string, flags: readonly Flag[], args: readonly string[]): ParsedFlags {
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const flag of [...flags, ...COMMON_FLAGS]) {
    options[flag.name] = {
      type: flag.value === undefined ? 'boolean' : 'string',
      multiple: true,
      ...(flag.short === undefined ? {} : { short: flag.short }),
    };
  }
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageFault(verb, firstSentence(error));
  }
  const values: Readonly<Record<string, unknown>> = parsed.values;
  const texts = (name: string): readonly string[] => {
    const list = values[name];
    return Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : [];
  };
  for (const flag of flags) {
    if (flag.value !== undefined && flag.multiple === undefined && texts(flag.name).length > 1) {
      throw usageFault(verb, `--${flag.name} is given more than once`);
    }
  }
  return {
    positionals: parsed.positionals,
    has: (name) => values[name] !== undefined,
    text: (name) => texts(name).at(-1),
    texts,
  };
}

function firstSentence(error: unknown): string {
  const text = messageOf(error);
  return (text.split(/\.\s/)[0] ?? text).replace(/\.$/, '');
}

/** A whole number in [min, max]. */
export function numberFlag(
  verb: string,
  name: string,
  text: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= bounds.min && value <= bounds.max) return value;
  throw usageFault(
    verb,
    `--${name} must be a whole number from ${bounds.min} to ${bounds.max}, not ${JSON.stringify(text)}`,
  );
}

/** `HOST:PORT[,HOST:PORT…]`; IPv6 hosts in brackets. */
export function bootstrapFlag(verb: string, text: string): readonly Address[] {
  return text.split(',').map((part) => {
    const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(part.trim());
    const port = Number(match?.[3]);
    const host = match?.[1] ?? match?.[2];
    if (host === undefined || !(port >= 1 && port <= 65_535)) {
      throw usageFault(verb, `--bootstrap must be HOST:PORT, not ${JSON.stringify(part)}`);
    }
    return { host, port };
  });
}

/** The lines of a help text about flags. */
export function describeFlags(flags: readonly Flag[]): string {
  const rows = [...flags, ...COMMON_FLAGS].map((flag) => {
    const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
    return [`  ${short}--${flag.name}${flag.value === undefined ? '' : ` ${flag.value}`}`, flag.help] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, help]) => `${left.padEnd(width)}${help}`).join('\n');
}
