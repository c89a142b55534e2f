import { Buffer } from 'node:buffer';

/** What a world may not use, by the object that holds it (SAFETY.md B7): the same seed would not give the same run. */
const FORBIDDEN: readonly (readonly [object, readonly string[]])[] = [
  [
    globalThis,
    [
      'Date',
      'performance',
      'setTimeout',
      'setInterval',
      'setImmediate',
      'queueMicrotask',
      'WeakRef',
      'FinalizationRegistry',
      'Intl',
      'fetch',
    ],
  ],
  [process, ['nextTick', 'hrtime', 'uptime', 'memoryUsage', 'cpuUsage']],
  [Math, ['random']],
  [AbortSignal, ['timeout']],
  [Buffer, ['allocUnsafe', 'allocUnsafeSlow']],
  [globalThis.crypto, ['getRandomValues', 'randomUUID']],
  [String.prototype, ['localeCompare', 'toLocaleLowerCase', 'toLocaleUpperCase', 'normalize']],
  [Number.prototype, ['toLocaleString']],
  [Array.prototype, ['toLocaleString']],
];

/**
 * Runs a world with clock, timers, randomness, promises' queues and uninitialised memory replaced by throwers; they are
 * put back before this returns. `run` must not wait for anything real.
 */
export function guarded<T>(run: () => T): T {
  const undo: (() => void)[] = [];
  for (const [holder, names] of FORBIDDEN) for (const name of names) undo.push(forbid(holder, name));
  try {
    return run();
  } finally {
    for (const restore of undo.toReversed()) restore();
  }
}

/** What Node's codecs allocate and fill themselves. */
const FILLED = (['allocUnsafe', 'allocUnsafeSlow'] as const).map((name) => ({
  name,
  real: Object.getOwnPropertyDescriptor(Buffer, name) ?? {},
}));

/** Runs one of Node's synchronous codecs in a world: it fills every byte that it gives, and the same bytes each time. */
export function withCodecMemory<T>(run: () => T): T {
  const before = FILLED.map(({ name }) => Object.getOwnPropertyDescriptor(Buffer, name) ?? {});
  for (const { name, real } of FILLED) Object.defineProperty(Buffer, name, real);
  try {
    return run();
  } finally {
    FILLED.forEach(({ name }, i) => Object.defineProperty(Buffer, name, before[i] ?? {}));
  }
}

function forbid(holder: object, name: string): () => void {
  const before = Object.getOwnPropertyDescriptor(holder, name);
  let armed = true;
  const refuse = (): undefined => {
    if (armed) throw new Error(`bug: ${name} was used in a simulated world`);
  };
  const construct = (): object => {
    refuse();
    return {};
  };
  // A function also refuses `new`; touching a member of it (`Date.now`) refuses through the proxy.
  const value = new Proxy(refuse, { get: refuse, construct });
  Object.defineProperty(holder, name, { value, configurable: true, writable: true });
  return () => {
    // Jest looks at everything that was ever put into its globals.
    armed = false;
    if (before === undefined) Reflect.deleteProperty(holder, name);
    else Object.defineProperty(holder, name, before);
  };
}
