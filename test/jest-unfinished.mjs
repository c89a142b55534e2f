// A reporter of Jest's: a run that has to be ended says which files it was at, a line each in the file of this environment variable.
import { writeFileSync } from 'node:fs';
import process from 'node:process';

const { WEIR_TEST_UNFINISHED: FILE } = process.env;

export default class Unfinished {
  #running = new Set();

  onTestFileStart({ path }) {
    this.#running.add(path);
    this.#write();
  }

  onTestFileResult({ path }) {
    this.#running.delete(path);
    this.#write();
  }

  #write() {
    if (FILE !== undefined) writeFileSync(FILE, [...this.#running].join('\n'));
  }
}
