import {
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import type { Method } from './methods.ts';
import { type GrpcStatus, refused, statusOf, textOf } from './status.ts';

/** Handlers of the forms that a method can have; messages are bytes. */
export type Unary = (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => void;
/** A stream of requests and a stream of answers. */
export type Duplex = (call: ServerDuplexStream<Buffer, Buffer>) => void;
/** A stream of answers to one request. */
export type Writable = (call: ServerWritableStream<Buffer, Buffer>) => void;

/** Decodes a request, or answers that it can't be read and gives null. */
export function readRequest(method: Method, bytes: Buffer, fail: (status: GrpcStatus) => void): unknown {
  try {
    return method.request.decode(bytes);
  } catch (error) {
    fail({ code: status.INVALID_ARGUMENT, details: `a request that can't be read: ${textOf(error)}` });
    return null;
  }
}

/** Encodes an answer, or says why it can't be. */
export function answer(method: Method, response: unknown, callback: sendUnaryData<Buffer>): void {
  let bytes: Buffer;
  try {
    bytes = method.response.encode(response);
  } catch (error) {
    callback(statusOf(refused(`an answer that can't be sent: ${textOf(error)}`)));
    return;
  }
  callback(null, bytes);
}
