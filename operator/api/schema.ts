/** Which settings a `config` map takes; names and ranges come from the broker's one table of settings. */
export type ConfigScope = 'broker' | 'topic' | 'group';

/** What every schema says. */
interface Described {
  /** What `kubectl explain` shows: sentences. */
  readonly description: string;
  /** Only Kubernetes can carry it out; `weir local` says so where a manifest has it. */
  readonly only?: 'kubernetes';
}

/** A text. `patternHint` says in words what the pattern wants; patterns mean the same to JavaScript and to Go's RE2. */
export interface StringSchema extends Described {
  readonly type: 'string';
  /** Length bounds in UTF-16 code units, both inclusive. */
  readonly minLength: number;
  readonly maxLength: number;
  readonly pattern?: string;
  readonly patternHint?: string;
  /** A point in time as RFC 3339 writes it. */
  readonly format?: 'date-time';
  readonly default?: string;
}

/** One of a few words. */
export interface EnumSchema extends Described {
  readonly type: 'enum';
  readonly values: readonly string[];
  readonly default?: string;
}

/** A quantity as Kubernetes writes it, a text or a whole number: bytes (`200Gi`), or CPUs in thousandths at the finest (`500m`). */
export interface QuantitySchema extends Described {
  readonly type: 'quantity';
  readonly unit: 'bytes' | 'cpu';
}

/** A whole number, bounds inclusive. */
export interface IntegerSchema extends Described {
  readonly type: 'integer';
  readonly minimum: number;
  readonly maximum: number;
  readonly default?: number;
}

/** A list. `set`: no item twice; `map`: no two items with the same `mapKey`; `atomic`: as it is. */
export interface ArraySchema extends Described {
  readonly type: 'array';
  readonly listType: 'set' | 'map' | 'atomic';
  readonly mapKey?: string;
  readonly items: Schema;
  readonly minItems: number;
  readonly maxItems: number;
  readonly default?: readonly unknown[];
}

/** An object with exactly these fields. */
export interface ObjectSchema extends Described {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
}

/** Free names with short text values: labels and annotations. */
export interface TextMapSchema extends Described {
  readonly type: 'text-map';
  readonly maxProperties: number;
  readonly maxLength: number;
}

/** A map of Kafka's own setting names to texts or whole numbers; absent is the same as empty. */
export interface ConfigSchema extends Described {
  readonly type: 'config';
  readonly scope: ConfigScope;
  readonly maxProperties: number;
}

/** Shape, bounds, defaults and descriptions of a manifest's field, as data: validation, CRDs and reference read it. */
export type Schema =
  | StringSchema
  | EnumSchema
  | QuantitySchema
  | IntegerSchema
  | ArraySchema
  | ObjectSchema
  | TextMapSchema
  | ConfigSchema;

type Present<P, R extends readonly string[]> = {
  [K in keyof P]: K extends R[number] ? K : P[K] extends { readonly default: unknown } | ConfigSchema ? K : never;
}[keyof P];

type Fields<P, R extends readonly string[]> = { readonly [K in Present<P, R>]: FromSchema<P[K]> } & {
  readonly [K in Exclude<keyof P, Present<P, R>>]?: FromSchema<P[K]>;
};

/** The TypeScript type of a value that passed validation against `S`, defaults filled in. */
export type FromSchema<S> = S extends { readonly type: 'enum'; readonly values: readonly (infer W)[] }
  ? W
  : S extends { readonly type: 'string' | 'quantity' }
    ? string
    : S extends { readonly type: 'integer' }
      ? number
      : S extends { readonly type: 'array'; readonly items: infer I }
        ? readonly FromSchema<I>[]
        : S extends { readonly type: 'text-map' | 'config' }
          ? ReadonlyMap<string, string>
          : S extends { readonly type: 'object'; readonly properties: infer P; readonly required: infer R }
            ? R extends readonly string[]
              ? Fields<P, R>
              : never
            : never;
