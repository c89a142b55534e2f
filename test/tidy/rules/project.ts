/** What may lie at the top (DESIGN.md, "Folders"); files whose name begins with a dot are for tools that insist. */
const TOP_LEVEL = new Set([
  'broker',
  'operator',
  'crds',
  'charts',
  'test',
  'examples',
  'docs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'README.md',
  'Dockerfile',
  'LICENSE',
  'SECURITY.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
]);

/** Names at the top of the project that have no business there. */
export function strayAtTop(names: readonly string[]): string[] {
  return names.filter((name) => !name.startsWith('.') && !TOP_LEVEL.has(name));
}

// Built from parts, so that this file does not find itself.
const MACHINE_PATH = new RegExp(`(?<![\\w.:@/*-])/(${['root', 'home', 'Users', 'work'].join('|')})/[\\w.-]`);
const HOSTS = [
  'registry.npmjs',
  'registry.yarnpkg',
  'repo.maven.apache',
  'repo1.maven',
  'files.pythonhosted',
  'pypi',
  'proxy.golang',
];
const REGISTRY_HOST = new RegExp(`\\b(${HOSTS.map((host) => host.replace('.', '\\.')).join('|')})\\.(org|com)\\b`);

/** Why a line of any text file can't stay: a path of somebody's machine or a registry's address; null when it can. */
export function machineTrace(line: string): string | null {
  if (MACHINE_PATH.test(line)) return 'a path of one machine';
  if (REGISTRY_HOST.test(line)) return "a registry's address: the clients' own settings decide it";
  return null;
}
