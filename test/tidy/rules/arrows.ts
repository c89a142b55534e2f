import { posix } from 'node:path';
import { isNode, type Rule, type SyntaxNode, walk } from '../source.ts';

/**
 * Who may import what (DESIGN.md, "Folders"): each layer names what it may import directly; what those may import comes
 * with them. Beyond DESIGN.md's table: the state machines whose records and answers are Kafka messages (`metadata`,
 * `coordinator` and what stands on it) read core/protocol, which holds those messages and the one error table; `client`
 * holds the clients' pure state machines.
 */
const CORE: Readonly<Record<string, readonly string[]>> = {
  base: [],
  codec: ['base'],
  config: ['base', 'codec'],
  protocol: ['base', 'codec'],
  record: ['base', 'codec'],
  log: ['record', 'config'],
  raft: ['base'],
  metadata: ['base', 'config', 'protocol'],
  replica: ['log', 'metadata'],
  coordinator: ['record', 'protocol'],
  group: ['coordinator', 'config', 'metadata'],
  share: ['coordinator', 'config', 'metadata'],
  txn: ['coordinator', 'config', 'metadata'],
  security: ['base'],
  client: ['base', 'codec', 'protocol', 'record'],
};

const ALL_CORE = Object.keys(CORE).map((name) => `broker/core/${name}`);
const OPERATOR_BASE = ['broker/proto', 'broker/core/base', 'broker/core/config'];
const OPERATOR_PURE = ['operator/api', 'operator/core', 'operator/ports'];
const EVERYTHING = 'everything';

interface Layer {
  readonly may: readonly string[] | typeof EVERYTHING;
  /** Layers of which only types may be imported. */
  readonly types?: readonly string[];
  /** Packages of npm and all of Node may be imported; else only Buffer and crypto's pure functions. */
  readonly world: boolean;
}

const LAYERS: Readonly<Record<string, Layer>> = {
  ...Object.fromEntries(ALL_CORE.map((layer) => [layer, { may: closure(layer), world: false }])),
  'broker/ports': { may: [], types: ALL_CORE, world: false },
  'broker/server': { may: [...ALL_CORE, 'broker/ports'], world: false },
  'broker/io': { may: ['broker/ports', 'broker/proto'], types: ALL_CORE, world: true },
  'broker/proto': { may: [], world: false },
  'broker/console': { may: [], world: false },
  'broker/cli': { may: EVERYTHING, world: true },
  'broker/main': { may: EVERYTHING, world: true },
  'operator/api': { may: OPERATOR_BASE, world: false },
  'operator/core': { may: [...OPERATOR_BASE, 'operator/api'], world: false },
  'operator/ports': { may: [...OPERATOR_BASE, 'operator/api'], types: ['operator/core'], world: false },
  'operator/controllers': { may: [...OPERATOR_BASE, ...OPERATOR_PURE], world: false },
  'operator/io': { may: [...OPERATOR_BASE, ...OPERATOR_PURE], world: true },
  'operator/main': { may: [...OPERATOR_BASE, ...OPERATOR_PURE, 'operator/controllers', 'operator/io'], world: true },
};

/** The control isolate's own main (F1): a worker thread's program, which wires io to server as main.ts does. */
const WORKER_MAIN = 'broker/io/control/worker.ts';

/** Of the broker only its programs may import the operator (`weir local`). */
const MAY_IMPORT_OPERATOR = ['broker/cli'];

const NODE_PURE: Readonly<Record<string, readonly string[]>> = {
  'node:buffer': ['Buffer'],
  'node:crypto': ['createHash', 'createHmac', 'hash', 'timingSafeEqual'],
};

function closure(layer: string): string[] {
  const reached = new Set<string>();
  const add = (name: string): void => {
    for (const next of CORE[name] ?? []) {
      if (!reached.has(next)) {
        reached.add(next);
        add(next);
      }
    }
  };
  add(layer.slice('broker/core/'.length));
  return [...reached].map((name) => `broker/core/${name}`);
}

/** The layer that a file belongs to, '' when it is none of the project's (tests import everything). */
export function layerOf(path: string): string {
  if (path === WORKER_MAIN) return 'broker/main';
  const [top = '', second = '', third = ''] = path.split('/');
  if (top === 'broker' && second === 'core') return `broker/core/${third}`;
  if (top === 'broker' || top === 'operator') return `${top}/${second.replace(/\.ts$/, '')}`;
  return '';
}

interface Import {
  readonly node: SyntaxNode;
  readonly from: string;
  readonly typesOnly: boolean;
  /** Imported names, '*' for the whole module. */
  readonly names: readonly string[];
}

const TYPES = 'type';

function specifierNames(node: SyntaxNode): { names: string[]; typesOnly: boolean } {
  const specifiers = (Array.isArray(node['specifiers']) ? node['specifiers'] : []).filter(isNode);
  const whole = specifiers.length === 0 || specifiers.some(({ type }) => type === 'ImportNamespaceSpecifier');
  const typesOnly =
    node['importKind'] === TYPES ||
    node['exportKind'] === TYPES ||
    (specifiers.length > 0 && specifiers.every((each) => each['importKind'] === TYPES || each['exportKind'] === TYPES));
  const names = specifiers.map((each) => {
    const imported = each['imported'] ?? each['local'];
    return isNode(imported) && typeof imported['name'] === 'string' ? imported['name'] : 'default';
  });
  return { names: whole ? ['*'] : names, typesOnly };
}

function importsOf(program: SyntaxNode): Import[] {
  const imports: Import[] = [];
  walk(program, (node) => {
    const source = node['source'];
    if (!isNode(source) || typeof source['value'] !== 'string') return;
    const from = source['value'];
    if (node.type === 'ImportExpression') imports.push({ node, from, names: ['*'], typesOnly: false });
    else if (node.type === 'TSImportType') imports.push({ node, from, names: [], typesOnly: true });
    else imports.push({ node, from, ...specifierNames(node) });
  });
  return imports;
}

type Report = (node: SyntaxNode, message: string) => void;

function checkInner(path: string, layerName: string, each: Import, report: Report): void {
  const layer = LAYERS[layerName];
  const target = layerOf(posix.join(posix.dirname(path), each.from));
  if (layer === undefined || target === layerName) return;
  if (target === '') report(each.node, `${layerName} imports ${each.from}, which is outside broker/ and operator/`);
  else if (target.startsWith('operator/') && layerName.startsWith('broker/')) {
    if (!MAY_IMPORT_OPERATOR.includes(layerName)) report(each.node, `${layerName} imports ${target}`);
  } else if (layer.may === EVERYTHING || layer.may.includes(target)) return;
  else if (layer.types?.includes(target) !== true) report(each.node, `${layerName} imports ${target}`);
  else if (!each.typesOnly) report(each.node, `${layerName} imports more than types of ${target}`);
}

function checkOuter(layerName: string, each: Import, report: Report): void {
  if (LAYERS[layerName]?.world !== false) return;
  const pure = NODE_PURE[each.from];
  if (pure === undefined) {
    if (!each.typesOnly || !each.from.startsWith('node:')) report(each.node, `${layerName} imports ${each.from}`);
    return;
  }
  const foreign = each.typesOnly ? [] : each.names.filter((name) => !pure.includes(name));
  if (foreign.length > 0) report(each.node, `${layerName} imports ${foreign.join(', ')} of ${each.from}`);
}

/** Imports follow the arrows of DESIGN.md. */
export const arrows: Rule = {
  name: 'arrows',
  check({ path, program }, report) {
    const layerName = layerOf(path);
    if (layerName === '') return;
    if (LAYERS[layerName] === undefined) report(program, `${layerName} is a folder that the arrows don't know`);
    for (const each of importsOf(program)) {
      if (each.from.startsWith('.')) checkInner(path, layerName, each, report);
      else checkOuter(layerName, each, report);
    }
  },
};

/** Specifiers: `.ts` endings on relative paths, the `node:` prefix, only packages that package.json names. */
export function specifiers(packages: {
  readonly shipped: ReadonlySet<string>;
  readonly all: ReadonlySet<string>;
}): Rule {
  const builtin =
    /^(assert|buffer|child_process|crypto|events|fs|http|https|net|os|path|perf_hooks|process|stream|timers|tls|url|util|v8|vm|worker_threads|zlib)(\/|$)/;
  return {
    name: 'specifiers',
    check({ path, program }, report) {
      const known = path.startsWith('test/') ? packages.all : packages.shipped;
      for (const { node, from, typesOnly } of importsOf(program)) {
        if (from.startsWith('node:')) continue;
        if (from.startsWith('.')) {
          if (!/\.(ts|mjs|json)$/.test(from)) report(node, `${from} needs its ending .ts`);
          continue;
        }
        const name = from.split('/', from.startsWith('@') ? 2 : 1).join('/');
        if (builtin.test(from)) report(node, `${from} needs the prefix node:`);
        else if (!(typesOnly ? packages.all : known).has(name))
          report(node, `${name} is not a dependency in package.json`);
      }
    },
  };
}
