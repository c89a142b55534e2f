import protobuf from 'protobufjs';
import { fullName, isOptional, type ProtoFile, resolveType, servicesOf, typesOf } from './read.ts';

/** `[numbers, names]` that a message or an enum may never use again. */
function reservedOf(type: protobuf.Type | protobuf.Enum): readonly string[] {
  return (type.reserved ?? []).flatMap((range) => {
    if (typeof range === 'string') return [range];
    const [first = 0, last = first] = range;
    return Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
  });
}

function fieldLine(files: readonly ProtoFile[], type: protobuf.Type, field: protobuf.Field): string {
  const label = field.repeated ? 'repeated ' : isOptional(field) ? 'optional ' : '';
  const oneof = field.partOf === null || isOptional(field) ? '' : ` of ${field.partOf.name}`;
  const typeName = resolveType(files, field, field.type)?.name ?? field.type;
  return `field ${fullName(type)} ${field.id} ${field.name}: ${label}${typeName}${oneof}`;
}

/** Everything that a program of another version depends on, a line each, sorted. */
export function wireLines(files: readonly ProtoFile[]): readonly string[] {
  const types = files.flatMap(({ namespace }) => typesOf(namespace));
  const ofTypes = types.flatMap((type) => [
    `type ${fullName(type)}`,
    ...(type instanceof protobuf.Type
      ? type.fieldsArray.map((field) => fieldLine(files, type, field))
      : Object.entries(type.values).map(([name, value]) => `value ${fullName(type)} ${value} ${name}`)),
    ...reservedOf(type).map((what) => `reserved ${fullName(type)} ${what}`),
  ]);
  const ofServices = files.flatMap(servicesOf).flatMap((service) =>
    service.methodsArray.map((method) => {
      const side = (isStream: boolean | undefined, name: string): string =>
        `${isStream === true ? 'stream ' : ''}${resolveType(files, service, name)?.name ?? name}`;
      const request = side(method.requestStream, method.requestType);
      return `method ${fullName(service)}/${method.name} ${request} -> ${side(method.responseStream, method.responseType)}`;
    }),
  );
  return [...ofTypes, ...ofServices].sort();
}

/** What of `before` a program of that version would not find any more in `after`; what may go is reserved. */
export function incompatible(before: readonly string[], after: readonly string[]): readonly string[] {
  const now = new Set(after);
  const lost = before.filter((line) => {
    if (now.has(line)) return false;
    const [, type = '', number = '', name = ''] = /^(?:field|value) (\S+) (\d+) ([^\s:]+)/.exec(line) ?? [];
    return !(now.has(`reserved ${type} ${number}`) && now.has(`reserved ${type} ${name}`));
  });
  const reused = after.filter((line) => {
    const [, type = '', number = '', name = ''] = /^(?:field|value) (\S+) (\d+) ([^\s:]+)/.exec(line) ?? [];
    return now.has(`reserved ${type} ${number}`) || now.has(`reserved ${type} ${name}`);
  });
  return [...lost.map((line) => `gone or changed: ${line}`), ...reused.map((line) => `reserved: ${line}`)];
}

/** Messages, fields, enums, values, services and methods without a comment of their own. */
export function undocumented(files: readonly ProtoFile[]): readonly string[] {
  const bare: string[] = [];
  const look = (object: protobuf.ReflectionObject): void => {
    if (object.comment === null || object.comment === '') bare.push(fullName(object));
  };
  for (const file of files) {
    for (const type of typesOf(file.namespace)) {
      look(type);
      if (type instanceof protobuf.Type) type.fieldsArray.forEach(look);
      else {
        for (const name of Object.keys(type.values))
          if ((type.comments[name] ?? '') === '') bare.push(`${fullName(type)}.${name}`);
      }
    }
    for (const service of servicesOf(file)) {
      look(service);
      service.methodsArray.forEach(look);
    }
  }
  return bare;
}
