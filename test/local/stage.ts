import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { ClusterProbe } from '../support/cluster-probe.ts';
import type { Ground, Program } from './program.ts';

/** A fleet of one cluster, its manifest and its data. */
export class Stage {
  readonly data: string;
  readonly file: string;
  readonly #ground: Ground;
  readonly #name: string;
  fleet: Program | null = null;
  bootstrap = '';

  constructor(ground: Ground, name: string) {
    this.#ground = ground;
    this.#name = name;
    this.data = ground.directory();
    this.file = join(this.data, 'manifest.yaml');
  }

  async start(manifest: string): Promise<void> {
    writeFileSync(this.file, manifest);
    const fleet = this.#ground.run(['local', '-f', this.file, '--data', this.data, '--port', '0', '--verbose']);
    this.fleet = fleet;
    this.bootstrap =
      (await fleet.says(new RegExp(`cluster ${this.#name} ready in \\d+ ms: bootstrap (\\S+)`)))[1] ?? '';
  }

  async stop(): Promise<void> {
    this.fleet?.kill('SIGTERM');
    expect(await this.fleet?.ended()).toBe(0);
  }

  /** What it said from now on, when `act` is done and it said `pattern`. */
  async after(act: () => void, pattern: RegExp): Promise<string> {
    const from = this.fleet?.all.length ?? 0;
    act();
    await this.fleet?.says(pattern, from);
    return this.fleet?.all.slice(from) ?? '';
  }

  pidFile(node: number): string {
    return join(this.data, this.#name, `node-${node}`, 'pid');
  }

  pid(node: number): number {
    return Number(readFileSync(this.pidFile(node), 'utf8'));
  }

  probe(node: number): ClusterProbe {
    const settings = readFileSync(join(this.data, this.#name, `node-${node}`, 'broker.properties'), 'utf8');
    return this.#ground.probe(/^listeners=plain:\/\/(\S+)$/m.exec(settings)?.[1] ?? '');
  }

  directoryOf(node: number): string {
    return join(this.data, this.#name, `node-${node}`, 'data');
  }
}

/** Waits until a broker tells something; what fails meanwhile is asked again. */
export async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  let last = '';
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      if (await isSo()) return;
    } catch (error) {
      last = String(error);
    }
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
