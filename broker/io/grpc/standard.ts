import { status, type UntypedHandleCall } from '@grpc/grpc-js';
import type { ControlService } from '../../ports/control-net.ts';
import { FILES, SERVICES } from '../../proto/schema.generated.ts';
import { answer, type Duplex, readRequest, type Unary, type Writable } from './handlers.ts';
import { type Method, methodNamed } from './methods.ts';
import { textOf } from './status.ts';

/** How often a watched service is looked at. */
const HEALTH_MS = 1000;

interface HealthRequest {
  readonly service: string;
}
type ServingStatus = 'serving' | 'not-serving' | 'service-unknown';

/** Questions of ServerReflectionRequest; exactly one is not null. */
interface ReflectionRequest {
  readonly fileByFilename: string | null;
  readonly fileContainingSymbol: string | null;
  readonly listServices: string | null;
}

type Post = (input: () => void) => void;
type File = (typeof FILES)[number];

/** A file behind those that it imports. */
function withImports(file: File): readonly File[] {
  const imports = FILES.filter(({ name }) => file.imports.includes(name));
  return [...new Set([...imports.flatMap(withImports), file])];
}

/** The file that declares a symbol, or what the symbol is part of, such as a method's service. */
function fileOf(symbol: string): File | undefined {
  for (let name = symbol; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const file = FILES.find(({ symbols }) => symbols.includes(name));
    if (file !== undefined) return file;
  }
  return undefined;
}

/** The answer to one question about what is served. */
function reflect(request: ReflectionRequest): object {
  const { fileByFilename, fileContainingSymbol, listServices } = request;
  const head = { validHost: '', originalRequest: request };
  if (listServices !== null) {
    return { ...head, listServicesResponse: { service: Object.keys(SERVICES).map((name) => ({ name })) } };
  }
  const file =
    fileByFilename === null ? fileOf(fileContainingSymbol ?? '') : FILES.find(({ name }) => name === fileByFilename);
  if (file === undefined) {
    return { ...head, errorResponse: { errorCode: status.NOT_FOUND, errorMessage: 'nothing of that name' } };
  }
  const files = withImports(file).map(({ descriptor }) => Buffer.from(descriptor, 'base64'));
  return { ...head, fileDescriptorResponse: { fileDescriptorProto: files } };
}

function reflection(method: Method): Duplex {
  return (call) => {
    // An answer waits for the one before it to leave: who asks and does not read is not read either.
    call.on('data', (bytes: Buffer) => {
      call.pause();
      try {
        // The codec of this method makes this request.
        const answer = method.response.encode(reflect(method.request.decode(bytes) as ReflectionRequest));
        call.write(answer, () => call.resume());
      } catch (error) {
        call.emit('error', { code: status.INVALID_ARGUMENT, details: textOf(error) });
      }
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
  };
}

/** How the node is, as it says to `Fleet.Status`. */
function healthOf(service: ControlService, post: Post, name: string, done: (status: ServingStatus) => void): void {
  if (name !== '' && !Object.hasOwn(SERVICES, name)) {
    done('service-unknown');
    return;
  }
  post(() => {
    service.call('Fleet.Status', {}, { role: 'node', nodeId: null }, (failure, response) => {
      done(failure === null && response?.troubles.length === 0 ? 'serving' : 'not-serving');
    });
  });
}

function check(service: ControlService, post: Post, method: Method): Unary {
  return (call, callback) => {
    // The codec of this method makes this request.
    const request = readRequest(method, call.request, callback) as HealthRequest | null;
    if (request === null) return;
    healthOf(service, post, request.service, (health) => {
      if (health !== 'service-unknown') answer(method, { status: health }, callback);
      else callback({ code: status.NOT_FOUND, details: 'there is no such service' });
    });
  };
}

function watch(service: ControlService, post: Post, method: Method): Writable {
  return (call) => {
    // The codec of this method makes this request.
    const request = readRequest(method, call.request, (why) => call.emit('error', why)) as HealthRequest | null;
    if (request === null) return;
    let last: ServingStatus | null = null;
    let timer: NodeJS.Timeout | undefined;
    const look = (): void => {
      healthOf(service, post, request.service, (health) => {
        if (call.cancelled) return;
        const again = (): void => {
          timer = setTimeout(look, HEALTH_MS);
          timer.unref();
        };
        // The next look waits for a peer that does not read.
        if (health === last) again();
        else call.write(method.response.encode({ status: health }), again);
        last = health;
      });
    };
    call.on('cancelled', () => clearTimeout(timer));
    call.on('error', () => undefined);
    look();
  };
}

/** Health and reflection, as gRPC has them for everybody: each method with its handler. */
export function standardMethods(
  service: ControlService,
  post: Post,
): readonly (readonly [Method, UntypedHandleCall])[] {
  const checked = methodNamed('grpc.health.v1.Health.Check');
  const watched = methodNamed('grpc.health.v1.Health.Watch');
  const reflected = methodNamed('grpc.reflection.v1.ServerReflection.ServerReflectionInfo');
  return [
    [checked, check(service, post, checked)],
    [watched, watch(service, post, watched)],
    [reflected, reflection(reflected)],
  ];
}
