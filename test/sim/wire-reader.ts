import { Buffer } from 'node:buffer';
import { FrameReader } from '../../broker/core/client/frames.ts';
import { isDecodeError } from '../../broker/core/codec/decode-error.ts';
import { apiByKey } from '../../broker/core/protocol/apis.ts';
import {
  decodeRequestBody,
  decodeRequestHeader,
  decodeResponse,
  isWireKey,
} from '../../broker/core/protocol/messages.ts';
import type { World } from './world.ts';

const FRAME_MAX = 1 << 28;
const SIZE_LENGTH = 4;

/** Puts what one connection carries into the trace, for a reader. */
export class WireReader {
  readonly #name: string;
  readonly #world: World;
  readonly #frames = new FrameReader(FRAME_MAX);
  readonly #open: { readonly apiKey: number; readonly version: number }[] = [];

  constructor(name: string, world: World) {
    this.#name = name;
    this.#world = world;
  }

  /** A request leaves. */
  sent(chunks: readonly Uint8Array[]): void {
    const frame = Buffer.concat(chunks).subarray(SIZE_LENGTH);
    const { apiKey, version, bodyOffset } = decodeRequestHeader(frame);
    this.#open.push({ apiKey, version });
    const body = isWireKey(apiKey) ? decodeRequestBody(apiKey, version, frame, bodyOffset) : {};
    this.#say('->', apiKey, version, body);
  }

  /** Bytes of answers come. */
  received(bytes: Uint8Array): void {
    this.#frames.push(bytes, (frame) => {
      const request = this.#open.shift();
      if (request === undefined || !isWireKey(request.apiKey)) return;
      try {
        this.#say('<-', request.apiKey, request.version, decodeResponse(request.apiKey, request.version, frame).body);
      } catch (error) {
        if (!isDecodeError(error)) throw error;
        this.#say('<-', request.apiKey, request.version, { unreadable: String(error) });
      }
    });
  }

  #say(arrow: string, apiKey: number, version: number, body: unknown): void {
    const text = JSON.stringify(body, (_key, value: unknown) => {
      if (value instanceof Uint8Array) return `${value.length} bytes`;
      return typeof value === 'bigint' ? String(value) : value;
    });
    this.#world.remark(`${this.#name} ${arrow} ${apiByKey(apiKey)?.name ?? apiKey} v${version} ${text}`);
  }
}
