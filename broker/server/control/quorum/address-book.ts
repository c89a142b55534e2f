import { brokerId } from '../../../core/base/ids.ts';
import type { ControllerEntry } from '../../../core/config/controllers.ts';
import { CONTROLLER_LISTENER } from '../../../core/config/listeners.ts';
import type { MetadataImage } from '../../../core/metadata/image.ts';
import type { ControlAddress, ControllerHint } from '../../../ports/control-net.ts';

/** Where the control planes of other nodes listen: as the settings of this start say, else as they registered. */
export class AddressBook {
  readonly #configured: ReadonlyMap<number, ControlAddress>;
  readonly #image: () => MetadataImage | null;

  /** `image` is the committed metadata, where this node has it. */
  constructor(configured: readonly ControllerEntry[], image: () => MetadataImage | null) {
    this.#configured = new Map(configured.map(({ id, host, port }) => [id, { host, port }]));
    this.#image = image;
  }

  /** Every controller whose address is known, sorted by id. */
  controllers(): readonly ControllerHint[] {
    const found = new Map(this.#configured);
    for (const { id, host, port } of this.#image()?.controllers() ?? [])
      if (!found.has(id)) found.set(id, { host, port });
    return [...found].sort(([a], [b]) => a - b).map(([id, address]) => ({ id, address }));
  }

  /** null: nobody knows. */
  of(id: number): ControlAddress | null {
    const configured = this.#configured.get(id);
    if (configured !== undefined) return configured;
    const image = this.#image();
    const controller = image?.controllers().find((one) => one.id === id);
    if (controller !== undefined) return { host: controller.host, port: controller.port };
    const broker = image?.broker(brokerId(id));
    const face = broker?.endpoints.find(({ listener }) => listener === CONTROLLER_LISTENER);
    return face === undefined ? null : { host: face.host, port: face.port };
  }
}
