import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where test set-ups keep what they download: outside the checkout, shared by all of them. */
export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weir-test');
}

/**
 * Path of one jar from Maven Central, fetched through `mvn` unless cached. `coordinate` is `group:artifact:version`.
 * Throws when Maven cannot get it.
 */
export async function mavenJar(coordinate: string): Promise<string> {
  const [group, artifact, version] = coordinate.split(':');
  if (group === undefined || artifact === undefined || version === undefined) throw new Error(`not a coordinate: ${coordinate}`);
  const directory = join(cacheDirectory(), 'maven', 'jars');
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${artifact}-${version}.jar`);
  if (existsSync(file)) return file;
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
  await run('mvn', ['-q', '-B', goal, `-Dartifact=${coordinate}`, `-DoutputDirectory=${directory}`, '-Dmdep.useBaseVersion=true'], {
    timeout: 600_000,
  });
  if (!existsSync(file)) throw new Error(`mvn copied no ${file}; there are: ${readdirSync(directory).join(' ')}`);
  return file;
}

/** Several jars, one after the other: Maven locks its repository anyway. */
export async function mavenJars(coordinates: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const coordinate of coordinates) files.push(await mavenJar(coordinate));
  return files;
}
