import { nameOf, type Rule, type SyntaxNode, walk } from '../source.ts';

/** Where the world may be touched; everywhere else time, randomness and the environment are handed in. */
const WORLDLY = ['broker/io/', 'broker/cli/', 'broker/main.ts', 'operator/io/', 'operator/main.ts', 'test/'];
/** Where each run must replay exactly (B7): besides, nothing may wait or depend on the garbage collector or locale. */
const REPLAYED = ['broker/core/', 'broker/server/', 'broker/ports/', 'operator/core/', 'operator/api/'];

const CLOCK_AND_CHANCE = new Set([
  'Date',
  'performance',
  'process',
  'crypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'fetch',
  'globalThis',
  'global',
  'eval',
  'console',
]);
const NOT_REPLAYED = new Set([
  'Promise',
  'queueMicrotask',
  'WeakRef',
  'FinalizationRegistry',
  'Intl',
  'Atomics',
  'SharedArrayBuffer',
  'require',
]);
const CHANCE_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Math: ['random'],
  AbortSignal: ['timeout', 'any'],
  Temporal: ['Now'],
};
const BUFFER_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Buffer: ['allocUnsafe', 'allocUnsafeSlow'],
  Array: ['fromAsync'],
};
const METHODS_NOT_REPLAYED = new Set([
  'localeCompare',
  'toLocaleString',
  'toLocaleLowerCase',
  'toLocaleUpperCase',
  'toLocaleDateString',
  'toLocaleTimeString',
  'stack',
  'captureStackTrace',
]);
const ASYNC_NODES = new Set([
  'AwaitExpression',
  'ForOfStatement',
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
]);

const isIn = (path: string, folders: readonly string[]): boolean => folders.some((folder) => path.startsWith(folder));

/** True when the identifier stands for a value or type of that name, not for a field or a key that happens to be called so. */
function isReference(node: SyntaxNode, parent: SyntaxNode): boolean {
  if (node.type !== 'Identifier') return false;
  if (parent.type === 'MemberExpression') return parent['property'] !== node || parent['computed'] === true;
  if (parent.type === 'TSQualifiedName') return parent['left'] === node;
  const isNamed = parent['key'] === node && parent['computed'] !== true;
  const isLabel = parent.type === 'TSNamedTupleMember' || parent.type === 'LabeledStatement';
  // An object's `{process}` reads the name; a class's or interface's field only bears it.
  return !isNamed && !isLabel;
}

/** Names that the file binds itself (a parameter called `process`, an import): those are not the globals. */
function boundNames(program: SyntaxNode): Set<string> {
  const bound = new Set<string>();
  const bind = (pattern: unknown): void => {
    if (nameOf(pattern) !== '') bound.add(nameOf(pattern));
  };
  walk(program, (node, parent) => {
    if (parent.type === 'ObjectPattern') bind(node['value']);
    if (/^(Import.*Specifier|VariableDeclarator|FunctionDeclaration|ClassDeclaration)$/.test(node.type)) {
      bind(node['local'] ?? node['id']);
    }
    for (const parameter of Array.isArray(node['params']) ? (node['params'] as unknown[]) : []) bind(parameter);
  });
  return bound;
}

type Report = (node: SyntaxNode, message: string) => void;

function checkMember(node: SyntaxNode, isReplayed: boolean, report: Report): void {
  const object = nameOf(node['object']);
  const property = nameOf(node['property']);
  const members = isReplayed ? { ...CHANCE_MEMBERS, ...BUFFER_MEMBERS } : CHANCE_MEMBERS;
  if (Object.hasOwn(members, object) && members[object]?.includes(property) === true)
    report(node, `no ${object}.${property} here`);
  if (isReplayed && METHODS_NOT_REPLAYED.has(property)) report(node, `no .${property} here: it does not replay`);
}

/** Cores and server see neither clock nor chance nor the environment, and never wait (SAFETY.md B7). */
export const determinism: Rule = {
  name: 'determinism',
  check({ path, program }, report) {
    if (isIn(path, WORLDLY)) return;
    const isReplayed = isIn(path, REPLAYED);
    const bound = boundNames(program);
    walk(program, (node, parent) => {
      if (isReference(node, parent) && !bound.has(nameOf(node))) {
        if (CLOCK_AND_CHANCE.has(nameOf(node))) report(node, `no ${nameOf(node)} here`);
        else if (isReplayed && NOT_REPLAYED.has(nameOf(node)))
          report(node, `no ${nameOf(node)} here: it does not replay`);
      }
      if (node.type === 'MemberExpression') checkMember(node, isReplayed, report);
      if (!isReplayed || !ASYNC_NODES.has(node.type)) return;
      const waits = node.type === 'AwaitExpression' || node['await'] === true || node['async'] === true;
      if (waits) report(node, 'nothing waits here: completions are inputs');
    });
  },
};
