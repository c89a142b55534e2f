import protobuf from 'protobufjs';
import { fullName, isOptional, type ProtoFile, resolveType, servicesOf, typesOf } from './read.ts';

const LABEL_OPTIONAL = 1;
const LABEL_REPEATED = 3;
const TYPE_MESSAGE = 11;
const TYPE_ENUM = 14;
/** Numbers of FieldDescriptorProto.Type. */
const SCALARS: Readonly<Record<string, number>> = { int64: 3, int32: 5, bool: 8, string: 9, bytes: 12 };
const PHRASE_OF_ABSENT = 'Absent: not set.';

const camelCase = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** `fieldOf` writes a field of the outer message that holds `write`'s message. */
function nested(writer: protobuf.Writer, id: number, write: (inner: protobuf.Writer) => void): void {
  writer.uint32(id * 8 + 2).fork();
  write(writer);
  writer.ldelim();
}

const text = (writer: protobuf.Writer, id: number, value: string): unknown => writer.uint32(id * 8 + 2).string(value);
const number = (writer: protobuf.Writer, id: number, value: number): unknown => writer.uint32(id * 8).int32(value);

function writeField(
  writer: protobuf.Writer,
  files: readonly ProtoFile[],
  field: protobuf.Field,
  oneofs: readonly protobuf.OneOf[],
): void {
  text(writer, 1, field.name);
  number(writer, 3, field.id);
  number(writer, 4, field.repeated ? LABEL_REPEATED : LABEL_OPTIONAL);
  const type = resolveType(files, field, field.type);
  const scalar = SCALARS[field.type];
  if (type !== null) {
    number(writer, 5, type.isEnum ? TYPE_ENUM : TYPE_MESSAGE);
    text(writer, 6, `.${type.name}`);
  } else if (scalar !== undefined) number(writer, 5, scalar);
  else throw new Error(`${field.fullName} has type ${field.type}, which is not used here`);
  if (field.partOf !== null) number(writer, 9, oneofs.indexOf(field.partOf));
  if (isOptional(field)) number(writer, 17, 1);
}

function writeEnum(writer: protobuf.Writer, type: protobuf.Enum): void {
  text(writer, 1, type.name);
  for (const [name, value] of Object.entries(type.values)) {
    nested(writer, 2, (inner) => {
      text(inner, 1, name);
      number(inner, 2, value);
    });
  }
}

function writeType(writer: protobuf.Writer, files: readonly ProtoFile[], type: protobuf.Type): void {
  // Those that stand for `optional` come last, as protoc has them.
  const isReal = (oneof: protobuf.OneOf): boolean => !oneof.fieldsArray.some(isOptional);
  const oneofs = [...type.oneofsArray.filter(isReal), ...type.oneofsArray.filter((each) => !isReal(each))];
  text(writer, 1, type.name);
  for (const field of type.fieldsArray) nested(writer, 2, (inner) => writeField(inner, files, field, oneofs));
  for (const each of type.nestedArray) {
    if (each instanceof protobuf.Type) nested(writer, 3, (inner) => writeType(inner, files, each));
    else if (each instanceof protobuf.Enum) nested(writer, 4, (inner) => writeEnum(inner, each));
  }
  for (const oneof of oneofs) nested(writer, 8, (inner) => text(inner, 1, oneof.name));
}

function typeName(files: readonly ProtoFile[], from: protobuf.ReflectionObject, name: string): string {
  const type = resolveType(files, from, name);
  if (type === null) throw new Error(`${from.fullName} names ${name}, which is not declared`);
  return type.name;
}

/** A FileDescriptorProto, as reflection tells it. */
function descriptorOf(files: readonly ProtoFile[], file: ProtoFile): Uint8Array {
  const writer = protobuf.Writer.create();
  text(writer, 1, file.name);
  text(writer, 2, file.package);
  for (const name of file.imports) text(writer, 3, name);
  for (const each of file.namespace.nestedArray) {
    if (each instanceof protobuf.Type) nested(writer, 4, (inner) => writeType(inner, files, each));
    else if (each instanceof protobuf.Enum) nested(writer, 5, (inner) => writeEnum(inner, each));
  }
  for (const service of servicesOf(file)) {
    nested(writer, 6, (inner) => {
      text(inner, 1, service.name);
      for (const method of service.methodsArray) {
        nested(inner, 2, (call) => {
          text(call, 1, method.name);
          text(call, 2, `.${typeName(files, service, method.requestType)}`);
          text(call, 3, `.${typeName(files, service, method.responseType)}`);
          if (method.requestStream === true) number(call, 5, 1);
          if (method.responseStream === true) number(call, 6, 1);
        });
      }
    });
  }
  text(writer, 12, 'proto3');
  return writer.finish();
}

function fieldShape(files: readonly ProtoFile[], field: protobuf.Field): string {
  const isAbsent = field.comment?.includes(PHRASE_OF_ABSENT) === true;
  const label = field.repeated
    ? 'repeated'
    : isOptional(field)
      ? isAbsent
        ? 'absent'
        : 'optional'
      : field.partOf !== null
        ? 'oneof'
        : 'single';
  const type = resolveType(files, field, field.type)?.name ?? field.type;
  return `[${field.id}, '${camelCase(field.name)}', '${type}', '${label}']`;
}

/** Names of values without the enum's own, in kebab case; without the one that stands for "not said". */
function enumShape(type: protobuf.Enum): string {
  const prefix = `${type.name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}_`;
  const values = Object.entries(type.values).filter(([name]) => !name.endsWith('_UNSPECIFIED'));
  return values
    .map(([name, value]) => `'${name.replace(prefix, '').toLowerCase().replaceAll('_', '-')}': ${value}`)
    .join(', ');
}

/** The text of `broker/proto/schema.generated.ts`. */
export function generate(files: readonly ProtoFile[]): string {
  const types = files.flatMap(({ namespace }) => typesOf(namespace));
  const messages = types.filter((type) => type instanceof protobuf.Type);
  const enums = types.filter((type) => type instanceof protobuf.Enum);
  const messageLines = messages.map((type) => {
    const fields = type.fieldsArray.map((field) => `    ${fieldShape(files, field)},\n`).join('');
    return `  '${fullName(type)}': [\n${fields}  ],\n`;
  });
  const methodLines = files.flatMap((file) =>
    servicesOf(file).map((service) => {
      const lines = service.methodsArray.map((method) => {
        const request = typeName(files, service, method.requestType);
        const response = typeName(files, service, method.responseType);
        const streams = `requestStream: ${method.requestStream === true}, responseStream: ${method.responseStream === true}`;
        return `    ${method.name}: { request: '${request}', response: '${response}', ${streams} },\n`;
      });
      return `  '${fullName(service)}': {\n${lines.join('')}  },\n`;
    }),
  );
  const fileLines = files.map((file) => {
    const symbols = [...typesOf(file.namespace), ...servicesOf(file)].map((each) => `'${fullName(each)}'`);
    const descriptor = Buffer.from(descriptorOf(files, file)).toString('base64');
    const imports = file.imports.map((name) => `'${name}'`).join(', ');
    return `  {\n    name: '${file.name}',\n    imports: [${imports}],\n    symbols: [${symbols.join(', ')}],\n    descriptor: '${descriptor}',\n  },\n`;
  });
  return `// Made of the .proto files by test/tidy/proto/main.ts; a test compares.
/** A field: number, name, type, and how often it is there: \`absent\` and \`optional\` may be missing, not set or null. */
export type FieldShape = readonly [
  id: number,
  name: string,
  type: string,
  label: 'single' | 'optional' | 'absent' | 'repeated' | 'oneof',
];

/** Fields of every message. */
export const MESSAGES: Readonly<Record<string, readonly FieldShape[]>> = {
${messageLines.join('')}};

/** Values of every enum. */
export const ENUMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
${enums.map((type) => `  '${fullName(type)}': { ${enumShape(type)} },\n`).join('')}};

/** Methods of every service. */
export const SERVICES = {
${methodLines.join('')}} as const;

/** Every file as reflection tells it: a FileDescriptorProto in base64. */
export const FILES: readonly {
  readonly name: string;
  readonly imports: readonly string[];
  readonly symbols: readonly string[];
  readonly descriptor: string;
}[] = [
${fileLines.join('')}];
`;
}
