// Health and reflection, asked by a client that knows nothing of this project's .proto files.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import descriptor, { type IFileDescriptorProto } from 'protobufjs/ext/descriptor/index.js';
import { CLUSTER, Pair } from '../../../support/control-net-contract.ts';
import { QUESTIONS } from '../../../support/control-samples.ts';
import { createGrpcStage, until } from './stage.ts';

/** What every client of reflection brings along. */
const REFLECTION = protobuf.parse(`syntax = "proto3"; package grpc.reflection.v1;
message ServerReflectionRequest {
  oneof message_request {
    string file_by_filename = 3;
    string file_containing_symbol = 4;
    string all_extension_numbers_of_type = 6;
    string list_services = 7;
  }
}
message ServerReflectionResponse {
  oneof message_response {
    FileDescriptorResponse file_descriptor_response = 4;
    ListServiceResponse list_services_response = 6;
    ErrorResponse error_response = 7;
  }
}
message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
message ListServiceResponse { repeated ServiceResponse service = 1; }
message ServiceResponse { string name = 1; }
message ErrorResponse { int32 error_code = 1; }`).root;

const same = (bytes: Buffer): Buffer => bytes;

let pair: Pair;
let client: Client;
let troubles: string[];

beforeEach(async () => {
  pair = new Pair(createGrpcStage());
  troubles = [];
  pair.service.call = (name, request, caller, done) => {
    pair.service.calls.push({ name, request, caller, done: done as never });
    if (name === 'Fleet.Status') done(null, { ...QUESTIONS['Fleet.Status'].response, troubles } as never);
  };
  expect(await pair.listen()).toBeNull();
  client = new Client(`127.0.0.1:${pair.address.port}`, credentials.createInsecure());
});
afterEach(() => {
  client.close();
  pair.listener?.close();
});

/** Asks reflection one thing. */
async function reflect(question: Record<string, string>): Promise<Record<string, unknown>> {
  const request = REFLECTION.lookupType('grpc.reflection.v1.ServerReflectionRequest');
  const response = REFLECTION.lookupType('grpc.reflection.v1.ServerReflectionResponse');
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const call = client.makeBidiStreamRequest(path, same, same);
  const answers: Buffer[] = [];
  let isOver = false;
  call.on('data', (bytes: Buffer) => answers.push(bytes));
  call.on('status', () => (isOver = true));
  call.on('error', () => undefined);
  call.write(Buffer.from(request.encode(request.create(question)).finish()));
  call.end();
  await until(() => isOver);
  return response.toObject(response.decode(answers[0] ?? Buffer.alloc(0)));
}

/** All that a service's file says, with what it imports. */
async function discover(symbol: string): Promise<protobuf.Root> {
  const { fileDescriptorResponse } = await reflect({ fileContainingSymbol: symbol });
  const files = (fileDescriptorResponse as { fileDescriptorProto: Buffer[] }).fileDescriptorProto;
  const decoded = files.map((bytes) => descriptor.FileDescriptorProto.decode(bytes) as IFileDescriptorProto);
  // The extension adds it, and its types don't say so.
  const Root = protobuf.Root as unknown as { fromDescriptor(set: object): protobuf.Root };
  const root = Root.fromDescriptor({ file: decoded });
  root.resolveAll();
  return root;
}

/** Calls a method that was discovered. */
async function call(
  method: string,
  request: Record<string, unknown>,
  head = new Metadata(),
): Promise<{ readonly code: number; readonly response: Record<string, unknown> | null }> {
  const split = method.lastIndexOf('.');
  const root = await discover(method);
  const { requestType, responseType } =
    root.lookupService(method.slice(0, split)).methods[method.slice(split + 1)] ?? {};
  const asked = root.lookupType(requestType ?? '');
  const answered = root.lookupType(responseType ?? '');
  const bytes = Buffer.from(asked.encode(asked.create(request)).finish());
  const path = `/${method.slice(0, split)}/${method.slice(split + 1)}`;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, same, same, bytes, head, { deadline: Date.now() + 20_000 }, (error, answer) => {
      const response =
        answer === undefined ? null : answered.toObject(answered.decode(answer), { enums: String, longs: Number });
      resolve({ code: error?.code ?? status.OK, response });
    });
  });
}

describe('reflection', () => {
  test('lists every service', async () => {
    const { listServicesResponse } = await reflect({ listServices: '' });
    const names = (listServicesResponse as { service: { name: string }[] }).service.map(({ name }) => name);
    expect(names.sort()).toEqual([
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'weir.control.v1.Controller',
      'weir.control.v1.Fleet',
      'weir.control.v1.Raft',
    ]);
  });

  test('gives a file by its name, and by anything in it, after those that it imports', async () => {
    for (const question of [
      { fileByFilename: 'weir/control/v1/controller.proto' },
      { fileContainingSymbol: 'weir.control.v1.Controller' },
      { fileContainingSymbol: 'weir.control.v1.Controller.Submit' },
      { fileContainingSymbol: 'weir.control.v1.QuorumReplica' },
    ]) {
      const { fileDescriptorResponse } = await reflect(question);
      const files = (fileDescriptorResponse as { fileDescriptorProto: Buffer[] }).fileDescriptorProto;
      const names = files.map((bytes) => (descriptor.FileDescriptorProto.decode(bytes) as IFileDescriptorProto).name);
      expect(names).toEqual(['metadata', 'raft', 'controller'].map((name) => `weir/control/v1/${name}.proto`));
    }
  });

  test('says so when there is nothing of that name', async () => {
    for (const question of [
      { fileByFilename: 'x.proto' },
      { fileContainingSymbol: 'x.Y' },
      { fileContainingSymbol: '' },
      { allExtensionNumbersOfType: 'weir.control.v1.Batch' },
    ]) {
      expect(await reflect(question)).toEqual({ errorResponse: { errorCode: status.NOT_FOUND } });
    }
  });

  test('is enough to call what it tells of', async () => {
    const head = new Metadata();
    for (const [key, value] of [
      ['cluster-id', CLUSTER],
      ['role', 'operator'],
      ['node-id', '-1'],
    ] as const) {
      head.set(`weir-${key}`, value);
    }
    const { code, response } = await call('weir.control.v1.Fleet.Status', {}, head);
    expect(code).toBe(status.OK);
    expect(response).toMatchObject({
      node: { id: 2, directory_id: 'directory-of-2-0000000' },
      cluster_id: CLUSTER,
      roles: ['ROLE_BROKER', 'ROLE_CONTROLLER'],
      metadata_offset: 99,
    });
  });
});

describe('health', () => {
  const check = (service: string): ReturnType<typeof call> => call('grpc.health.v1.Health.Check', { service });

  test('is that of the node, for each service and for all', async () => {
    for (const service of ['', 'weir.control.v1.Raft', 'grpc.health.v1.Health']) {
      expect(await check(service)).toEqual({ code: status.OK, response: { status: 'SERVING' } });
    }
    troubles.push('the disk is full');
    expect(await check('')).toEqual({ code: status.OK, response: { status: 'NOT_SERVING' } });
  });

  test('of a service that is not served is not found', async () => {
    expect(await check('x.Y')).toEqual({ code: status.NOT_FOUND, response: null });
    expect(await check('toString')).toEqual({ code: status.NOT_FOUND, response: null });
  });

  test('is told again when it changes', async () => {
    const root = await discover('grpc.health.v1.Health');
    const asked = root.lookupType('grpc.health.v1.HealthCheckRequest');
    const answered = root.lookupType('grpc.health.v1.HealthCheckResponse');
    const bytes = Buffer.from(asked.encode({ service: '' }).finish());
    const watch = client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', same, same, bytes);
    const heard: unknown[] = [];
    watch.on('error', () => undefined);
    watch.on('data', (answer: Buffer) =>
      heard.push(answered.toObject(answered.decode(answer), { enums: String })['status']),
    );
    // It was looked at again meanwhile, and had not changed.
    await until(() => pair.service.calls.length >= 3);
    expect(heard).toEqual(['SERVING']);
    troubles.push('the disk is full');
    await until(() => heard.length === 2);
    troubles.pop();
    await until(() => heard.length === 3);
    expect(heard).toEqual(['SERVING', 'NOT_SERVING', 'SERVING']);
    watch.cancel();
  });
});
