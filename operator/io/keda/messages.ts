import protobuf from 'protobufjs/minimal.js';

/** A ScaledObject, and what its trigger says. */
export interface ScaledObjectRef {
  readonly namespace: string;
  readonly name: string;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Entries of a trigger's metadata that are read. */
const ENTRIES_MAX = 100;
/** Number and wire type of a field that has a length. */
const delimited = (id: number): number => id * 8 + 2;
const varint = (id: number): number => id * 8;
const fixed64 = (id: number): number => id * 8 + 1;

/** Reads the fields of a message; throws where it is none. */
function read(bytes: Uint8Array, fields: Readonly<Record<number, (reader: protobuf.Reader) => void>>): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const field = fields[tag];
    if (field === undefined) reader.skipType(tag & 7);
    else field(reader);
  }
}

/** Reads a `ScaledObjectRef`; throws for bytes that are none. */
export function readScaledObjectRef(bytes: Uint8Array): ScaledObjectRef {
  let [name, namespace] = ['', ''];
  const metadata = new Map<string, string>();
  read(bytes, {
    [delimited(1)]: (reader) => (name = reader.string()),
    [delimited(2)]: (reader) => (namespace = reader.string()),
    [delimited(3)]: (reader) => {
      let [key, value] = ['', ''];
      read(reader.bytes(), {
        [delimited(1)]: (inner) => (key = inner.string()),
        [delimited(2)]: (inner) => (value = inner.string()),
      });
      if (metadata.size < ENTRIES_MAX) metadata.set(key, value);
    },
  });
  return { namespace, name, metadata };
}

/** Reads a `GetMetricsRequest`; throws for bytes that are none. */
export function readMetricsRequest(bytes: Uint8Array): { readonly of: ScaledObjectRef; readonly metricName: string } {
  let of: ScaledObjectRef = { namespace: '', name: '', metadata: new Map() };
  let metricName = '';
  read(bytes, {
    [delimited(1)]: (reader) => (of = readScaledObjectRef(reader.bytes())),
    [delimited(2)]: (reader) => (metricName = reader.string()),
  });
  return { of, metricName };
}

/** Writes an `IsActiveResponse`. */
export function writeActive(isActive: boolean): Buffer {
  return finished(protobuf.Writer.create().uint32(varint(1)).bool(isActive));
}

/** Writes a `GetMetricSpecResponse` or a `GetMetricsResponse` of one figure: how much there is of it, or is to be for each replica. */
export function writeFigure(metricName: string, value: number): Buffer {
  const writer = protobuf.Writer.create().uint32(delimited(1)).fork();
  writer.uint32(delimited(1)).string(metricName);
  writer.uint32(varint(2)).int64(value);
  writer.uint32(fixed64(3)).double(value);
  return finished(writer.ldelim());
}

/** Under Node writers make Buffers. */
function finished(writer: protobuf.Writer): Buffer {
  return writer.finish() as Buffer;
}
