import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

/** One `.proto` file, parsed. */
export interface ProtoFile {
  /** As other files import it. */
  readonly name: string;
  readonly package: string;
  readonly imports: readonly string[];
  readonly namespace: protobuf.NamespaceBase;
}

const PROTO = fileURLToPath(new URL('../../../broker/proto', import.meta.url));

/** What is made of the `.proto` files. */
export const GENERATED_FILE = join(PROTO, 'schema.generated.ts');
/** What programs of other versions depend on: everything that was ever in a `.proto` file. */
export const SNAPSHOT_FILE = fileURLToPath(new URL('snapshot.txt', import.meta.url));

/** Texts of all `.proto` files by name, sorted. */
export async function protoTexts(): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(PROTO, { recursive: true })).filter((name) => name.endsWith('.proto')).sort();
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(PROTO, name), 'utf8')] as const)),
  );
}

/** Parses files; each has a namespace of its own, so that what belongs to it is known. */
export function parseProtos(texts: ReadonlyMap<string, string>): readonly ProtoFile[] {
  return [...texts].map(([name, text]) => {
    const options = { keepCase: true, alternateCommentMode: true };
    const { root, package: packageName = '', imports = [] } = protobuf.parse(text, new protobuf.Root(), options);
    const namespace = root.lookup(packageName);
    if (!(namespace instanceof protobuf.Namespace)) throw new Error(`${name} has no package`);
    return { name, package: packageName, imports, namespace };
  });
}

/** Name with its packages, without a dot before it. */
export function fullName(object: protobuf.ReflectionObject): string {
  return object.fullName.replace(/^\./, '');
}

/** Every message and enum of a namespace, nested ones included, in the order of the file. */
export function typesOf(namespace: protobuf.NamespaceBase): readonly (protobuf.Type | protobuf.Enum)[] {
  return namespace.nestedArray.flatMap((each) =>
    each instanceof protobuf.Type ? [each, ...typesOf(each)] : each instanceof protobuf.Enum ? [each] : [],
  );
}

/** The services of a file. */
export function servicesOf(file: ProtoFile): readonly protobuf.Service[] {
  return file.namespace.nestedArray.filter((each) => each instanceof protobuf.Service);
}

/** The full name of the message or enum that a field or method at `from` calls `name`; null for a scalar. */
export function resolveType(
  files: readonly ProtoFile[],
  from: protobuf.ReflectionObject,
  name: string,
): { readonly name: string; readonly isEnum: boolean } | null {
  const known = new Map(
    files.flatMap(({ namespace }) =>
      typesOf(namespace).map((type) => [fullName(type), type instanceof protobuf.Enum] as const),
    ),
  );
  for (let scope = fullName(from); ; scope = scope.slice(0, Math.max(0, scope.lastIndexOf('.')))) {
    const candidate = scope === '' ? name : `${scope}.${name}`;
    const isEnum = known.get(candidate);
    if (isEnum !== undefined) return { name: candidate, isEnum };
    if (scope === '') return null;
  }
}

/** True for a field that says `optional`. */
export function isOptional(field: protobuf.Field): boolean {
  return field.options?.['proto3_optional'] === true;
}
