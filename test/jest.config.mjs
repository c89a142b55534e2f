// Jest runs the TypeScript sources as ES modules; types are stripped by Node itself (no compiler in between).
import { fileURLToPath } from 'node:url';

export default {
  rootDir: fileURLToPath(new URL('..', import.meta.url)),
  roots: ['broker', 'operator', 'test'].map((folder) => `<rootDir>/${folder}`),
  testEnvironment: fileURLToPath(new URL('./jest-environment.mjs', import.meta.url)),
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': fileURLToPath(new URL('./jest-transform.mjs', import.meta.url)) },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.weir/'],
  // For a hang: the same machine is at times a third as fast.
  testTimeout: 180_000,
  slowTestThreshold: 30,
};
