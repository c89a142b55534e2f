import { rowsOf } from '../../../broker/core/config/rows.ts';
import type { KnownSetting } from './known.ts';

/** One change of one setting to be tried on both brokers. */
export type Change = {
  /** As `scope name operation value`. */
  readonly title: string;
  readonly scope: 'topic' | 'broker' | 'cluster' | 'group';
  readonly name: string;
  readonly value: string | null;
  /** 0 set, 1 delete, 2 append, 3 subtract, as the protocol numbers them. */
  readonly operation: number;
};

/** What a change was answered with. */
export type Outcome = { readonly errorCode: number; readonly message: string };

const OPERATIONS = ['set', 'delete', 'append', 'subtract'];
const NUMBERS = new Set(['short', 'int', 'long', 'double']);

/** Changes of every setting that we show and Apache Kafka knows: at, below and above its bounds, and of the wrong kind. */
export function changesOf(known: readonly KnownSetting[]): readonly Change[] {
  const scopes = { topic: ['topic'], broker: ['broker', 'cluster'], group: ['group'], 'client-metrics': [] } as const;
  return known
    .filter(({ scope, name, internal }) => scope !== 'client-metrics' && !internal && rowsOf(scope).has(name))
    .flatMap((setting) => scopes[setting.scope].flatMap((scope) => changesOfOne(setting, scope)));
}

function changesOfOne(setting: KnownSetting, scope: Change['scope']): readonly Change[] {
  const { name } = setting;
  const change = (value: string | null, operation: number): Change => ({
    title: `${scope} ${name} ${OPERATIONS[operation]} ${value ?? ''}`.trimEnd(),
    scope,
    name,
    value,
    operation,
  });
  // Of what is read at start one attempt says it all.
  if (setting.change === 'read-only') return [change(setting.default ?? '1', 0)];
  return [...valuesOf(setting).map((value) => change(value, 0)), change('x', 2), change('x', 3), change(null, 1)];
}

function valuesOf({ type, allowed, default: initial }: KnownSetting): readonly string[] {
  if (!NUMBERS.has(type)) return type === 'boolean' ? ['true', 'TRUE', 'yes', ''] : ['no-such-value', initial ?? ''];
  const bounds = /^\[(-?\d+),\.\.\.(?:,(-?\d+))?\]$/.exec(allowed ?? '');
  const [, min, max] = bounds ?? [];
  const near = (text: string | undefined): readonly string[] =>
    text === undefined ? [] : [-1n, 0n, 1n].map((step) => String(BigInt(text) + step));
  return [...new Set([...near(min), ...near(max), 'many', '1.5', '', ' 7 ', '99999999999999999999', initial ?? '1'])];
}
