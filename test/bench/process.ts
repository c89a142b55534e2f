import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';

const CLOCK_TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const MIB = 1024 * 1024;

/** Resident memory of a process now and at its highest, in MiB. */
export function memoryOf(pid: number): { readonly rssMib: number; readonly peakMib: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024;
  return { rssMib: field('VmRSS'), peakMib: field('VmHWM') };
}

/** Processor time that a process has used, user and system, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; user and system time are the 14th and 15th field of the line.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

/** What a reader has to know of the machine to judge figures. */
export type Machine = {
  readonly processor: string;
  readonly cores: number;
  readonly memoryMib: number;
  readonly system: string;
  readonly fileSystem: string;
  readonly node: string;
  readonly java: string;
};

/** The facts of this machine; `directory` is where the brokers keep their data. */
export function machineOf(directory: string, java: string): Machine {
  const [first] = cpus();
  const mount =
    execFileSync('df', ['--output=fstype', directory], { encoding: 'utf8' }).trim().split('\n').at(-1) ?? '?';
  return {
    processor: first?.model.trim() ?? '?',
    cores: cpus().length,
    memoryMib: Math.round(totalmem() / MIB),
    system: `${platform()} ${release()} ${arch()}`,
    fileSystem: mount.trim(),
    node: process.version,
    java,
  };
}
