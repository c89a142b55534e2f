// Runs the tests of this folder against one broker and one JVM with Kafka's tools, both started here:
// `node test/wire/main.ts [--peer kafka|weir] [jest's arguments]`.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openSession, sessionEnvironment } from './harness/session.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

// The codec's oracle needs no broker and is a suite of its own.
const IGNORED = '--testPathIgnorePatterns=test/wire/oracle/';

// --forceExit: what a failed test leaves open in a foreign client must not keep the suite from ending.
const args = process.argv.slice(2);
const at = args.indexOf('--peer');
const [, name] = at < 0 ? [] : args.splice(at, 2);
if (name !== undefined) process.env['WEIR_WIRE_PEER'] = name;

const session = await openSession();
const jest = fileURLToPath(new URL('../../node_modules/jest/bin/jest.js', import.meta.url));
const paths = args.some((arg) => !arg.startsWith('-')) ? [] : ['test/wire/'];
const child = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings',
    jest,
    '-c',
    'test/jest.config.mjs',
    ...paths,
    ...args,
    '--forceExit',
    IGNORED,
  ],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...sessionEnvironment(session) } },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
process.exitCode = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)));
await session.close();
process.exit();
