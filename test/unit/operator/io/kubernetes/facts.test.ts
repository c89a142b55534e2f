import { describe, expect, it } from '@jest/globals';
import { clusterFacts } from '../../../../../operator/io/kubernetes/facts.ts';
import type { KubernetesObject } from '../../../../../operator/ports/kubernetes.ts';
import { clusterOf } from '../../../../support/kubernetes/rendered.ts';

const LISTENERS = [
  { name: 'plain', port: 9092 },
  { name: 'lan', port: 9093, type: 'nodeport' },
  { name: 'wan', port: 9094, type: 'loadbalancer' },
  {
    name: 'named',
    port: 9095,
    type: 'hosts',
    hosts: { bootstrap: 'kafka.example.com', node: 'b-{id}.example.com', port: 443 },
  },
];
const cluster = clusterOf({ brokers: { replicas: 3 }, listeners: LISTENERS }, { name: 'orders', namespace: 'prod' });

const pod = (image: string, hostIP?: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'weir', image }] },
  ...(hostIP === undefined ? {} : { status: { hostIP } }),
});
const service = (name: string, more: object): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  ...more,
});
const NODE_PORT = service('orders-bootstrap-lan', {
  spec: {
    ports: [
      { name: 'other', nodePort: 1 },
      { name: 'kafka-lan', nodePort: 30_123 },
    ],
  },
});
const balanced = (ingress: object): KubernetesObject =>
  service('orders-bootstrap-wan', { status: { loadBalancer: { ingress: [ingress] } } });

const bootstraps = (pods: readonly KubernetesObject[], services: readonly KubernetesObject[]) =>
  Object.fromEntries(
    clusterFacts(cluster, { pods, services }, '1.0.0').listeners.map((one) => [one.name, one.bootstrap]),
  );

describe('the facts of a Cluster', () => {
  it('say where clients begin, as far as there is an address', () => {
    const known = { plain: 'orders-bootstrap.prod.svc:9092', named: 'kafka.example.com:443' };
    expect(bootstraps([], [])).toEqual(known);
    expect(bootstraps([], [NODE_PORT, balanced({})])).toEqual(known);
    const pods = ['10.0.0.3', '10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.4'].map((ip) => pod('weir:1.0.0', ip));
    expect(bootstraps(pods, [NODE_PORT, balanced({ ip: '192.0.2.1' })])).toEqual({
      ...known,
      lan: '10.0.0.1:30123,10.0.0.2:30123,10.0.0.3:30123',
      wan: '192.0.2.1:9094',
    });
    expect(bootstraps([], [balanced({ ip: '2001:db8::1' })])['wan']).toBe('[2001:db8::1]:9094');
    expect(bootstraps([], [balanced({ hostname: 'lb.example.com', ip: '192.0.2.1' })])['wan']).toBe(
      'lb.example.com:9094',
    );
  });

  it('say the oldest version that a node runs', () => {
    const version = (...images: readonly string[]) =>
      clusterFacts(cluster, { pods: images.map((one) => pod(one)), services: [] }, '1.0.0').version;
    expect(version()).toBeNull();
    expect(version('registry:5000/weir')).toBeNull();
    expect(version('registry:5000/weir:1.10.0', 'registry:5000/weir:1.9.3', 'weir:2.0.0')).toBe('1.9.3');
    expect(version('weir:1.2.0@sha256:0123')).toBe('1.2.0');
  });
});
