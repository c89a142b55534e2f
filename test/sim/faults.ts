import type { Prng } from '../../broker/core/base/prng.ts';
import type { FaultPlan } from './plan.ts';
import type { Stage } from './stage.ts';

/** Something whose connections can be cut. */
export interface Cuttable {
  cut(): void;
}

/** Strikes the node and its clients as the plan says, and starts the node again each time. */
export class FaultRunner {
  readonly #stage: Stage;
  readonly #prng: Prng;
  readonly #clients: () => readonly Cuttable[];
  #healed = false;

  constructor(stage: Stage, clients: () => readonly Cuttable[]) {
    this.#stage = stage;
    this.#prng = stage.fork();
    this.#clients = clients;
  }

  /** Lets a fault happen at its time from now on. */
  plan(fault: FaultPlan): void {
    this.#stage.world.schedule(fault.atMs, () => {
      if (!this.#healed) this.#strike(fault);
    });
  }

  /** No further faults; a node that is down is started. */
  heal(): void {
    this.#healed = true;
    this.#start();
  }

  /** Ends the node's life now. */
  crash(kind: 'power' | 'process'): void {
    const { node, world } = this.#stage;
    node.crash(kind);
    this.#stage.note({ kind: 'leaders-changed', atMs: world.nowMs, cause: kind });
  }

  #strike(fault: FaultPlan): void {
    const { node, world } = this.#stage;
    switch (fault.kind) {
      case 'cut':
        for (const client of this.#clients()) if (this.#prng.chance(0.5)) client.cut();
        break;
      case 'pause':
        if (node.isAlive) node.pause(fault.downMs);
        break;
      case 'restart':
        if (!node.isReady) break;
        this.#stage.note({ kind: 'leaders-changed', atMs: world.nowMs, cause: 'stop' });
        node.stop(() => world.schedule(fault.downMs, () => this.#start()));
        break;
      case 'power':
      case 'process':
        if (node.isAlive) this.#crashAndReturn(fault.kind, fault.downMs, fault.again);
        break;
    }
  }

  #crashAndReturn(kind: 'power' | 'process', downMs: number, again: FaultPlan['again']): void {
    const { world, node } = this.#stage;
    this.crash(kind);
    world.schedule(downMs, () => {
      this.#start();
      const [next, ...rest] = again;
      if (next === undefined) return;
      world.schedule(next.afterMs, () => {
        if (!this.#healed && node.isAlive) this.#crashAndReturn(next.kind, downMs, rest);
      });
    });
  }

  /** A life that ended by itself stays ended: it is a finding. */
  #start(): void {
    const { node } = this.#stage;
    if (!node.isAlive && node.fatals.length === 0) node.start();
  }
}
