import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  visit,
} from 'yaml';
import { formatPath, type Issue, type Path } from '../api/issue.ts';
import { type AnyResource, nameOf } from '../api/kinds.ts';
import { API } from '../api/names.ts';
import { type Validated, validateManifest } from '../api/manifest.ts';
import { checkReferences } from '../api/references.ts';
import { checkRules } from '../api/rules.ts';
import { type CheckSetting, isRecord } from '../api/validate.ts';

/** Bounds of what is read before anything is parsed. */
const FILE_SIZE_MAX = 1 << 20;
const DOCUMENTS_MAX = 1_000;

/** One manifest file. `name` is how messages call it. */
export interface ManifestFile {
  readonly name: string;
  readonly text: string;
}

/**
 * All manifests of some files, or every reason why not: `FILE:LINE: KIND NAME: PATH REASON`, in order. Warnings, in the same
 * form, name what one machine can't carry out.
 */
export type ReadManifests =
  | { readonly ok: true; readonly resources: readonly AnyResource[]; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] };

interface Located {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** Where manifests come to. */
interface Surroundings {
  /** What is declared there, unless it is among them. */
  readonly others?: readonly AnyResource[];
  /** Of those that name none. */
  readonly namespace?: string | undefined;
  /** Whether objects of other groups, such as Deployments, are left aside rather than refused. */
  readonly hasOthers?: boolean;
}

function isForeign(document: unknown): boolean {
  const [version, kind] = isRecord(document) ? [document['apiVersion'], document['kind']] : [];
  return typeof version === 'string' && typeof kind === 'string' && !version.startsWith(`${API.group}/`);
}

function placed(document: unknown, namespace: string | undefined): unknown {
  const metadata = isRecord(document) ? document['metadata'] : null;
  if (!isRecord(document) || !isRecord(metadata) || metadata['namespace'] !== undefined || namespace === undefined)
    return document;
  return { ...document, metadata: { ...metadata, namespace } };
}

/**
 * Reads and validates manifests, and as changes of `previous` where that has the same Cluster. Aliases, duplicate keys and
 * syntax errors are refused with their line as well.
 */
export function readManifests(
  files: readonly ManifestFile[],
  checkSetting: CheckSetting,
  previous: readonly AnyResource[] = [],
  { others = [], namespace, hasOthers = false }: Surroundings = {},
): ReadManifests {
  const errors: string[] = [];
  const warnings: string[] = [];
  const resources: AnyResource[] = [];
  const places: Located[] = [];
  for (const file of files) {
    for (const located of parseFile(file, errors)) {
      const document: unknown = located.document.toJS({ maxAliasCount: 0 });
      if (hasOthers && isForeign(document)) continue;
      const validated = validateManifest(placed(document, namespace), checkSetting);
      if (validated.ok) {
        resources.push(validated.resource);
        places.push(located);
        for (const issue of validated.unserved) warnings.push(format(located, nameOf(validated.resource), issue));
      } else report(located, validated, errors);
    }
  }
  if (errors.length === 0 && resources.length === 0)
    errors.push(`${files.map((file) => file.name).join(', ')}: no manifest in it`);
  if (errors.length > 0) return { ok: false, errors };
  for (const [index, resource] of resources.entries()) {
    const [place, before] = [places[index], previous.find((one) => nameOf(one) === nameOf(resource))];
    if (place === undefined || before === undefined) continue;
    for (const issue of checkRules(resource, before)) errors.push(format(place, nameOf(resource), issue));
  }
  const names = new Set(resources.map(nameOf));
  for (const issue of checkReferences([...resources, ...others.filter((one) => !names.has(nameOf(one)))])) {
    const [place, resource] = [places[issue.index], resources[issue.index]];
    if (place !== undefined && resource !== undefined) errors.push(format(place, nameOf(resource), issue));
  }
  return errors.length > 0 ? { ok: false, errors } : { ok: true, resources, warnings };
}

function parseFile(file: ManifestFile, errors: string[]): readonly Located[] {
  if (file.text.length > FILE_SIZE_MAX) {
    errors.push(`${file.name}: is larger than ${FILE_SIZE_MAX} bytes`);
    return [];
  }
  const lines = new LineCounter();
  const parsed = parseAllDocuments(file.text, {
    lineCounter: lines,
    uniqueKeys: true,
    version: '1.2',
    prettyErrors: false,
  });
  if (!Array.isArray(parsed)) return [];
  if (parsed.length > DOCUMENTS_MAX) {
    errors.push(`${file.name}: has more than ${DOCUMENTS_MAX} documents`);
    return [];
  }
  const result: Located[] = [];
  for (const document of parsed) {
    const before = errors.length;
    for (const fault of document.errors) {
      errors.push(`${file.name}:${lines.linePos(fault.pos[0]).line}: is not valid YAML: ${fault.message}`);
    }
    const alias = firstAlias(document);
    if (alias !== null)
      errors.push(`${file.name}:${lineOf(lines, alias)}: aliases (*${alias.source}) are not supported in manifests`);
    if (errors.length === before && document.contents !== null && !isNullScalar(document.contents)) {
      result.push({ file: file.name, document, lines });
    }
  }
  return result;
}

function isNullScalar(node: unknown): boolean {
  return isScalar(node) && node.value === null;
}

function firstAlias(document: Document.Parsed): Alias | null {
  let found: Alias | null = null;
  visit(document, {
    Alias: (_key, node) => {
      found = node;
      return visit.BREAK;
    },
  });
  return found;
}

function lineOf(lines: LineCounter, node: Node): number {
  return lines.linePos(node.range?.[0] ?? 0).line;
}

function report(located: Located, validated: Extract<Validated, { ok: false }>, errors: string[]): void {
  const issues = validated.issues.map((issue) => ({ issue, line: lineAt(located, issue.path) }));
  issues.sort((a, b) => a.line - b.line);
  for (const { issue } of issues) errors.push(format(located, validated.subject, issue));
}

function format(located: Located, subject: string, issue: Issue): string {
  const path = formatPath(issue.path);
  return `${located.file}:${lineAt(located, issue.path)}: ${subject}: ${path === '' ? '' : `${path} `}${issue.message}`;
}

/** Line of the field that a path names; for a field that is missing, of the object that should have it. */
function lineAt(located: Located, path: Path): number {
  let node: unknown = located.document.contents;
  let offset = rangeStart(node);
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === part);
      if (pair === undefined) break;
      offset = rangeStart(pair.key);
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part];
      offset = rangeStart(node);
    } else break;
  }
  return located.lines.linePos(offset).line;
}

function rangeStart(node: unknown): number {
  if (isMap(node) || isSeq(node) || isScalar(node) || isAlias(node)) return node.range?.[0] ?? 0;
  return 0;
}
