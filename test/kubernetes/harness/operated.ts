import { OPERATOR_CHART } from './charts.ts';
import { ControlPlane } from './control-plane.ts';
import { Kubelet } from './kubelet.ts';

/** Where the operator of the chart is. */
export const SYSTEM = ['-n', 'weir-system'] as const;

/** A control plane with machines that are stood in for, and the operator of the chart, which may not be ready yet. */
export interface Operated {
  readonly plane: ControlPlane;
  readonly kubelet: Kubelet;
  /** Ends all of it and removes what it wrote. */
  stop(): Promise<void>;
}

/** Starts one. */
export async function startOperated(): Promise<Operated> {
  const plane = await ControlPlane.start({ scheduler: true });
  const kubelet = await Kubelet.start(plane).catch(async (error: unknown) => {
    await plane.stop();
    throw error;
  });
  const stop = async (): Promise<void> => {
    await kubelet.stop();
    await plane.stop();
  };
  try {
    await installOperator(plane);
    return { plane, kubelet, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Installs the operator's chart, in a namespace in which pods may do nothing special. */
export async function installOperator(plane: ControlPlane): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'weir-system', labels } });
  await plane.helm('install', 'weir', OPERATOR_CHART, ...SYSTEM);
  await plane.kubectl('wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s');
}
