// Jest's own environment puts a proxy before the global object: each `Object`, `Math` or `Buffer` in a test or in what it
// tests costs some hundred nanoseconds there, half the time of a simulation. This one has an ordinary global object.
import { constants, createContext, runInContext } from 'node:vm';
import { ModuleMocker } from 'jest-mock';
import { installCommonGlobals } from 'jest-util';

export default class PlainEnvironment {
  constructor({ projectConfig }) {
    this.context = createContext(constants.DONT_CONTEXTIFY);
    const global = runInContext('globalThis', this.context);
    this.global = global;
    for (const name of Object.getOwnPropertyNames(globalThis)) if (!Object.hasOwn(global, name)) lend(global, name);
    Object.assign(global, { global, Buffer, ArrayBuffer, Uint8Array });
    installCommonGlobals(global, projectConfig.globals);
    // Jest asks for it whether or not a test does.
    this.moduleMocker = new ModuleMocker(global);
    this.fakeTimers = null;
    this.fakeTimersModern = null;
  }

  async setup() {}

  async teardown() {
    this.context = null;
    this.global = null;
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return this.context;
  }
}

/** Node's own global of that name, fetched when it is first wanted: some load a module. */
function lend(global, name) {
  const { enumerable } = Object.getOwnPropertyDescriptor(globalThis, name);
  const set = (value) => Object.defineProperty(global, name, { configurable: true, enumerable, writable: true, value });
  const get = () => {
    set(globalThis[name]);
    return globalThis[name];
  };
  Object.defineProperty(global, name, { configurable: true, enumerable, get, set });
}
