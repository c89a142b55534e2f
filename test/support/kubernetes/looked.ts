import type { StatusOf } from '../../../operator/core/conditions.ts';
import { OperatorStage } from './operator-stage.ts';
import { at } from './rendered.ts';
import type { ServedType } from './store.ts';
import { TYPES } from './types.ts';

/** What a stage shows to those who look at its objects. */
export class Looked {
  readonly stage = new OperatorStage();

  find(type: ServedType, name: string, namespace = 'ns') {
    return this.stage.world.store.find(type, namespace, name);
  }

  status(type: ServedType, name: string, namespace = 'ns'): StatusOf<'Cluster'> & StatusOf<'Topic'> {
    return (this.find(type, name, namespace)?.['status'] ?? {}) as StatusOf<'Cluster'> & StatusOf<'Topic'>;
  }

  /** `Type=Status Reason` of each condition. */
  says(type: ServedType, name: string, namespace = 'ns'): string[] {
    const { conditions = [] } = this.status(type, name, namespace);
    return conditions.map((one) => `${one.type}=${one.status} ${one.reason}`).sort();
  }

  /** `Kind name: Reason` of each Event, as often as it is said. */
  events(): string[] {
    const told = this.stage.world.store.all(TYPES.events);
    return told
      .map(
        (one) =>
          `${String(at(one, 'involvedObject', 'kind'))} ${String(at(one, 'involvedObject', 'name'))}: ${String(one['reason'])}`,
      )
      .sort();
  }

  finalizers(type: ServedType, name: string, namespace = 'ns'): readonly string[] {
    return this.find(type, name, namespace)?.metadata.finalizers ?? [];
  }

  /** What a condition says, '' where there is none. */
  message(type: ServedType, name: string, condition: string, namespace = 'ns'): string {
    return this.status(type, name, namespace).conditions?.find((one) => one.type === condition)?.message ?? '';
  }

  delete(type: ServedType, name: string, namespace = 'ns'): void {
    this.stage.world.store.delete(type, { namespace, name });
  }
}
