import { write } from 'node:fs';
import type { Log } from '../../ports/log.ts';

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const;
type Level = keyof typeof LEVELS;

/** Lines that may wait for a slow reader; the rest is dropped and counted. */
const WAITING_MAX = 1000;
const TEXT_MAX = 2000;
const STANDARD_OUTPUT = 1;

/**
 * Structured logging of the control isolate: the same JSON lines as the data isolate's pino writes, without its 10 MB and
 * 50 ms of start-up, which this isolate with its few lines a day can do without. Never blocks.
 */
export function createLineLog(level: string, fields: Readonly<Record<string, unknown>>): Log {
  const least = LEVELS[level as Level] ?? LEVELS.info;
  const waiting: string[] = [];
  let dropped = 0;
  let writing = false;
  const advance = (): void => {
    if (writing || waiting.length === 0) return;
    writing = true;
    write(STANDARD_OUTPUT, waiting.splice(0).join(''), () => {
      writing = false;
      advance();
    });
  };
  const log =
    (name: Level) =>
    (more: Readonly<Record<string, unknown>>, message: string): void => {
      if (LEVELS[name] < least) return;
      if (waiting.length >= WAITING_MAX) {
        dropped += 1;
        return;
      }
      const loss = dropped === 0 ? {} : { droppedLines: dropped };
      dropped = 0;
      const line = {
        level: LEVELS[name],
        time: Date.now(),
        ...fields,
        ...more,
        ...loss,
        msg: message.slice(0, TEXT_MAX),
      };
      waiting.push(`${JSON.stringify(line)}\n`);
      advance();
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}
