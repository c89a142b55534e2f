import { type Metadata, status } from '@grpc/grpc-js';
import type { CallFailure } from '../../ports/control-net.ts';

/** What gRPC says of a call that failed. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata?: Metadata;
}

/** Text of a failure that goes over the wire: bounded, since it may tell of what a peer sent. */
const DETAILS_LENGTH_MAX = 500;

const CODES: Readonly<Record<CallFailure['code'], number>> = {
  unavailable: status.UNAVAILABLE,
  late: status.DEADLINE_EXCEEDED,
  refused: status.FAILED_PRECONDITION,
  unserved: status.UNIMPLEMENTED,
};

/** Codes that mean that nobody decided anything: the connection, or something on the way, broke. */
const BROKEN: readonly number[] = [
  status.UNAVAILABLE,
  status.CANCELLED,
  status.INTERNAL,
  status.UNKNOWN,
  status.ABORTED,
];

/** A failure as gRPC tells it. */
export function statusOf({ code, message }: CallFailure): GrpcStatus {
  return { code: CODES[code], details: message.slice(0, DETAILS_LENGTH_MAX) };
}

/** A failure that gRPC told of; null for none. */
export function failureOf({ code, details }: GrpcStatus): CallFailure | null {
  if (code === status.OK) return null;
  const message = details.slice(0, DETAILS_LENGTH_MAX);
  if (code === status.DEADLINE_EXCEEDED) return { code: 'late', message };
  if (code === status.UNIMPLEMENTED) return { code: 'unserved', message };
  return { code: BROKEN.includes(code) ? 'unavailable' : 'refused', message };
}

/** A refusal with its reason. */
export function refused(message: string): CallFailure {
  return { code: 'refused', message };
}

/** What an error says. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
