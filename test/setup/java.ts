import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptInstall } from './apt.ts';
import { cached, exists, MissingPeer, stampOf } from './cache.ts';
import { mustRun, versionOf } from './run.ts';

/** Where Java's programs are. */
export type Java = { readonly java: string; readonly javac: string };

/** One artifact of Maven Central: `group:artifact:version`. */
export type Artifact = string;

const JAVA_MIN = 17;
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

let java: Promise<Java> | null = null;

/** Java 17 or newer with its compiler and Maven; installs Debian's where that is possible, else throws `MissingPeer`. */
export async function ensureJava(): Promise<Java> {
  java ??= findJava();
  return java;
}

async function findJava(): Promise<Java> {
  const { JAVA_HOME: home } = process.env;
  const candidates = home === undefined ? ['java'] : [join(home, 'bin', 'java'), 'java'];
  for (const candidate of candidates) {
    const compiler = candidate.replace(/java$/, 'javac');
    const isNew = (await javaMajor(candidate)) >= JAVA_MIN && (await versionOf(compiler, ['-version'])) !== null;
    if (isNew && (await hasMaven())) return { java: candidate, javac: compiler };
  }
  await aptInstall('Java 17', ['openjdk-17-jdk-headless', 'maven']);
  if ((await javaMajor('java')) < JAVA_MIN || !(await hasMaven())) {
    throw new MissingPeer('Java 17', 'no java, javac and mvn on the path after installing them');
  }
  return { java: 'java', javac: 'javac' };
}

async function hasMaven(): Promise<boolean> {
  return (await versionOf('mvn', ['-version'])) !== null;
}

async function javaMajor(command: string): Promise<number> {
  const text = await versionOf(command, ['-version']);
  return Number(/version "(\d+)/.exec(text ?? '')?.[1] ?? 0);
}

/**
 * The jars of `artifacts` with everything they need at run time, as files of one directory in the cache. Maven's own
 * repository is kept in the cache too, so that nothing depends on the home directory.
 */
export async function ensureJars(name: string, artifacts: readonly Artifact[]): Promise<string> {
  return cached(`jars-${name}-${stampOf(artifacts)}`, async (directory) => {
    await ensureJava();
    const pom = join(directory, 'pom.xml');
    await writeFile(pom, pomOf(artifacts));
    const jars = join(directory, 'lib');
    const repository = join(directory, 'repository');
    await mustRun('mvn', [
      '-B',
      '-q',
      '-f',
      pom,
      `-Dmaven.repo.local=${repository}`,
      `${DEPENDENCY_PLUGIN}:copy-dependencies`,
      `-DoutputDirectory=${jars}`,
      '-DincludeScope=runtime',
    ]);
    await rm(repository, { recursive: true, force: true });
    if (!(await exists(jars))) throw new MissingPeer(name, 'Maven copied no jars');
  });
}

function pomOf(artifacts: readonly Artifact[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [groupId = '', artifactId = '', version = ''] = artifact.split(':');
    return `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`;
  });
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>weir.test</groupId><artifactId>peers</artifactId><version>1</version>',
    `<dependencies>${dependencies.join('')}</dependencies></project>`,
  ].join('\n');
}
