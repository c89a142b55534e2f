import { Scanner, type ScannerCommand, type ScannerEvent } from '../../../broker/core/client/scanner.ts';
import { crc32c } from '../../../broker/io/crc32c.ts';
import { SimClient } from '../client.ts';
import type { Stage } from '../stage.ts';

/** Reads topics once, from end to end. `isFinal`: what it finds is what the checkers hold everything against. */
export class SimScan {
  /** Why it failed for good, '' so far. */
  failure = '';
  isDone = false;
  readonly #stage: Stage;
  readonly #isFinal: boolean;
  readonly #client: SimClient<ScannerCommand, ScannerEvent>;

  constructor(stage: Stage, topics: readonly string[], isFinal: boolean) {
    this.#stage = stage;
    this.#isFinal = isFinal;
    const machine = new Scanner({
      bootstrap: stage.node.bootstrap,
      clientId: 'scan',
      random: stage.fork(),
      requestTimeoutMs: 3000,
      topics,
      isolationLevel: 0,
      maxWaitMs: 50,
      crc32c,
    });
    this.#client = new SimClient(stage.world, stage.network, machine, {
      name: 'scan',
      onEvent: (event) => this.#take(event),
    });
  }

  cut(): void {
    this.#client.cut();
  }

  die(): void {
    this.#client.die();
  }

  describe(): string {
    return this.#client.describe();
  }

  #take(event: ScannerEvent): void {
    const atMs = this.#stage.world.nowMs;
    switch (event.kind) {
      case 'records':
        for (const record of event.records) {
          const place = { topic: this.#stage.label(record.topic), partition: record.partition, offset: record.offset };
          const value = this.#stage.readValue(record.value);
          this.#stage.note({ kind: this.#isFinal ? 'scanned' : 'read', atMs, value, place });
        }
        break;
      case 'partition-end': {
        const { topic, partition, startOffset, endOffset } = event;
        if (this.#isFinal) {
          this.#stage.note({
            kind: 'scan-bounds',
            atMs,
            topic: this.#stage.label(topic),
            partition,
            startOffset,
            endOffset,
          });
        }
        break;
      }
      case 'fatal':
        this.failure = `${event.reason} (${event.code})`;
        this.isDone = true;
        break;
      case 'done':
        this.isDone = true;
        break;
      case 'trouble':
        this.#stage.world.trace(`scan: ${event.reason}`);
    }
  }
}
