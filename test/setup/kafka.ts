import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, stampOf } from './cache.ts';
import { ensureJars, ensureJava } from './java.ts';
import { mustRun } from './run.ts';

/** The newest version of which server and tools resolve whole on Maven Central (kafka-tools 4.4.0 did not, looked again). */
export const KAFKA_VERSION = '4.3.1';
/** The newest client library; its message classes are what Weir speaks. */
export const CLIENTS_VERSION = '4.4.0';

const LOG4J_VERSION = '2.25.4';
const JAVA_SOURCES = fileURLToPath(new URL('../wire/java/', import.meta.url));

/** A Java program's surroundings: the `java` command and the class path, jars and compiled test classes in it. */
export type JavaPeer = { readonly java: string; readonly classpath: string; readonly version: string };

const SERVER = [
  `org.apache.kafka:kafka_2.13:${KAFKA_VERSION}`,
  `org.apache.kafka:kafka-tools:${KAFKA_VERSION}`,
  `org.apache.logging.log4j:log4j-slf4j-impl:${LOG4J_VERSION}`,
];
const CLIENTS = [`org.apache.kafka:kafka-clients:${CLIENTS_VERSION}`];

/** Apache Kafka's server and command-line tools. Throws `MissingPeer` without Java 17 or Maven. */
export async function ensureKafka(): Promise<JavaPeer> {
  const { java } = await ensureJava();
  const lib = join(await ensureJars(`kafka-${KAFKA_VERSION}`, SERVER), 'lib');
  const classes = await ensureClasses(lib);
  return { java, classpath: [classes, join(lib, '*')].join(delimiter), version: KAFKA_VERSION };
}

/** The same tools with the newest kafka-clients in front of their own, as a user who upgrades only the client has it. */
export async function ensureClients44(): Promise<JavaPeer> {
  const { java, classpath } = await ensureKafka();
  const jar = join(await ensureClientsLib(), `kafka-clients-${CLIENTS_VERSION}.jar`);
  return { java, classpath: [jar, classpath].join(delimiter), version: CLIENTS_VERSION };
}

/** The directory with the jars of the newest kafka-clients and what it depends on. */
export async function ensureClientsLib(): Promise<string> {
  await ensureJava();
  return join(await ensureJars(`clients-${CLIENTS_VERSION}`, CLIENTS), 'lib');
}

/** Compiles `test/wire/java` against Kafka's tools; the cached classes are stamped with the sources. */
async function ensureClasses(lib: string): Promise<string> {
  const names = (await readdir(JAVA_SOURCES)).filter((name) => /\.(java|properties)$/.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(JAVA_SOURCES, name), 'utf8')));
  return cached(`classes-${KAFKA_VERSION}-${stampOf(texts)}`, async (directory) => {
    const { javac } = await ensureJava();
    const sources = names.filter((name) => name.endsWith('.java')).map((name) => join(JAVA_SOURCES, name));
    await mustRun(javac, ['-nowarn', '-proc:none', '-cp', join(lib, '*'), '-d', directory, ...sources]);
    for (const name of names.filter((each) => each.endsWith('.properties'))) {
      await copyFile(join(JAVA_SOURCES, name), join(directory, name));
    }
    await writeFile(join(directory, 'sources.txt'), names.join('\n'));
  });
}

/** Apache Kafka's server classes of the newest release, for what they say of themselves; its tools may not resolve whole. */
export async function ensureNewestServer(): Promise<JavaPeer> {
  const { java } = await ensureJava();
  const artifacts = [`org.apache.kafka:kafka-server:${CLIENTS_VERSION}`];
  const lib = join(await ensureJars(`server-${CLIENTS_VERSION}`, artifacts), 'lib');
  const classes = await ensureClasses(join(await ensureJars(`kafka-${KAFKA_VERSION}`, SERVER), 'lib'));
  return { java, classpath: [classes, join(lib, '*')].join(delimiter), version: CLIENTS_VERSION };
}
