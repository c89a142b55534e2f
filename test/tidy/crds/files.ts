import { stringify } from 'yaml';
import { crdOf } from '../../../operator/api/crd.ts';
import { API, KINDS } from '../../../operator/api/names.ts';

/** Where the files are, from the root: for kubectl, and for Helm, which reads nothing outside of a chart. */
export const CRD_FOLDERS = ['crds', 'charts/weir/files'] as const;

/** The files below these by name, as `operator/api` has it. */
export function crdFiles(): ReadonlyMap<string, string> {
  return new Map(
    KINDS.map((kind) => [
      `${API.kinds[kind].plural}.${API.group}.yaml`,
      `# Made from operator/api: edit there and run npm run crds.\n${stringify(crdOf(kind), { lineWidth: 120, aliasDuplicateObjects: false })}`,
    ]),
  );
}
