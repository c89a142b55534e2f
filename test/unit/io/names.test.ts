import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventLoop } from '../../../broker/io/loop/event-loop.ts';
import { Names } from '../../../broker/io/net/names.ts';
import { createTcpNet } from '../../../broker/io/net/tcp-net.ts';
import { NameServer } from '../../support/name-server.ts';

const directory = mkdtempSync(join(tmpdir(), 'weir-names-'));
let server: NameServer;

beforeAll(async () => {
  server = await NameServer.start({
    'far.test': '10.0.0.1',
    'near.cluster.test': '10.0.0.2',
    'a.b': '10.0.0.3',
    'a.b.cluster.test': '10.0.0.4',
    'here.test': '127.0.0.1',
  });
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

let fileCount = 0;
function fileOf(text: string): string {
  fileCount += 1;
  const file = join(directory, String(fileCount));
  writeFileSync(file, text);
  return file;
}

const names = (hosts = '', config = ''): Names =>
  new Names({ hostsFile: fileOf(hosts), configFile: fileOf(config), servers: [server.address] });

const codeOf = (host: string, of = names()): Promise<unknown> =>
  of.resolve(host).then(
    (found) => found,
    (error: NodeJS.ErrnoException) => error.code,
  );

describe('the address of a name', () => {
  it('is what the name server says, and nothing when it knows none', async () => {
    expect(await names().resolve('far.test')).toEqual(['10.0.0.1']);
    expect(await names().resolve('FAR.test')).toEqual(['10.0.0.1']);
    expect(await codeOf('absent.test')).toBe('ENOTFOUND');
  });

  it('is itself for an address, and what the hosts file says before any server', async () => {
    const hosts = names('# far.test\n10.9.9.9 other far.test # x\n::9 far.test\nnonsense far.test\n');
    expect(await hosts.resolve('far.test')).toEqual(['10.9.9.9', '::9']);
    expect(await hosts.resolve('10.1.2.3')).toEqual(['10.1.2.3']);
    expect(await hosts.resolve('::1')).toEqual(['::1']);
    expect(await hosts.resolve('localhost')).toEqual(['127.0.0.1', '::1']);
  });

  it.each([
    ['near', '', ['10.0.0.2']],
    ['a.b', '', ['10.0.0.3']],
    ['a.b', 'options ndots:2 timeout:1', ['10.0.0.4']],
    ['far.test', 'options ndots:5', ['10.0.0.1']],
    ['near.', '', 'ENOTFOUND'],
  ])('of %s is looked for in the search list (%s)', async (host, options, expected) => {
    expect(await codeOf(host, names('', `search none.test cluster.test\n${options}\n`))).toEqual(expected);
  });

  it('is not waited for where no server answers: the failure says so', async () => {
    const silent = await NameServer.start({});
    silent.isSilent = true;
    try {
      expect(await codeOf('far.test', new Names({ servers: [silent.address] }))).toBe('ETIMEOUT');
    } finally {
      silent.close();
    }
  });
});

describe('a connection to a name', () => {
  it('goes to the address that is found, and fails where none is', async () => {
    const listener = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    // An IP listener's address is an object.
    const { port } = listener.address() as AddressInfo;
    const net = createTcpNet(new EventLoop(), { names: names() });
    const dial = (host: string): Promise<string> =>
      new Promise((resolve) => {
        const quiet = { onData: () => undefined, onDrain: () => undefined, onClose: () => undefined };
        net.dial({ host, port, timeoutMs: 20_000 }, quiet, (failure, connection) => {
          connection?.close({ flush: false });
          resolve(failure?.code ?? connection?.remoteAddress ?? '');
        });
      });
    expect(await dial('here.test')).toBe('127.0.0.1');
    expect(await dial('absent.test')).toBe('ENOTFOUND');
    await new Promise((resolve) => listener.close(resolve));
  });
});
