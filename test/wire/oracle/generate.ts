import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { emitApis, emitSchemas } from './emit-schemas.ts';
import { emitTypes } from './emit-types.ts';
import { readUpstream } from './upstream.ts';
import type { UpstreamMessage } from './upstream.ts';

const PROTOCOL = fileURLToPath(new URL('../../../broker/core/protocol/', import.meta.url));

/** The generated files by name, made from the jars of upstream. */
export async function generate(): Promise<ReadonlyMap<string, string>> {
  const { requests, wire, records } = await readUpstream();
  const byKey = (type: string): (readonly [string, string])[] =>
    wire
      .filter((message) => message.type === type)
      .toSorted((a, b) => (a.apiKey ?? 0) - (b.apiKey ?? 0))
      .map((message) => [String(message.apiKey), message.name]);
  const byName = (messages: readonly UpstreamMessage[]): (readonly [string, string])[] =>
    messages.map((message) => [message.name, message.name]);
  return new Map([
    ['api-table.generated.ts', emitApis(requests)],
    [
      'wire-schemas.generated.ts',
      emitSchemas(
        'wireSchemas',
        'Requests, responses and headers of every API that a broker listens to, by name.',
        wire,
      ),
    ],
    [
      'wire-types.generated.ts',
      emitTypes(wire, [
        { name: 'ApiRequests', purpose: 'Request bodies by API key, as decoded.', entries: byKey('request') },
        { name: 'ApiResponses', purpose: 'Response bodies by API key, as decoded.', entries: byKey('response') },
      ]),
    ],
    [
      'record-schemas.generated.ts',
      emitSchemas(
        'recordSchemas',
        'Records of the internal topics and versioned data inside other messages, by name.',
        records,
      ),
    ],
    [
      'record-types.generated.ts',
      emitTypes(records, [
        { name: 'RecordMessages', purpose: 'Record messages by name, as decoded.', entries: byName(records) },
      ]),
    ],
  ]);
}

/** The committed text of a generated file. */
export function committed(name: string): string {
  return readFileSync(PROTOCOL + name, 'utf8');
}

if (import.meta.main) {
  for (const [name, text] of await generate()) writeFileSync(PROTOCOL + name, text);
}
