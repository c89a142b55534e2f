import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

/** Bytes after which the output of a node moves aside; two such files are kept. */
const SIZE_MAX = 16 << 20;

/** The output of a broker process in a file of bounded size: the current one and the one before (`.1`). */
export class OutputFile {
  readonly #path: string;
  #file: number | null = null;
  #size = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get path(): string {
    return this.#path;
  }

  write(bytes: Uint8Array): void {
    if (this.#file === null) {
      this.#file = openSync(this.#path, 'a');
      this.#size = statSync(this.#path).size;
    }
    writeSync(this.#file, bytes);
    this.#size += bytes.length;
    if (this.#size < SIZE_MAX) return;
    this.close();
    renameSync(this.#path, `${this.#path}.1`);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}
