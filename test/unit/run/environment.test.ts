import { isContext } from 'node:vm';
import { expect, test } from '@jest/globals';

test('the global object of a test is an ordinary one, with nothing between', () => {
  expect(isContext(globalThis)).toBe(true);
});

test('a test has the globals of Node, and bytes of the same kind as its modules', () => {
  for (const name of ['setTimeout', 'URL', 'AbortController', 'TextEncoder', 'performance', 'fetch', 'structuredClone'])
    expect([name, typeof Reflect.get(globalThis, name)]).not.toEqual([name, 'undefined']);
  expect(new TextEncoder().encode('a')).toBeInstanceOf(Uint8Array);
  expect(Buffer.alloc(1).buffer).toBeInstanceOf(ArrayBuffer);
});
