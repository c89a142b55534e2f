import { apiByKey } from '../../broker/core/protocol/apis.ts';
import { type FieldPlan, Op, planMessage, type StructPlan } from '../../broker/core/protocol/plan.ts';
import { wireSchemas } from '../../broker/core/protocol/wire-schemas.generated.ts';
import { apiTable } from '../../broker/server/api/table.ts';
import { header } from './cases.ts';
import { uvarint } from './layout.ts';

/** A request whose elements are really there, each as small as it can be. */
export interface HeavyRequest {
  readonly title: string;
  readonly apiKey: number;
  /** What is sent, prefix included. */
  readonly bytes: Buffer;
}

/** For every array that stands in a request or in the first element of another one: that array with `count` elements. */
export function* heavyRequests(count: number): Generator<HeavyRequest> {
  for (const row of apiTable) {
    const name = apiByKey(row.key)?.name ?? '';
    const schema = wireSchemas[`${name}Request`];
    if (row.listener !== 'client' || schema === undefined) continue;
    const plan = planMessage(schema, row.versions.max);
    for (const path of arraysOf(plan)) {
      const head = header(row.key, row.versions.max, 1);
      const body = Buffer.concat([head, ...structBytes(plan, { path, count })]);
      const prefix = Buffer.alloc(4);
      prefix.writeInt32BE(body.length);
      yield { title: `${path} × ${count}`, apiKey: row.key, bytes: Buffer.concat([prefix, body]) };
    }
  }
}

interface Wish {
  readonly path: string;
  readonly count: number;
}

function arraysOf(plan: StructPlan): string[] {
  return plan.inline.flatMap((field) => {
    if (field.op === Op.struct && field.struct !== null && !field.nullable) return arraysOf(field.struct);
    if (field.op !== Op.array) return [];
    const inner = field.element?.struct;
    return [field.path, ...(inner === null || inner === undefined ? [] : arraysOf(inner))];
  });
}

function structBytes(plan: StructPlan, wish: Wish | null): Buffer[] {
  const parts = plan.inline.flatMap((field) => fieldBytes(field, wish));
  return plan.flexible ? [...parts, Buffer.of(0)] : parts;
}

function fieldBytes(field: FieldPlan, wish: Wish | null): Buffer[] {
  if (field.op === Op.array) return arrayBytes(field, wish);
  if (field.op === Op.struct && field.struct !== null)
    return field.nullable ? [Buffer.of(0xff)] : structBytes(field.struct, wish);
  if (field.compact && (field.op === Op.string || field.op === Op.bytes)) return [Buffer.of(1)];
  return [Buffer.alloc(field.sizeMin)];
}

function arrayBytes(field: FieldPlan, wish: Wish | null): Buffer[] {
  const { element } = field;
  if (element === null || wish === null || !wish.path.startsWith(field.path)) return [countBytes(field, 0)];
  if (wish.path === field.path) {
    const one = Buffer.concat(fieldBytes(element, null));
    return [countBytes(field, wish.count), Buffer.alloc(one.length * wish.count, one)];
  }
  // The array lies within the first element of this one.
  if (!wish.path.startsWith(`${field.path}.`)) return [countBytes(field, 0)];
  return [countBytes(field, 1), ...fieldBytes(element, wish)];
}

function countBytes(field: FieldPlan, count: number): Buffer {
  if (field.compact) return uvarint(count + 1);
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(count);
  return bytes;
}
