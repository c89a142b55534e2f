import { brokerId } from '../../../broker/core/base/ids.ts';
import type { FenceBrokerCommand } from '../../../broker/core/metadata/commands.ts';
import {
  BrokerSessions,
  type BrokerHeartbeat,
  type HeartbeatResult,
  type SessionLimits,
} from '../../../broker/core/metadata/sessions.ts';
import { MetadataLab } from './lab.ts';

const LIMITS: SessionLimits = { sessionTimeoutMs: 2000, loopStallMs: 2000 };

/** An active controller without a quorum: sessions and the metadata that they judge, on a clock that the test moves. */
export class SessionWorld {
  readonly lab: MetadataLab;
  nowMs = 0;
  sessions: BrokerSessions;
  readonly #limits: SessionLimits;
  #told: number;

  constructor(limits: SessionLimits = LIMITS) {
    this.#limits = limits;
    this.lab = MetadataLab.withBrokers([]);
    this.#told = this.lab.deltas.length;
    this.sessions = new BrokerSessions(limits, this.lab.image, 0);
  }

  /** Another controller becomes active. */
  changeController(): void {
    this.#told = this.lab.deltas.length;
    this.sessions = new BrokerSessions(this.#limits, this.lab.image, this.nowMs);
  }

  epoch(id: number): number {
    return this.lab.image.broker(brokerId(id))?.epoch ?? -1;
  }

  isFenced(id: number): boolean {
    return this.lab.image.broker(brokerId(id))?.fenced ?? true;
  }

  /** A new incarnation is registered; gives its epoch. */
  register(id: number): number {
    this.lab.join(id, false);
    this.#tell();
    return this.epoch(id);
  }

  unregister(id: number): void {
    this.lab.run({ kind: 'unregisterBroker', brokerId: id });
    this.#tell();
  }

  left(id: number): void {
    this.sessions.left(brokerId(id), this.epoch(id));
  }

  /** A heartbeat, and what the controller decides because of it. */
  beat(id: number, more: Partial<BrokerHeartbeat> = {}): HeartbeatResult {
    const { image } = this.lab;
    const request = {
      brokerId: brokerId(id),
      brokerEpoch: this.epoch(id),
      appliedOffset: image.offset,
      wantsUnfenced: true,
      loopStalledMs: 0,
      diskStalledMs: 0,
      unansweredMs: 0,
      ...more,
    };
    const result = this.sessions.heartbeat(image, request, { nowMs: this.nowMs, committedOffset: image.offset });
    this.carryOut(result.command);
    return result;
  }

  /** Moves the clock, calling `tick` when the sessions want it; gives what was fenced, with the time. */
  advance(ms: number): readonly string[] {
    const endMs = this.nowMs + ms;
    const fenced: string[] = [];
    for (let wake = this.sessions.nextWakeMs(); wake <= endMs; wake = this.sessions.nextWakeMs()) {
      this.nowMs = Math.max(this.nowMs, wake);
      fenced.push(...this.tick().map((command) => `${command.brokerId} at ${this.nowMs}`));
    }
    this.nowMs = endMs;
    return fenced;
  }

  tick(): readonly FenceBrokerCommand[] {
    const commands = this.sessions.tick(this.lab.image, this.nowMs);
    for (const command of commands) this.carryOut(command);
    return commands;
  }

  refused(id: number, sinceMs: number, brokerEpoch = this.epoch(id)): FenceBrokerCommand | null {
    const command = this.sessions.connectionRefused(this.lab.image, { brokerId: brokerId(id), brokerEpoch, sinceMs });
    this.carryOut(command);
    return command;
  }

  isAlive(id: number): boolean {
    return this.sessions.isAlive(brokerId(id), this.nowMs);
  }

  carryOut(command: HeartbeatResult['command']): void {
    if (command === null) return;
    if (command.kind === 'shedLeaders') this.lab.carryOut(command);
    else this.lab.run(command);
    this.#tell();
  }

  #tell(): void {
    for (const delta of this.lab.deltas.slice(this.#told))
      this.sessions.brokersChanged(this.lab.image, delta.brokersChanged, this.nowMs);
    this.#told = this.lab.deltas.length;
  }
}
