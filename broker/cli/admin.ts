import type { Action } from './admin/action.ts';
import { usageFault } from './fault.ts';
import { parseFlags } from './flags.ts';
import type { RunVerb } from './verb.ts';
import { helpOf } from './verbs.ts';

/** An action, how many words may stand behind its name, and the flags that it knows. */
interface Row {
  readonly words: number;
  readonly flags: readonly string[];
  load(): Promise<Action>;
}

/** What is asked of the active controller of a running cluster. */
const FLEET_FLAGS = ['bootstrap', 'cert', 'key', 'ca'];
const fleet = () => import('./admin/fleet.ts');

const ACTIONS: Readonly<Record<string, Row>> = {
  'accept-loss': {
    words: 0,
    flags: ['data', 'topic', 'partition', 'yes'],
    load: async () => (await import('./admin/accept-loss.ts')).acceptLossOf,
  },
  'can-restart': { words: 1, flags: [...FLEET_FLAGS, 'host'], load: async () => (await fleet()).canRestartOf },
  cordon: { words: 1, flags: [...FLEET_FLAGS, 'off'], load: async () => (await fleet()).cordonOf },
  drain: { words: 1, flags: [...FLEET_FLAGS, 'once'], load: async () => (await fleet()).drainOf },
  metadata: {
    words: 1,
    flags: ['data', 'json'],
    load: async () => (await import('./admin/metadata.ts')).inspectMetadata,
  },
  'recover-quorum': {
    words: 0,
    flags: ['config', 'accept-data-loss'],
    load: async () => (await import('./admin/recover-quorum.ts')).recoverQuorumOf,
  },
  rebalance: { words: 0, flags: [...FLEET_FLAGS, 'once'], load: async () => (await fleet()).rebalanceOf },
  undrain: { words: 1, flags: FLEET_FLAGS, load: async () => (await fleet()).undrainOf },
};

/** `weir admin`: work on the files of a stopped node, and on the nodes of a running cluster. */
export const runAdmin: RunVerb = async (args, terminal) => {
  const { flags: known } = helpOf('admin');
  const flags = parseFlags('admin', known, args);
  const [name = '', ...rest] = flags.positionals;
  const row = ACTIONS[name];
  if (row === undefined || rest.length > row.words)
    throw usageFault('admin', `the things to do are ${Object.keys(ACTIONS).join(', ')}`);
  for (const flag of known) {
    if (flags.has(flag.name) && !row.flags.includes(flag.name))
      throw usageFault('admin', `--${flag.name} is not for ${name}`);
  }
  const need = (flag: string): string => {
    const text = flags.text(flag);
    if (text === undefined) throw usageFault('admin', `--${flag} is missing`);
    return text;
  };
  const action = await row.load();
  return action({ has: flags.has, need, text: flags.text, rest }, terminal);
};
