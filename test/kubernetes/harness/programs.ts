import { join } from 'node:path';
import type { Child } from '../../wire/harness/child.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Kubelet } from './kubelet.ts';
import { startWeir } from './pod-process.ts';

/** How a program ended: its exit code, the lines that it printed, and the end of what it complained of. */
export interface Told {
  readonly code: number;
  readonly lines: readonly string[];
  readonly tail: string;
}

/** The `weir` program beside a control plane, where names of Services mean something. */
export class Programs {
  readonly #plane: ControlPlane;
  readonly #kubelet: Kubelet;
  readonly #children: Child[] = [];

  constructor({ plane, kubelet }: { readonly plane: ControlPlane; readonly kubelet: Kubelet }) {
    this.#plane = plane;
    this.#kubelet = kubelet;
  }

  /** Starts it. */
  async start(args: readonly string[], onLine: (line: string) => void = () => undefined): Promise<Child> {
    const directory = join(this.#plane.directory, `program-${this.#children.length}`);
    const place = { directory, hostname: 'client', links: { '/etc/hosts': this.#kubelet.hostsFile } };
    const child = await startWeir(place, args, { onLine });
    this.#children.push(child);
    return child;
  }

  /** Runs it to its end. */
  async tells(args: readonly string[], input = ''): Promise<Told> {
    const lines: string[] = [];
    const child = await this.start(args, (line) => lines.push(line));
    child.write(input);
    child.endInput();
    return { code: await child.exited, lines, tail: child.tail() };
  }

  /** The same of one that succeeds; gives what it prints. */
  async says(args: readonly string[], input = ''): Promise<readonly string[]> {
    const { code, lines, tail } = await this.tells(args, input);
    if (code !== 0) throw new Error(`weir ${args.join(' ')}: ${tail}`);
    return lines;
  }

  /** Ends those that still run. */
  async stop(): Promise<void> {
    await Promise.all(this.#children.filter(({ exitCode }) => exitCode === null).map((child) => child.kill()));
  }
}
