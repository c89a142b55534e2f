/** Foreign programs a suite can need; `needs.ts` knows how each is had. */
export type Need = 'kafka' | 'clients' | 'python' | 'corpus' | 'kubernetes' | 'podClients' | 'nodes' | 'image';

/**
 * One program of a suite. `jest`: a Node script that takes Jest's arguments; its tests are counted one by one. `tool`: a
 * program under node_modules/.bin (or `node`) that counts as one test, passed when it ends with 0.
 */
export type Step =
  | { readonly kind: 'jest'; readonly name: string; readonly script: string; readonly args: readonly string[] }
  | { readonly kind: 'tool'; readonly name: string; readonly program: string; readonly args: readonly string[] };

/** Tests that run together and share a budget. */
export interface Suite {
  readonly name: string;
  /** Minutes it may take in `.ci/run`, warm, on two cores (STYLE.md); printed beside what it took. */
  readonly budgetMinutes: number;
  readonly needs: readonly Need[];
  readonly steps: readonly Step[];
  /** Minutes handed to tests that have a long form, as `WEIR_TEST_MINUTES`; absent: the short form. */
  readonly minutes?: number;
}

const JEST = 'node_modules/jest/bin/jest.js';

/** What takes long or waits for real connections: suites `sim` and `grpc` have it. */
const ELSEWHERE = [
  '--testPathIgnorePatterns=/node_modules/',
  '/test/sim/(cluster/)?(teeth|seeds|sim|integrity|recompression|compaction|raft-storage|control-crashes)\\.',
  '/test/sim/operator/',
  '/test/unit/io/grpc/',
].join('|');

function jest(name: string, ...args: string[]): Step {
  const workers = args.includes('--runInBand') ? [] : ['--maxWorkers=2'];
  return { kind: 'jest', name, script: JEST, args: ['-c', 'test/jest.config.mjs', ...workers, ...args] };
}

function tool(name: string, program: string, ...args: string[]): Step {
  return { kind: 'tool', name, program, args };
}

/** Every suite of `npm test`, in the order in which they run: what fails soonest comes first. */
export const SUITES: readonly Suite[] = [
  {
    name: 'check',
    budgetMinutes: 2,
    needs: [],
    steps: [
      tool('format', 'biome', 'format', '.'),
      tool('lint', 'oxlint', '--type-aware', 'broker', 'operator', 'test'),
      tool('types', 'tsc', '--noEmit', '-p', '.'),
      tool('dead code', 'knip', '--no-progress'),
      jest('tests', 'test/unit/', 'test/property/', 'test/scripts/', 'test/tidy/', 'test/sim/', ELSEWHERE),
    ],
  },
  { name: 'grpc', budgetMinutes: 1, needs: [], steps: [jest('grpc', 'test/unit/io/grpc/')] },
  { name: 'package', budgetMinutes: 1, needs: [], steps: [jest('package', 'test/package/')] },
  { name: 'local', budgetMinutes: 4, needs: [], steps: [jest('local', '--runInBand', 'test/local/')] },
  {
    name: 'oracle',
    budgetMinutes: 1,
    needs: ['clients'],
    steps: [jest('oracle', '--runInBand', 'test/wire/oracle/')],
  },
  {
    name: 'wire',
    budgetMinutes: 6,
    needs: ['kafka', 'clients', 'python', 'corpus'],
    steps: [{ kind: 'jest', name: 'wire', script: 'test/wire/main.ts', args: ['--runInBand'] }],
  },
  {
    name: 'kubernetes',
    budgetMinutes: 3,
    needs: ['kubernetes', 'podClients'],
    steps: [jest('kubernetes', 'test/kubernetes/', '--testPathIgnorePatterns=/node_modules/|/test/kubernetes/nodes/')],
  },
  {
    name: 'nodes',
    budgetMinutes: 8,
    needs: ['kubernetes', 'nodes', 'podClients', 'image'],
    steps: [jest('nodes', '--runInBand', 'test/kubernetes/nodes/')],
  },
  { name: 'image', budgetMinutes: 1, needs: ['image'], steps: [jest('image', '--runInBand', 'test/image/')] },
  { name: 'fuzz', budgetMinutes: 1, needs: [], steps: [jest('fuzz', 'test/fuzz/')] },
  // Fixed seeds: a run must not find by chance what the one before did not. `npm run test:long -- sim --minutes N` goes on.
  { name: 'sim', budgetMinutes: 8, needs: [], steps: [jest('sim', 'test/sim/')] },
  { name: 'faults', budgetMinutes: 9, needs: ['kafka'], steps: [jest('faults', '--runInBand', 'test/faults/')] },
];
