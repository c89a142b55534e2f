import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { bootstrapFlag, describeFlags, numberFlag, parseFlags } from '../../../broker/cli/flags.ts';
import { run } from '../../../broker/cli/run.ts';
import { VERBS } from '../../../broker/cli/verbs.ts';

async function weir(...args: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let out = '';
  let err = '';
  const code = await run(args, {
    stdin: Readable.from([]),
    out: (text) => {
      out += `${text}\n`;
    },
    note: (text) => {
      err += `${text}\n`;
    },
    isInteractive: false,
  });
  return { code, out, err };
}

const NAMES = VERBS.map((verb) => verb.help.name);

describe('the command line', () => {
  it('lists every verb in its help', async () => {
    const { code, out } = await weir('--help');
    expect(code).toBe(0);
    for (const name of NAMES) expect(out).toContain(`\n  ${name} `);
  });

  it('says how it is used when nothing is asked of it', async () => {
    expect(await weir()).toMatchObject({ code: 2, out: expect.stringContaining('usage: weir VERB') });
  });

  it.each(NAMES)('has a help for %s that names every flag', async (name) => {
    const { code, out } = await weir(name, '--help');
    expect(code).toBe(0);
    expect(out).toContain(`usage: weir ${name}`);
    for (const flag of VERBS.find((verb) => verb.help.name === name)?.help.flags ?? [])
      expect(out).toContain(`--${flag.name}`);
    expect(await weir('help', name)).toEqual({ code: 0, out, err: '' });
  });

  it.each([['--version'], ['local', '--version'], ['put', '--version'], ['broker', '--version']])(
    'prints its version for %j',
    async (...args) => {
      expect(await weir(...args)).toEqual({ code: 0, out: expect.stringMatching(/^weir \d+\.\d+\.\d+\n$/), err: '' });
    },
  );

  it.each([
    [['sing'], 'weir: there is no "sing"; try: weir --help\n'],
    [['put'], 'weir: name the topic to put into\n      try: weir put --help\n'],
    [['put', 'a', 'b'], 'weir: one topic only, not also b\n      try: weir put --help\n'],
    [
      ['put', 'a', '--bootstrap', 'nowhere'],
      'weir: --bootstrap must be HOST:PORT, not "nowhere"\n      try: weir put --help\n',
    ],
    [['take'], 'weir: name the share group to take from\n      try: weir take --help\n'],
    [['take', 'g'], 'weir: name a topic with --topic\n      try: weir take --help\n'],
    [
      ['take', 'g', '-t', 't', '--ack', 'maybe'],
      'weir: --ack must be accept, release or reject, not "maybe"\n      try: weir take --help\n',
    ],
    [
      ['take', 'g', '-t', 't', '--max', '0'],
      'weir: --max must be a whole number from 1 to 9007199254740991, not "0"\n      try: weir take --help\n',
    ],
    [
      ['take', 'g', '-t', 't', '--max', '1', '--max', '2'],
      'weir: --max is given more than once\n      try: weir take --help\n',
    ],
    [['local'], 'weir: name a manifest file with -f\n      try: weir local --help\n'],
    [['local', 'x.yaml'], 'weir: nothing to do with x.yaml; manifests go behind -f\n      try: weir local --help\n'],
    [['broker'], 'weir: name the settings file with --config\n      try: weir broker --help\n'],
  ])('refuses %j with a hint and exit code 2', async (args, err) => {
    expect(await weir(...args)).toEqual({ code: 2, out: '', err });
  });

  it('refuses a flag that it does not know', async () => {
    const { code, err } = await weir('put', 'a', '--loud');
    expect(code).toBe(2);
    expect(err).toMatch(/^weir: Unknown option '--loud'/);
  });

  it('says that a manifest file is not there', async () => {
    expect(await weir('local', '-f', 'no/such.yaml')).toEqual({
      code: 1,
      out: '',
      err: 'weir: there is no file no/such.yaml\n',
    });
  });
});

describe('flags', () => {
  it('read several brokers, IPv6 in brackets', () => {
    expect(bootstrapFlag('put', 'a:1, [::1]:2')).toEqual([
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ]);
  });

  it.each(['a', 'a:0', 'a:65536', ':1', 'a:b:1', ''])('refuse %j as an address', (text) => {
    expect(() => bootstrapFlag('put', text)).toThrow('--bootstrap must be HOST:PORT');
  });

  it.each(['1.5', '-1', 'x', '', '11'])('refuse %j as a number from 0 to 10', (text) => {
    expect(() => numberFlag('put', 'n', text, { min: 0, max: 10 })).toThrow('--n must be a whole number from 0 to 10');
  });

  it('keep every value of a flag that may come several times', () => {
    const flags = [{ name: 'file', short: 'f', value: 'F', multiple: true, help: '' }] as const;
    expect(parseFlags('x', flags, ['-f', 'a', '--file=b']).texts('file')).toEqual(['a', 'b']);
  });

  it('are described in columns', () => {
    const text = describeFlags([{ name: 'max', short: 'n', value: 'N', help: 'Stop' }]);
    expect(text).toBe('  -n, --max N  Stop\n  -h, --help   Print this help');
  });
});
