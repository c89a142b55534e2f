// The library with its names: of a CommonJS module that is loaded by `import()` a bundle gives none.
export * as prometheus from 'prom-client';
