// A server that has one of the illnesses that the fuzz must notice: `node sick-broker.ts ILLNESS`. It prints its port.
import { openSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

/** What it does wrong once it has seen `AT` frames of the API that cases choose, or of any. */
export const ILLNESSES = ['none', 'hangs', 'ends', 'confuses answers', 'leaks descriptors', 'balloons'] as const;

const AT = 20;
const LEAKED = 1200;
const BALLOON_BYTES = 600 * 1024 * 1024;
const API_VERSIONS = 18;

let frames = 0;
const kept: Uint8Array[] = [];

function answer(socket: Socket, correlationId: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(4, 0);
  bytes.writeInt32BE(correlationId, 4);
  socket.write(bytes);
}

function serve(socket: Socket, frame: Buffer, illness: string): void {
  frames += 1;
  const isSick = frames >= AT;
  if (frame.length < 8) {
    socket.destroy();
    return;
  }
  const correlationId = frame.readInt32BE(4);
  if (isSick && illness === 'ends') process.exit(1);
  if (frames === AT && illness === 'leaks descriptors') for (let i = 0; i < LEAKED; i += 1) openSync('/dev/null', 'r');
  if (frames === AT && illness === 'balloons') kept.push(new Uint8Array(BALLOON_BYTES).fill(1));
  const isQuestion = frame.readInt16BE(0) === API_VERSIONS;
  if (isSick && isQuestion && illness === 'hangs') return;
  answer(socket, isSick && !isQuestion && illness === 'confuses answers' ? correlationId + 1 : correlationId);
}

if (process.argv[1]?.endsWith('sick-broker.ts') === true) {
  const illness = process.argv[2] ?? 'none';
  const server = createServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      while (received.length >= 4) {
        const size = received.readInt32BE(0);
        if (size < 0 || size > 1_000_000) {
          socket.destroy();
          return;
        }
        if (received.length < size + 4) return;
        serve(socket, received.subarray(4, size + 4), illness);
        received = received.subarray(size + 4);
      }
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    console.log(typeof address === 'object' && address !== null ? address.port : 0);
  });
  process.stdin.on('end', () => process.exit(0)).resume();
}
