import type { SettingScope } from './rows.ts';

/*
 * Settings of Kafka that are refused by name, each with what to do instead: to accept one would promise something that
 * does not happen.
 */

const REFUSED: Readonly<Record<SettingScope, Readonly<Record<string, string>>>> = {
  topic: {},
  broker: {
    'zookeeper.connect': 'there is no ZooKeeper: the metadata lives in the node itself. Leave it out.',
  },
  group: {},
};

/** All refused settings of a scope by name, with the sentence that says why. */
export function refusedOf(scope: SettingScope): ReadonlyMap<string, string> {
  return new Map(Object.entries(REFUSED[scope]));
}

/** Why a name is not accepted: its own sentence, or that there is no such setting. */
export function refusalOf(scope: SettingScope, name: string): string {
  const own = Object.hasOwn(REFUSED[scope], name) ? REFUSED[scope][name] : undefined;
  return own === undefined
    ? `there is no ${scope} setting ${name.slice(0, 200)}`
    : `${scope} setting ${name} is not supported: ${own}`;
}
