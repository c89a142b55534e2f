import * as models from '@kubernetes/client-node';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';

// What fields objects of Kubernetes have, by the models that are made of its own description of itself.

interface Attribute {
  readonly baseName: string;
  readonly type: string;
}

const PLAIN: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === 'boolean',
  IntOrString: (value) => typeof value === 'string' || Number.isSafeInteger(value),
  Date: (value) => typeof value === 'string',
};

function attributesOf(type: string): readonly Attribute[] | null {
  const model = (models as Readonly<Record<string, unknown>>)[type];
  const holder = model as { readonly getAttributeTypeMap?: () => readonly Attribute[] } | undefined;
  return holder?.getAttributeTypeMap?.() ?? null;
}

/** Paths in an object that Kubernetes does not know, or that hold something else than it wants there. */
export function misfits(object: KubernetesObject): readonly string[] {
  return misfitsOf(`V1${object.kind}`, object, object.kind);
}

function misfitsOf(type: string, value: unknown, path: string): readonly string[] {
  const isPlain = PLAIN[type];
  if (isPlain !== undefined) return isPlain(value) ? [] : [path];
  const [, item] = /^Array<(.*)>$/.exec(type) ?? [];
  if (item !== undefined)
    return Array.isArray(value) ? value.flatMap((one, at) => misfitsOf(item, one, `${path}[${at}]`)) : [path];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  const [, mapped] = /^\{ \[key: string\]: (.*); \}$/.exec(type) ?? [];
  const attributes = attributesOf(type);
  if (mapped === undefined && attributes === null) return [`${path}: no such type: ${type}`];
  return Object.entries(value).flatMap(([name, one]) => {
    const field = mapped ?? attributes?.find(({ baseName }) => baseName === name)?.type;
    return field === undefined ? [`${path}.${name}`] : misfitsOf(field, one, `${path}.${name}`);
  });
}
