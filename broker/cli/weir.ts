import { run } from './run.ts';

const terminal = {
  stdin: process.stdin,
  out: (text: string) => {
    process.stdout.write(`${text}\n`);
  },
  note: (text: string) => {
    process.stderr.write(`${text}\n`);
  },
  isInteractive: process.stdin.isTTY && process.stdout.isTTY,
};

// `weir take … | head` ends when its reader does: no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await run(process.argv.slice(2), terminal);
