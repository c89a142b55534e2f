import { expect, it } from '@jest/globals';
import { lastWords } from '../../../../operator/core/last-words.ts';

it.each([
  [
    'what the broker said last',
    'weir broker starts\nnoise\n  weir: the disk is full  \n  at a line\n\n',
    'weir: the disk is full',
  ],
  ['an error, by its first line', 'noise\nTypeError: x is no function\n  at a line', 'TypeError: x is no function'],
  ['the last error of some', 'Error: one\nError: two\n  at a line', 'Error: two'],
  ['whatever came last', 'one\ntwo\n\n', 'two'],
  ['nothing', '\n \n', ''],
])('of a program that ended are %s', (_what, output, words) => {
  expect(lastWords(output)).toBe(words);
});
