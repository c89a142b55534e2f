import type { Formation } from '../../../../broker/core/config/formation.ts';
import type { Cluster } from '../../../api/kinds.ts';
import { instructionsOf } from '../../../core/instructions.ts';
import type { NodeMark } from '../../../core/observed.ts';
import { type IsDynamic, leavingNodes, wantedNodes } from '../../../core/plan-nodes.ts';
import type { NodeSpec } from '../../../core/steps.ts';
import type { HostView } from '../read.ts';
import { firstOrdinal, nodeName, type Role, roleOf } from './names.ts';

/** Where a cluster runs, and what its pods are made of: what the operator was told at its start. */
export interface Site {
  readonly image: {
    readonly repository: string;
    /** The operator's own version, which nodes run unless `spec.version` says otherwise (O17). */
    readonly tag: string;
    /** `@sha256:…` where the operator was told its image by what is in it: that of `tag`, and of no other version. */
    readonly digest?: string;
    readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  };
  /** Domain of Services, such as `cluster.local`. */
  readonly domain: string;
  /** Who asks nodes for things: the operator's own pods. */
  readonly operator: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> };
}

/** One node that there is. */
export interface BlueprintNode {
  readonly spec: NodeSpec;
  /** False: it is stopped and keeps its Service and its data. Of each role the nodes that run are those with the lowest ids. */
  readonly isRunning: boolean;
  readonly mark: NodeMark | null;
  /** The disk that is to be replaced, or was, as its Service says; null where nobody wants that any more. */
  readonly replacedDisk: string | null;
  /** Size that its claim asks for, null while there is none: it never becomes less. */
  readonly volumeSize: string | null;
}

/** Everything that the objects of one cluster are rendered from. */
export interface Blueprint {
  readonly cluster: Cluster;
  /** `metadata.uid` of the Cluster. */
  readonly uid: string;
  readonly formation: Formation;
  /** See `SettledScale.floor`. */
  readonly floor: number | null;
  /** Sorted by id. */
  readonly nodes: readonly BlueprintNode[];
  /** Sizes in the claim templates of StatefulSets that are there: templates never change (O4). */
  readonly templateSizes: ReadonlyMap<Role, string>;
  readonly site: Site;
}

/**
 * The blueprint of a cluster as it is: the nodes that there are, with what objects say of them, and everything else as the manifest says. Null
 * where somebody has to act first: the cluster was never formed, or it has a node that the manifest has no word for.
 */
export function blueprintOf(
  manifest: {
    readonly cluster: Cluster;
    readonly uid: string;
    readonly floor?: number | null;
    readonly isDynamic: IsDynamic;
  },
  view: HostView,
  site: Site,
): Blueprint | null {
  const { cluster, uid, floor = null, isDynamic } = manifest;
  const { observation: host, templateSizes } = view;
  if (host.formation === null || view.problems.length > 0) return null;
  const wanted = wantedNodes(cluster, isDynamic);
  const specs = [...wanted, ...leavingNodes(cluster, isDynamic, host)].sort((a, b) => a.id - b.id);
  if (!host.nodes.every(({ id }) => specs.some((spec) => spec.id === id))) return null;
  const { replacedNode } = instructionsOf(cluster);
  const nodes = specs.flatMap((spec): readonly BlueprintNode[] => {
    const { id } = spec;
    // A StatefulSet has no gaps: one below another is there, or is about to be.
    if (!host.nodes.some((one) => one.id >= id && roleOf(one.id) === roleOf(id))) return [];
    // No plan stops a node that is wanted: whoever made its StatefulSet smaller, or deleted it, did.
    const isRunning = wanted.includes(spec) || hasPlace(view, cluster.metadata.name, id);
    const mark = host.nodes.find((one) => one.id === id)?.mark ?? null;
    // Forgotten when nobody asks any more, so that it may be asked again.
    const replacedDisk = replacedNode === id ? (view.replacedDisks.get(id) ?? null) : null;
    return [{ spec, isRunning, mark, replacedDisk, volumeSize: view.volumeSizes.get(id) ?? null }];
  });
  return { cluster, uid, formation: host.formation, floor, nodes, templateSizes, site };
}

/** Whether a StatefulSet has, or should find, a pod of this node. */
function hasPlace(view: HostView, cluster: string, id: number): boolean {
  const replicas = view.replicas.get(roleOf(id));
  if (replicas === undefined) return view.unknownPods.includes(nodeName(cluster, id));
  return id - firstOrdinal(roleOf(id)) < replicas;
}
