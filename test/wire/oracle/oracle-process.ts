import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached, stampOf } from '../../setup/cache.ts';
import { ensureJava } from '../../setup/java.ts';
import { mustRun } from '../../setup/run.ts';
import { schemaJars } from './upstream.ts';

const SOURCE = fileURLToPath(new URL('./Oracle.java', import.meta.url));

/** One question to the Java side; what each letter means stands in Oracle.java. */
export interface Question {
  readonly what: 'D' | 'E' | 'K' | 'V' | 'H' | 'X';
  readonly name: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

interface Waiting {
  readonly question: Question;
  readonly resolve: (answer: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** The JVM with Kafka's message classes, asked over its standard input and output. Questions are answered in order. */
export class OracleProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: Waiting[] = [];
  #received: Buffer[] = [];
  #receivedSize = 0;
  #neededSize = 4;
  #errors = '';

  /** Gets the jars, compiles the program unless that was done before, starts it. */
  static async start(): Promise<OracleProcess> {
    const { java, javac } = await ensureJava();
    const jars = join(await schemaJars(), '*');
    const classes = await cached(`oracle-${stampOf([readFileSync(SOURCE, 'utf8'), jars])}`, async (directory) => {
      await mustRun(javac, ['-nowarn', '-proc:none', '-cp', jars, '-d', directory, SOURCE]);
    });
    const options = ['-Xmx256m', '-XX:+UseSerialGC', '-cp', [classes, jars].join(delimiter)];
    return new OracleProcess(spawn(java, [...options, 'Oracle']));
  }

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stdout.on('data', (data: Buffer) => this.#receive(data));
    child.stderr.on('data', (data: Buffer) => {
      this.#errors = (this.#errors + data.toString()).slice(-10_000);
    });
    child.stdin.on('error', () => undefined);
    child.on('exit', (code) => {
      const error = new Error(`oracle ended with ${code}: ${this.#errors}`);
      for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
    });
  }

  /** The answer; rejects with what Java threw. */
  ask(question: Question): Promise<Buffer> {
    const name = Buffer.from(question.name);
    const head = Buffer.alloc(4 + 1 + 2 + name.length + 2);
    head.writeInt32BE(head.length - 4 + question.bytes.length, 0);
    head.write(question.what, 4);
    head.writeInt16BE(name.length, 5);
    name.copy(head, 7);
    head.writeInt16BE(question.version, 7 + name.length);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      this.#child.stdin.write(Buffer.concat([head, question.bytes]));
    });
  }

  /** Ends the JVM. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.on('exit', () => resolve());
      this.#child.stdin.end();
    });
  }

  #receive(data: Buffer): void {
    this.#received.push(data);
    this.#receivedSize += data.length;
    if (this.#receivedSize < this.#neededSize) return;
    let bytes = Buffer.concat(this.#received);
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE(0)) {
      const end = 4 + bytes.readInt32BE(0);
      this.#settle(bytes.subarray(4, end));
      bytes = bytes.subarray(end);
    }
    this.#neededSize = bytes.length >= 4 ? 4 + bytes.readInt32BE(0) : 4;
    this.#received = [bytes];
    this.#receivedSize = bytes.length;
  }

  #settle(frame: Buffer): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return;
    const { question } = waiting;
    if (frame[0] === 0) waiting.resolve(frame.subarray(1));
    else
      waiting.reject(
        new Error(`Java on ${question.what} ${question.name} v${question.version}: ${frame.toString('utf8', 1)}`),
      );
  }
}
