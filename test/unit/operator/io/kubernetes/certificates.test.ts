// Own certificates as Secrets: what is in them, that they are renewed in time, and whose they are.
import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { nameOf } from '../../../../../broker/io/tls/certificates.ts';
import { SETTLE_MS } from '../../../../../operator/core/certificates.ts';
import type { KubernetesObject } from '../../../../../operator/ports/kubernetes.ts';
import { createAuthority } from '../../../../support/certificates.ts';
import { CertificateLab, DAY_MS } from '../../../../support/kubernetes/certificate-lab.ts';
import { clusterOf, CLUSTER_ID, settledBlueprint, UID } from '../../../../support/kubernetes/rendered.ts';
import { onStage } from '../../../../support/kubernetes/stage.ts';
import { TYPES } from '../../../../support/kubernetes/types.ts';

const BEGIN_MS = Date.UTC(2026, 0, 1);
const [CA, NODES, OPERATOR] = ['orders-ca', 'orders-node-tls', 'orders-operator-tls'];
const ALL = [CA, NODES, OPERATOR];
const SOMEBODY = { manager: 'somebody', subresource: '' } as const;

const inLab = (body: (lab: CertificateLab) => Promise<void>): Promise<void> =>
  onStage(async (stage) => {
    const lab = new CertificateLab(stage, BEGIN_MS);
    expect(await lab.written()).toEqual(ALL);
    await body(lab);
  });
const serials = (lab: CertificateLab): readonly string[] => [0, 1, 2].map((id) => lab.node(id).serialNumber);

describe('the Secrets of a cluster', () => {
  it('belong to it, and name each node and the operator as brokers know them (O6)', () =>
    inLab(async (lab) => {
      for (const name of ALL) {
        const { metadata, ['type']: type } = lab.secret(name) as KubernetesObject;
        expect(metadata.ownerReferences).toMatchObject([{ kind: 'Cluster', uid: UID, controller: true }]);
        expect(metadata.labels).toMatchObject({ 'weir.dev/cluster': 'orders' });
        expect(type).toBe('Opaque');
      }
      const files = lab.files(NODES);
      expect(Object.keys(files).sort()).toEqual([
        'ca.crt',
        ...[0, 1, 2].flatMap((id) => [`orders-broker-${id}.crt`, `orders-broker-${id}.key`]),
      ]);
      for (const id of [0, 1, 2]) {
        const one = lab.node(id);
        expect(nameOf(one.subjectAltName)).toEqual({ clusterId: CLUSTER_ID, role: 'node', nodeId: id });
        for (const host of ['svc.cluster.local', 'svc'].map((end) => `orders-broker-${id}.prod.${end}`))
          expect(one.checkHost(host)).toBe(host);
        expect(one.checkHost(`orders-broker-${id}.orders-nodes.prod.svc.cluster.local`)).toBeDefined();
        expect(one.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
        expect([one.ca, lab.signerOf(one)]).toEqual([false, 0]);
        expect(one.checkPrivateKey(createPrivateKey(files[`orders-broker-${id}.key`] ?? ''))).toBe(true);
      }
      const { operator } = await lab.keep();
      expect(operator).toEqual({
        cert: lab.files(OPERATOR)['tls.crt'],
        key: lab.files(OPERATOR)['tls.key'],
        ca: files['ca.crt'],
      });
      expect(lab.authorities(OPERATOR)).toHaveLength(1);
    }));

  it('keep the key that signs to themselves: no node has it', () =>
    inLab(async (lab) => {
      const keys = Object.entries(lab.files(CA)).filter(([name]) => name.endsWith('.key'));
      expect(keys).toHaveLength(1);
      for (const name of [NODES, OPERATOR])
        for (const text of Object.values(lab.files(name))) expect(text).not.toContain(keys[0]?.[1].split('\n')[1]);
    }));

  it('are not written again while nothing is due', () =>
    inLab(async (lab) => {
      for (const day of [0, 0.1, 0.6]) {
        lab.nowMs = BEGIN_MS + day * DAY_MS;
        expect(await lab.written()).toEqual([]);
      }
    }));

  it('follow the nodes that there are', () =>
    inLab(async (lab) => {
      const before = serials(lab);
      lab.blueprint = settledBlueprint(clusterOf({ brokers: { replicas: 4 } }));
      expect(await lab.written()).toEqual([NODES]);
      expect(serials(lab)).toEqual(before);
      expect(nameOf(lab.node(3).subjectAltName)).toMatchObject({ nodeId: 3 });
      lab.blueprint = settledBlueprint(clusterOf({ brokers: { replicas: 3 } }));
      expect(await lab.written()).toEqual([NODES]);
      expect(Object.keys(lab.files(NODES))).toHaveLength(7);
    }));
});

describe('certificates are renewed', () => {
  it('after two thirds of their life, those of nodes after 60 days and that of the operator every 16 hours', () =>
    inLab(async (lab) => {
      const before = serials(lab);
      lab.nowMs = BEGIN_MS + 16.1 * 3_600_000;
      expect(await lab.written()).toEqual([OPERATOR]);
      lab.nowMs = BEGIN_MS + 59.9 * DAY_MS;
      expect(await lab.written()).toEqual([OPERATOR]);
      expect(serials(lab)).toEqual(before);
      lab.nowMs = BEGIN_MS + 60.1 * DAY_MS;
      expect(await lab.written()).toEqual([NODES]);
      expect(serials(lab).filter((serial) => before.includes(serial))).toEqual([]);
      expect(lab.node(0).validToDate.getTime()).toBe(Math.floor(lab.nowMs / 1000) * 1000 + 90 * DAY_MS);
    }));

  it('with both authorities trusted, when that which signs is due (C1)', () =>
    inLab(async (lab) => {
      const [first] = lab.authorities();
      lab.nowMs = BEGIN_MS + 731 * DAY_MS;
      await lab.keep();
      const names = (): readonly string[] => lab.authorities().map(({ serialNumber }) => serialNumber);
      expect(names()).toHaveLength(2);
      expect(names()[0]).toBe(first?.serialNumber);
      const [, second = ''] = names();
      expect([0, 1, 2].map((id) => lab.signerOf(lab.node(id)))).toEqual([0, 0, 0]);
      lab.nowMs += SETTLE_MS - 1000;
      await lab.keep();
      expect([0, 1, 2].map((id) => lab.signerOf(lab.node(id)))).toEqual([0, 0, 0]);
      lab.nowMs += 1000;
      await lab.keep();
      expect([0, 1, 2].map((id) => lab.signerOf(lab.node(id)))).toEqual([1, 1, 1]);
      lab.nowMs += SETTLE_MS - 400_000;
      await lab.keep();
      expect(names()).toHaveLength(2);
      lab.nowMs += 400_000;
      await lab.keep();
      expect(names()).toEqual([second]);
      expect(Object.keys(lab.files(CA))).toHaveLength(2);
      expect([0, 1, 2].map((id) => lab.signerOf(lab.node(id)))).toEqual([0, 0, 0]);
      expect(await lab.written()).toEqual([]);
    }));

  it('by no clock that is behind what they say (C4)', () =>
    inLab(async (lab) => {
      lab.nowMs = Date.UTC(1970, 0, 2);
      await expect(lab.keep()).rejects.toMatchObject({ code: 'CLOCK_BEHIND', fatal: false });
      lab.nowMs = BEGIN_MS;
      expect(await lab.written()).toEqual([]);
    }));
});

describe('what somebody did to a Secret', () => {
  const other = createAuthority('a stranger');
  const foreign = other.issue(`weir://${CLUSTER_ID}/node/1`);

  it.each<[string, Readonly<Record<string, string | undefined>>]>([
    ['a certificate that is none', { 'orders-broker-1.crt': 'nonsense' }],
    ['a certificate that is gone', { 'orders-broker-1.crt': undefined }],
    ['a key that is gone', { 'orders-broker-1.key': undefined }],
    ["a key that is somebody else's", { 'orders-broker-1.key': foreign.key }],
    [
      'a certificate of a stranger with its key',
      { 'orders-broker-1.crt': foreign.cert, 'orders-broker-1.key': foreign.key },
    ],
  ])('is mended for that node alone: %s', (_, files) =>
    inLab(async (lab) => {
      const before = serials(lab);
      lab.edit(NODES, files);
      expect(await lab.written()).toEqual([NODES]);
      const after = serials(lab);
      expect([after[0], after[2]]).toEqual([before[0], before[2]]);
      expect(lab.signerOf(lab.node(1))).toBe(0);
      const key = createPrivateKey(lab.files(NODES)['orders-broker-1.key'] ?? '');
      expect(lab.node(1).checkPrivateKey(key)).toBe(true);
      expect(await lab.written()).toEqual([]);
    }),
  );

  it("is taken back: a stranger's authority that nodes were to trust", () =>
    inLab(async (lab) => {
      const before = lab.files(NODES);
      lab.edit(NODES, { 'ca.crt': other.ca + (before['ca.crt'] ?? '') });
      expect(await lab.written()).toEqual([NODES]);
      expect(lab.files(NODES)).toEqual(before);
    }));

  it('does not keep the certificate of another node from being replaced by its own', () =>
    inLab(async (lab) => {
      const files = lab.files(NODES);
      lab.edit(NODES, {
        'orders-broker-1.crt': files['orders-broker-0.crt'],
        'orders-broker-1.key': files['orders-broker-0.key'],
      });
      await lab.keep();
      expect(nameOf(lab.node(1).subjectAltName)).toMatchObject({ nodeId: 1 });
    }));

  it('leaves other files of theirs alone, and writes nothing for them', () =>
    inLab(async (lab) => {
      lab.edit(NODES, { 'notes.txt': 'mine' });
      expect(await lab.written()).toEqual([]);
      expect(lab.files(NODES)['notes.txt']).toBe('mine');
    }));

  it.each(ALL)('is made good when all of %s is gone', (name) =>
    inLab(async (lab) => {
      const [before] = lab.authorities();
      lab.delete(name);
      await lab.keep();
      expect(lab.authorities()[0]?.serialNumber).toBe(before?.serialNumber);
      expect([0, 1, 2].map((id) => lab.signerOf(lab.node(id)))).toEqual([0, 0, 0]);
      expect(await lab.written()).toEqual([]);
    }),
  );

  it('a lost signing key is followed by another one that nodes hear of before it signs for them (C1)', () =>
    inLab(async (lab) => {
      lab.delete(CA);
      await lab.keep();
      expect(lab.authorities()).toHaveLength(2);
      lab.nowMs += SETTLE_MS;
      await lab.keep();
      expect([0, 1, 2].map((id) => lab.signerOf(lab.node(id)))).toEqual([1, 1, 1]);
    }));
});

describe('a Secret of one of these names', () => {
  it.each(ALL)('%s that belongs to nobody, or to another Cluster, is left alone, and nothing else is written', (name) =>
    onStage(async (stage) => {
      for (const uid of [null, 'another']) {
        const lab = new CertificateLab(stage, BEGIN_MS);
        const reference = {
          apiVersion: 'weir.dev/v1alpha1',
          kind: 'Cluster',
          name: 'orders',
          uid: uid ?? '',
          controller: true,
        };
        const metadata = { name, namespace: 'prod', ...(uid === null ? {} : { ownerReferences: [reference] }) };
        const theirs = { apiVersion: 'v1', kind: 'Secret', metadata, data: { 'ca.crt': 'bWluZQ==' } };
        await stage.client().create(TYPES.secrets, theirs);
        const before = stage.server.store.all(TYPES.secrets);
        expect(await lab.keep()).toEqual({ taken: [name], operator: null });
        expect(stage.server.store.all(TYPES.secrets)).toEqual(before);
        lab.delete(name);
      }
    }),
  );
});

describe('a Secret that somebody makes under one of these names after it was looked for', () => {
  it.each([
    [NODES, CA],
    [OPERATOR, NODES],
  ])('is left alone and told at the next look: %s', (name, before) =>
    onStage(async (stage) => {
      const lab = new CertificateLab(stage, BEGIN_MS);
      const metadata = { name, namespace: 'prod' };
      const theirs = { apiVersion: 'v1', kind: 'Secret', metadata, data: { 'ca.crt': 'bWluZQ==' } };
      let made: KubernetesObject | null = null;
      stage.server.afterWrite = ({ path }) => {
        if (path.endsWith(before)) made ??= stage.server.store.create(TYPES.secrets, theirs, SOMEBODY);
      };
      await expect(lab.keep()).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
      expect(made).not.toBeNull();
      expect(lab.secret(name)).toEqual(made);
      expect(await lab.keep()).toEqual({ taken: [name], operator: null });
    }),
  );
});

describe('an operator that ends', () => {
  it.each(ALL)('before or after it wrote %s leaves nothing that the next one does not finish', (name) =>
    onStage(async (stage) => {
      for (const fault of [{ kind: 'reset' }, { kind: 'lost answer' }] as const) {
        const lab = new CertificateLab(stage, BEGIN_MS);
        stage.proxy.spoil({ method: 'PATCH', path: new RegExp(name) }, fault);
        await expect(lab.keep()).rejects.toMatchObject({ code: 'UNREACHABLE' });
        await lab.keep();
        expect(await lab.written()).toEqual([]);
        expect([0, 1, 2].map((id) => lab.signerOf(lab.node(id)))).toEqual([0, 0, 0]);
        expect(lab.authorities()).toHaveLength(1);
        for (const one of ALL) lab.delete(one);
      }
    }),
  );

  it('was overtaken: it writes over nothing that another one wrote since it looked', () =>
    inLab(async (lab) => {
      lab.nowMs = BEGIN_MS + 61 * DAY_MS;
      // Between its writes of nodes and of itself somebody else renews.
      lab.stage.server.afterWrite = ({ path }) => {
        if (path.endsWith(NODES)) lab.edit(OPERATOR, { 'tls.crt': 'of another' });
      };
      await expect(lab.keep()).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(lab.files(OPERATOR)['tls.crt']).toBe('of another');
    }));
});

describe('keys', () => {
  it('are in no message of a failure', () =>
    inLab(async (lab) => {
      lab.edit(NODES, { 'orders-broker-1.key': undefined });
      lab.stage.proxy.spoil({ method: 'PATCH' }, { kind: 'answer', status: 422, body: '{"message":"data is wrong"}' });
      const failure = await lab.keep().catch((error: unknown) => error);
      expect(String(failure)).toContain('data is wrong');
      expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toMatch(/PRIVATE|LS0tLS1CRUdJTi/);
    }));
});
