import { connect } from 'node:net';

const METADATA = 3;
const TIMEOUT_MS = 2000;

/**
 * Whether a broker at `host:port` answers a Metadata request (version 1, no topics) with at least one broker, which is
 * when clients can work with it. Written by hand, so that it holds whatever codec is under test.
 */
export async function answersClients(bootstrap: string): Promise<boolean> {
  const [host = '', port = ''] = bootstrap.split(':');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const end = (answer: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(false), TIMEOUT_MS);
    let received = Buffer.alloc(0);
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    socket.on('connect', () => socket.write(metadataRequest()));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      // Size, correlation id, then the count of the brokers.
      if (received.length >= 12) end(received.readInt32BE(8) > 0);
    });
  });
}

function metadataRequest(): Buffer {
  const bytes = Buffer.alloc(18);
  bytes.writeInt32BE(14, 0);
  bytes.writeInt16BE(METADATA, 4);
  bytes.writeInt16BE(1, 6);
  bytes.writeInt32BE(1, 8);
  bytes.writeInt16BE(-1, 12);
  bytes.writeInt32BE(0, 14);
  return bytes;
}
