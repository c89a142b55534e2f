import { describe, expect, it } from '@jest/globals';
import { CONTROLLER_LISTENER } from '../../../../broker/core/config/listeners.ts';
import { AddressBook } from '../../../../broker/server/control/quorum/address-book.ts';
import { MetadataLab } from '../../../support/metadata/lab.ts';

const at = (port: number) => ({ host: '127.0.0.1', port });

/** Controllers 0 and 7 have registered, and broker 9 with its control plane. */
function registered(): MetadataLab {
  const lab = MetadataLab.withBrokers([]);
  for (const id of [0, 7]) lab.run(lab.controllerRegistration(id, at(100 + id)));
  const { endpoints, ...broker } = lab.registration(9);
  lab.run({ ...broker, endpoints: [...endpoints, { listener: CONTROLLER_LISTENER, ...at(109) }] });
  return lab;
}

describe('the addresses of control planes', () => {
  it('are those of this start’s settings, and registered ones of nodes that they do not name', () => {
    const { image } = registered();
    const book = new AddressBook([{ id: 0, ...at(1) }], () => image);
    expect([0, 7, 9, 5].map((id) => book.of(id))).toEqual([at(1), at(107), at(109), null]);
    expect(book.controllers()).toEqual([
      { id: 0, address: at(1) },
      { id: 7, address: at(107) },
    ]);
  });

  it('are those of the settings while there is no metadata', () => {
    const book = new AddressBook([{ id: 0, ...at(1) }], () => null);
    expect([book.of(0), book.of(7)]).toEqual([at(1), null]);
  });
});
