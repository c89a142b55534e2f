/**
 * Key of a phantom property: names the fields of a generated message that may be left out when it is encoded (they have a
 * default, or only some versions carry them). Exists for the compiler only.
 */
export declare const OPTIONAL: unique symbol;

type OptionalKeys<T> = T extends { readonly [OPTIONAL]?: infer K } ? Extract<K, keyof T> : never;
type RequiredKeys<T> = Exclude<keyof T, OptionalKeys<T> | typeof OPTIONAL>;

/**
 * What the encoder takes for a decoded type `T`: fields with a default may be left out, byte fields may be given as a list
 * of chunks. Every decoded value is a valid input.
 */
export type Input<T> = T extends Uint8Array
  ? Uint8Array | readonly Uint8Array[]
  : T extends readonly (infer E)[]
    ? readonly Input<E>[]
    : T extends object
      ? { readonly [K in RequiredKeys<T>]: Input<T[K]> } & { readonly [K in OptionalKeys<T>]?: Input<T[K]> }
      : T;
