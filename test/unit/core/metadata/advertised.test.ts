import { describe, expect, test } from '@jest/globals';
import { brokerId } from '../../../../broker/core/base/ids.ts';
import { MetadataImage } from '../../../../broker/core/metadata/image.ts';
import type { EndpointView } from '../../../../broker/core/metadata/view.ts';
import { ErrorCode } from '../../../../broker/core/protocol/errors.ts';
import { MetadataLab } from '../../../support/metadata/lab.ts';

const OWN = [
  { listener: 'PLAIN', host: 'host-1', port: 9092 },
  { listener: 'OUTSIDE', host: 'host-1', port: 9094 },
  { listener: 'CONTROLLER', host: 'host-1', port: 9190 },
];
const LB: EndpointView = { listener: 'OUTSIDE', host: '203.0.113.7', port: 443 };

function labWithBroker(): MetadataLab {
  const lab = MetadataLab.withBrokers([0]);
  lab.run(lab.registration(1, { endpoints: OWN }));
  return lab;
}
const set = (lab: MetadataLab, ...endpoints: readonly EndpointView[]) =>
  lab.run({ kind: 'setAdvertised', brokerId: 1, endpoints });
const faces = (image: MetadataImage, id = 1): readonly string[] =>
  (image.broker(brokerId(id))?.endpoints ?? []).map(({ listener, host, port }) => `${listener}://${host}:${port}`);

describe('where clients are told to find a broker', () => {
  test('is another address on the listeners that are named, until something else is said of all of them', () => {
    const lab = labWithBroker();
    expect(set(lab, { ...LB, listener: 'outside' }).errorCode).toBe(ErrorCode.NONE);
    expect(faces(lab.image)).toEqual(['PLAIN://host-1:9092', 'OUTSIDE://203.0.113.7:443', 'CONTROLLER://host-1:9190']);
    expect(lab.deltas.at(-1)?.brokersChanged).toEqual([1]);
    const { offset } = lab.image;
    set(lab, LB);
    expect(lab.image.offset).toBe(offset);
    set(lab, { listener: 'PLAIN', host: 'b-1.example.com', port: 31_092 });
    expect(faces(lab.image).slice(0, 2)).toEqual(['PLAIN://b-1.example.com:31092', 'OUTSIDE://host-1:9094']);
    set(lab);
    expect(faces(lab.image)).toEqual(OWN.map(({ listener, host, port }) => `${listener}://${host}:${port}`));
    expect(faces(lab.image, 0)).toEqual(['PLAINTEXT://host-0:9092']);
  });

  test('stays with later incarnations, wherever these listen, and goes with the broker', () => {
    const lab = labWithBroker();
    set(lab, LB);
    lab.run(lab.registration(1, { endpoints: OWN.map((one) => ({ ...one, host: 'moved' })) }));
    expect(faces(lab.image)).toEqual(['PLAIN://moved:9092', 'OUTSIDE://203.0.113.7:443', 'CONTROLLER://moved:9190']);
    lab.run(lab.registration(1, { endpoints: OWN.slice(0, 1) }));
    expect(faces(lab.image)).toEqual(['PLAIN://host-1:9092']);
    lab.run(lab.registration(1, { endpoints: OWN }));
    expect(faces(lab.image)[1]).toBe('OUTSIDE://203.0.113.7:443');
    lab.run({ kind: 'unregisterBroker', brokerId: 1 });
    lab.run(lab.registration(1, { endpoints: OWN }));
    expect(faces(lab.image)[1]).toBe('OUTSIDE://host-1:9094');
  });

  test('is the same in a replayed log, a snapshot and a clone (I2, I3, I9)', () => {
    const lab = labWithBroker();
    const before = lab.image.clone();
    set(lab, LB);
    expect(faces(before)[1]).toBe('OUTSIDE://host-1:9094');
    const restored = new MetadataImage();
    restored.restore([...lab.image.snapshot()], lab.image.offset);
    for (const image of [lab.replayed(), restored, lab.image.clone()]) {
      expect(image.describe()).toBe(lab.image.describe());
      expect(faces(image)).toEqual(faces(lab.image));
    }
    const delta = before.restore([...lab.image.snapshot()], lab.image.offset);
    expect(delta.brokersChanged).toEqual([1]);
  });

  test.each<[string, EndpointView, string]>([
    ['a listener that it does not have', { ...LB, listener: 'OTHER' }, 'broker 1 has no listener OTHER for clients'],
    ['its control plane', { ...LB, listener: 'CONTROLLER' }, 'broker 1 has no listener CONTROLLER for clients'],
    ['no host', { ...LB, host: '' }, 'the host of listener OUTSIDE must be an address or a host name'],
    ['a host with a path', { ...LB, host: 'a/b' }, 'the host of listener OUTSIDE must be an address or a host name'],
    [
      'a long host',
      { ...LB, host: 'a'.repeat(256) },
      'the host of listener OUTSIDE must not be longer than 255 characters',
    ],
    [
      'every address',
      { ...LB, host: '0.0.0.0' },
      'the host of listener OUTSIDE must be an address of its own, not 0.0.0.0',
    ],
    ['port 0', { ...LB, port: 0 }, 'the port of listener OUTSIDE must be from 1 to 65535, not 0'],
    ['a port that is none', { ...LB, port: 65_536 }, 'the port of listener OUTSIDE must be from 1 to 65535, not 65536'],
  ])('can not be %s', (_, face, message) => {
    const lab = labWithBroker();
    const { offset } = lab.image;
    expect(set(lab, face)).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, errorMessage: message });
    expect(lab.image.offset).toBe(offset);
  });

  test('can not be two for one listener, nor of a broker that nobody knows', () => {
    const lab = labWithBroker();
    expect(set(lab, LB, { ...LB, port: 444 }).errorMessage).toBe('listener OUTSIDE is named twice');
    const many = Array.from({ length: 4 }, () => LB);
    expect(set(lab, ...many).errorMessage).toBe('broker 1 has 3 listeners, 4 are named');
    const unknown = lab.run({ kind: 'setAdvertised', brokerId: 9, endpoints: [] });
    expect(unknown.errorCode).toBe(ErrorCode.BROKER_ID_NOT_REGISTERED);
  });

  test('is what the broker says below weir.version 3 (B4)', () => {
    const lab = MetadataLab.atLevel1();
    lab.run(lab.registration(1, { endpoints: OWN }));
    expect(set(lab, LB)).toMatchObject({
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      errorMessage: expect.stringContaining('weir.version=3'),
    });
    expect(faces(lab.image)[1]).toBe('OUTSIDE://host-1:9094');
  });
});
