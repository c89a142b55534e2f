import { chmod, copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, stampOf } from '../../setup/cache.ts';
import { ensureGoProgram } from '../../setup/go.ts';
import { ensureJava } from '../../setup/java.ts';
import { CLIENTS_VERSION, ensureClientsLib } from '../../setup/kafka.ts';
import { mustRun } from '../../setup/run.ts';
import { packImage } from '../harness/nodes/archive.ts';

/** The newest one; share groups came with v1.21. */
const FRANZ_GO_VERSION = 'v1.22.3';
const MEMBER = fileURLToPath(new URL('member.go', import.meta.url));
const KILL_LOAD = fileURLToPath(new URL('../../wire/java/KillLoad.java', import.meta.url));
/** What Kafka's client uses of Java. */
const JAVA_MODULES =
  'java.base,java.logging,java.management,java.naming,java.security.jgss,java.security.sasl,jdk.crypto.ec,jdk.unsupported';
const JAVA_FLAGS = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx256m', '-XX:-UsePerfData'];
/** Where programs write what they did. */
const OUTPUT = '/out/log';
/** Who nobody is, as in the image of the brokers. */
const USER = 'nobody:x:65532:65532::/:/none\n';

/** A client program as an image, and as what is in it. */
export interface ClientImage {
  readonly reference: string;
  /** For `ctr images import`. */
  readonly archive: string;
  /** The directory that is its root. */
  readonly root: string;
  readonly entrypoint: readonly string[];
}

/** Programs that clients run as: `java` has the roles of KillLoad, `member` is in a share group through franz-go. */
export type ClientImages = Readonly<Record<'java' | 'member', ClientImage>>;

/** Both images, made unless the cache has them. Throws `MissingPeer` without Java or Go. */
export async function ensureClientImages(): Promise<ClientImages> {
  return { java: await ensureJavaImage(), member: await ensureMemberImage() };
}

/** The static program and nothing else. */
async function ensureMemberImage(): Promise<ClientImage> {
  const program = await ensureGoProgram({
    name: 'member',
    module: 'github.com/twmb/franz-go',
    version: FRANZ_GO_VERSION,
    package: '.',
    source: await readFile(MEMBER, 'utf8'),
    tags: [],
    variables: {},
  });
  return ensureImage('member', [program], ['/member', OUTPUT], async (root) => {
    await copyFile(program, join(root, 'member'));
  });
}

/** Kafka's newest client, KillLoad, as much of Java as they need, and the libraries that Java needs. */
async function ensureJavaImage(): Promise<ClientImage> {
  const { java, javac } = await ensureJava();
  const lib = await ensureClientsLib();
  const version = await mustRun(java, ['--version']);
  const entrypoint = ['/java/bin/java', ...JAVA_FLAGS, '-cp', '/app/*:/app/classes', `-Dout=${OUTPUT}`, 'KillLoad'];
  return ensureImage(
    'java',
    [CLIENTS_VERSION, version, await readFile(KILL_LOAD, 'utf8')],
    entrypoint,
    async (root) => {
      const runtime = join(root, 'java');
      const jlink = javac.replace(/javac$/, 'jlink');
      const slim = ['--strip-java-debug-attributes', '--no-header-files', '--no-man-pages'];
      await mustRun(jlink, ['--add-modules', JAVA_MODULES, ...slim, '--output', runtime]);
      await cp(lib, join(root, 'app'), { recursive: true });
      await mustRun(javac, [
        '-nowarn',
        '-proc:none',
        '-cp',
        join(lib, '*'),
        '-d',
        join(root, 'app/classes'),
        KILL_LOAD,
      ]);
      for (const library of await librariesOf(runtime)) {
        await mkdir(join(root, dirname(library)), { recursive: true });
        await copyFile(library, join(root, library));
      }
      await writeFile(join(root, 'etc/nsswitch.conf'), 'hosts: files dns\n');
    },
  );
}

/** An image of what `fill` puts into a directory, named by what that is made of. */
async function ensureImage(
  name: string,
  parts: readonly string[],
  entrypoint: readonly string[],
  fill: (root: string) => Promise<void>,
): Promise<ClientImage> {
  const stamp = stampOf([...parts, ...entrypoint, await readFile(fileURLToPath(import.meta.url), 'utf8')]);
  const reference = `localhost/weir-test-${name}:${stamp}`;
  const directory = await cached(`image-${name}-${stamp}`, async (work) => {
    const root = join(work, 'root');
    for (const path of ['dev', 'etc', 'out', 'proc', 'tmp']) await mkdir(join(root, path), { recursive: true });
    await chmod(join(root, 'tmp'), 0o1777);
    await writeFile(join(root, 'etc/passwd'), USER);
    await writeFile(join(root, 'etc/hosts'), '');
    await fill(root);
    await packImage({ root, reference, entrypoint, archive: join(work, 'image.tar') });
  });
  return { reference, entrypoint, archive: join(directory, 'image.tar'), root: join(directory, 'root') };
}

/** Every library of the machine that something below a directory is linked to, the loader too. */
async function librariesOf(directory: string): Promise<readonly string[]> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  const linked = files.filter(({ name }) => name === 'java' || name.endsWith('.so'));
  const told = await Promise.all(linked.map(({ parentPath, name }) => mustRun('ldd', [join(parentPath, name)])));
  const paths = told.flatMap((text) => [...text.matchAll(/(?:=> |^\s*)(\/\S+) \(/gm)].map(([, path = '']) => path));
  return [...new Set(paths)].filter((path) => !path.startsWith(directory));
}
