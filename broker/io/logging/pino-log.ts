import { pino } from 'pino';
import type { Log } from '../../ports/log.ts';
import { LineWriter } from './line-writer.ts';

/** Longest text of one field; the rest is cut, so that no request can write long lines. */
const TEXT_MAX = 2000;

/** A logger of JSON lines and how to write out what it still holds. */
export interface PinoLog {
  readonly log: Log;
  flush(): void;
}

/** Structured logging to standard output, without blocking the loop. `level`: debug, info, warn or error. */
export function createPinoLog(options: {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
}): PinoLog {
  const writer = new LineWriter(1);
  const logger = pino({ level: options.level, base: options.fields }, writer);
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      logger[level](bounded(fields), message.length > TEXT_MAX ? `${message.slice(0, TEXT_MAX)}…` : message);
    };
  return {
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    flush: () => writer.flush(),
  };
}

function bounded(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    result[name] = typeof value === 'string' && value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}…` : value;
  }
  return result;
}
