// The library and, before it, the metadata by which it finds its parts. A module of ours, with the names in one: of a CommonJS module that
// is loaded by `import()` a bundle gives none.
import 'reflect-metadata';

export * as x509 from '@peculiar/x509';
