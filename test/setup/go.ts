import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptInstall } from './apt.ts';
import { cached, MissingPeer, stampOf } from './cache.ts';
import { mustRun, versionOf } from './run.ts';

/** From this version on Go fetches by itself the newer one that a module asks for. */
const GO_MINOR_MIN = 21;
const BUILD_TIMEOUT_MS = 30 * 60_000;
const CANDIDATES = ['go', '/usr/local/go/bin/go'];

/** One program to be built from published Go modules. */
export interface GoProgram {
  readonly name: string;
  /** null: of what comes with Go alone. */
  readonly module: string | null;
  /** Version of the module, with its `v`. */
  readonly version: string;
  /** A package of the module, or `.` where the source is here. */
  readonly package: string;
  /** The text of `main.go`. */
  readonly source?: string;
  /** The module is published in parts that its own repository replaces by folders: the version of all parts. */
  readonly partsVersion?: string;
  readonly tags: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

let go: Promise<string> | null = null;

/** The `go` command; installs Debian's where that is possible, else throws `MissingPeer`. */
export async function ensureGo(): Promise<string> {
  go ??= findGo();
  return go;
}

async function findGo(): Promise<string> {
  const found = await newEnough();
  if (found !== null) return found;
  await aptInstall('Go', ['golang-go']);
  const installed = await newEnough();
  if (installed === null) throw new MissingPeer('Go', `install Go 1.${GO_MINOR_MIN} or newer`);
  return installed;
}

async function newEnough(): Promise<string | null> {
  for (const candidate of CANDIDATES) {
    const text = await versionOf(candidate, ['version']);
    if (Number(/\bgo1\.(\d+)/.exec(text ?? '')?.[1] ?? 0) >= GO_MINOR_MIN) return candidate;
  }
  return null;
}

/** The path of a program, built with `go` unless the cache has it. The first build of a large one takes minutes. */
export async function ensureGoProgram(program: GoProgram): Promise<string> {
  const { name, version, source } = program;
  const stamp = source === undefined ? '' : `-${stampOf([source])}`;
  const directory = await cached(`go-${name}-${version}${stamp}`, async (work) => {
    const command = await ensureGo();
    console.error(`${name} ${version} is built from its modules, once, which may take some minutes`);
    await writeFile(join(work, 'go.mod'), await moduleFile(command, program));
    if (source !== undefined) await writeFile(join(work, 'main.go'), source);
    const variables = Object.entries(program.variables).map(([variable, value]) => `-X ${variable}=${value}`);
    const flags = ['-mod=mod', '-buildvcs=false', '-p=2', `-tags=${program.tags.join(',')}`];
    const link = `-ldflags=${['-s', '-w', ...variables].join(' ')}`;
    await mustRun(command, ['build', ...flags, link, '-o', join(work, name), program.package], {
      cwd: work,
      env: { CGO_ENABLED: '0', GOWORK: 'off', GOFLAGS: '' },
      timeoutMs: BUILD_TIMEOUT_MS,
    });
  });
  return join(directory, name);
}

/**
 * A module of our own that requires the program's: its directives are taken over, since those of a required module don't count. What it
 * replaces by its own folders is replaced by what was published of them.
 */
async function moduleFile(command: string, { module, version, partsVersion }: GoProgram): Promise<string> {
  if (module === null) return `module weir.test/built\n\ngo 1.${GO_MINOR_MIN}\n`;
  const told = await mustRun(command, ['mod', 'download', '-json', `${module}@${version}`], { env: { GOWORK: 'off' } });
  const file = /"GoMod": "(.*)"/.exec(told)?.[1];
  if (file === undefined) throw new MissingPeer(module, `there is no ${version}`);
  const lines = (await readFile(file, 'utf8')).split('\n');
  const directives = lines.filter((line) => /^(go|godebug) /.test(line));
  const parts = lines.flatMap((line) => /^\s*(?:replace )?(\S+) => \.\/staging\//.exec(line)?.[1] ?? []);
  const replaced = partsVersion === undefined ? [] : parts.map((part) => `replace ${part} => ${part} ${partsVersion}`);
  return ['module weir.test/built', ...directives, `require ${module} ${version}`, ...replaced, ''].join('\n');
}
