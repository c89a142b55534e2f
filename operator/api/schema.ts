/** Which settings a `config` map takes; names and ranges come from the broker's one table of settings. */
export type ConfigScope = 'broker' | 'topic' | 'group';

/** A text. `patternHint` says in words what the pattern wants. */
export interface StringSchema {
  readonly type: 'string';
  readonly description: string;
  /** Length bounds in UTF-16 code units, both inclusive. */
  readonly minLength: number;
  readonly maxLength: number;
  readonly pattern?: string;
  readonly patternHint?: string;
  readonly default?: string;
}

/** A whole number, bounds inclusive. */
export interface IntegerSchema {
  readonly type: 'integer';
  readonly description: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly default?: number;
}

/** A list. `set`: no item twice; `map`: no two items with the same `mapKey`. */
export interface ArraySchema {
  readonly type: 'array';
  readonly description: string;
  readonly listType: 'set' | 'map';
  readonly mapKey?: string;
  readonly items: Schema;
  readonly minItems: number;
  readonly maxItems: number;
  readonly default?: readonly unknown[];
}

/** An object with exactly these fields. */
export interface ObjectSchema {
  readonly type: 'object';
  readonly description: string;
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
}

/** Free names with short text values: labels and annotations. */
export interface TextMapSchema {
  readonly type: 'text-map';
  readonly description: string;
  readonly maxProperties: number;
  readonly maxLength: number;
}

/** A map of Kafka's own setting names to texts or whole numbers; absent is the same as empty. */
export interface ConfigSchema {
  readonly type: 'config';
  readonly description: string;
  readonly scope: ConfigScope;
  readonly maxProperties: number;
}

/** Shape, bounds, defaults and descriptions of a manifest's field, as data: validation, CRDs and reference read it. */
export type Schema = StringSchema | IntegerSchema | ArraySchema | ObjectSchema | TextMapSchema | ConfigSchema;

type Present<P, R extends readonly string[]> = {
  [K in keyof P]: K extends R[number] ? K : P[K] extends { readonly default: unknown } | ConfigSchema ? K : never;
}[keyof P];

type Fields<P, R extends readonly string[]> = { readonly [K in Present<P, R>]: FromSchema<P[K]> } & {
  readonly [K in Exclude<keyof P, Present<P, R>>]?: FromSchema<P[K]>;
};

/** The TypeScript type of a value that passed validation against `S`, defaults filled in. */
export type FromSchema<S> = S extends { readonly type: 'string' }
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
