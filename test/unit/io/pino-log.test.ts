import { spawn } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';

const LOG = new URL('../../../broker/io/logging/pino-log.ts', import.meta.url).href;

/** Logs `lines` lines as soon as its input says so, flushes and exits. */
function logger(lines: number) {
  const code = `
    import { createPinoLog } from ${JSON.stringify(LOG)};
    process.stdin.once('data', () => {
      const pino = createPinoLog({ level: 'info', fields: {} });
      for (let n = 0; n < ${lines}; n += 1) pino.log.info({ n, pad: 'x'.repeat(1000) }, 'line');
      pino.flush();
      process.exit(7);
    });
    process.stdout.on('error', () => undefined);
    process.stderr.write('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ready = new Promise((resolve) => child.stderr.once('data', resolve));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, ready, ended };
}

describe('the log of a broker', () => {
  it('is whole when the process ends right after a flush, however slowly it is read', async () => {
    const { child, ready, ended } = logger(2_000);
    await ready;
    child.stdin.write('go');
    let text = '';
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString('utf8');
    });
    expect(await ended).toBe(7);
    const numbers = text
      .trim()
      .split('\n')
      .map((line) => Number((JSON.parse(line) as { readonly n: number }).n));
    expect(numbers).toEqual(Array.from({ length: 2_000 }, (_, n) => n));
  });

  it('does not keep a process whose reader is gone', async () => {
    const { child, ready, ended } = logger(3);
    await ready;
    child.stdout.destroy();
    await new Promise((resolve) => child.stdout.once('close', resolve));
    child.stdin.write('go');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    expect(await ended).toBe(7);
    clearTimeout(late);
  });
});
