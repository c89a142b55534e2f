import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Plain JavaScript, so that any Node can run it before there are types. */
const { BUNDLED }: { BUNDLED: string } = await import(new URL('../../broker/cli/build.mjs', import.meta.url).href);

/** The project's directory, without a slash at its end. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

const NOT_OURS = /^(node_modules|dist(-\d+)?|\.git|\.weir)$/;
const TEXT =
  /\.(ts|mjs|json|md|ya?ml|java|py|go|sh|proto|html|css|txt|toml|xml|properties)$|(^|\/)[A-Z][A-Za-z]*$|(^|\/)\.[\w.]+$|\.ci\/run$/;

/** Names directly below the project's directory that belong to it. */
export async function topNames(): Promise<string[]> {
  return (await readdir(ROOT)).filter((name) => !NOT_OURS.test(name)).sort();
}

/** Paths of all text files of the project, relative to it, sorted. */
export async function textFiles(): Promise<string[]> {
  const files: string[] = [];
  for (const top of await topNames()) {
    const entries = await readdir(join(ROOT, top), { recursive: true, withFileTypes: true }).catch(() => null);
    if (entries === null) files.push(top);
    else
      for (const entry of entries)
        if (entry.isFile()) files.push(join(entry.parentPath, entry.name).slice(ROOT.length + 1));
  }
  return files.filter((path) => TEXT.test(path) && path !== 'package-lock.json').sort();
}

/** The text of a file of the project. */
export async function readText(path: string): Promise<string> {
  return readFile(join(ROOT, path), 'utf8');
}

/** Names of the packages that package.json depends on: those that users get, and all. */
export async function packageNames(): Promise<{ shipped: ReadonlySet<string>; all: ReadonlySet<string> }> {
  // package.json is the project's own; these fields are maps of names where present.
  const manifest = JSON.parse(await readText('package.json')) as Record<string, Record<string, string> | undefined>;
  const shipped = [...Object.keys(manifest['dependencies'] ?? {}), BUNDLED];
  return { shipped: new Set(shipped), all: new Set([...shipped, ...Object.keys(manifest['devDependencies'] ?? {})]) };
}
