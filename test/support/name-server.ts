import { createSocket, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';

const TYPE_A = 1;
const NOT_FOUND = 3;
const HEAD_BYTES = 12;

/** A name server on this machine that knows these names, each with one address of IPv4, and notes what it is asked. */
export class NameServer {
  readonly asked: string[] = [];
  readonly names: Map<string, string>;
  /** It takes questions and answers none. */
  isSilent = false;
  readonly #socket: Socket = createSocket('udp4');

  private constructor(names: Readonly<Record<string, string>>) {
    this.names = new Map(Object.entries(names));
    this.#socket.on('message', (question, { port, address }) => {
      if (!this.isSilent) this.#socket.send(this.#answer(question), port, address);
    });
  }

  static async start(names: Readonly<Record<string, string>>): Promise<NameServer> {
    const server = new NameServer(names);
    await new Promise<void>((resolve) => server.#socket.bind(0, '127.0.0.1', resolve));
    return server;
  }

  /** As resolvers name it. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  close(): void {
    this.#socket.close();
  }

  #answer(question: Buffer): Buffer {
    const labels: string[] = [];
    let at = HEAD_BYTES;
    for (let size = question[at] ?? 0; size > 0; size = question[at] ?? 0) {
      labels.push(question.toString('latin1', at + 1, at + 1 + size));
      at += 1 + size;
    }
    const name = labels.join('.');
    const type = question.readUInt16BE(at + 1);
    const address = this.names.get(name);
    if (type === TYPE_A) this.asked.push(name);
    const isKnown = address !== undefined && isIPv4(address) && type === TYPE_A;
    const head = Buffer.alloc(HEAD_BYTES);
    question.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | (address === undefined ? NOT_FOUND : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(isKnown ? 1 : 0, 6);
    const asked = question.subarray(HEAD_BYTES, at + 5);
    if (!isKnown) return Buffer.concat([head, asked]);
    // The name by its place, type, class, 60 s, four bytes.
    const record = Buffer.from([
      0xc0,
      HEAD_BYTES,
      0,
      TYPE_A,
      0,
      1,
      0,
      0,
      0,
      60,
      0,
      4,
      ...address.split('.').map(Number),
    ]);
    return Buffer.concat([head, asked, record]);
  }
}
