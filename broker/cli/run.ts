import { isSystemFault, isUserFault, messageOf } from './fault.ts';
import { describeFlags } from './flags.ts';
import type { Terminal } from './verb.ts';
import { type Verb, VERBS } from './verbs.ts';
import { readVersion } from './version.ts';

/** Runs one command line and gives the exit code. Nothing is thrown for what a user can mend. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    const verb = VERBS.find((one) => one.help.name === rest[0]);
    terminal.out(verb === undefined ? describeProgram() : describeVerb(verb));
    return first === undefined ? 2 : 0;
  }
  if (first === '--version' || first === 'version' || rest.includes('--version')) {
    terminal.out(`weir ${readVersion()}`);
    return 0;
  }
  const verb = VERBS.find((one) => one.help.name === first);
  if (verb === undefined) {
    terminal.note(`weir: there is no ${JSON.stringify(first)}; try: weir --help`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    terminal.out(describeVerb(verb));
    return 0;
  }
  try {
    return await (await verb.load())(rest, terminal);
  } catch (error) {
    if (!isUserFault(error)) {
      if (!isSystemFault(error)) throw error;
      terminal.note(`weir: ${messageOf(error)}`);
      return 1;
    }
    terminal.note(
      error.message
        .split('\n')
        .map((line, index) => (index === 0 ? `weir: ${line}` : `      ${line}`))
        .join('\n'),
    );
    return error.exitCode;
  }
}

function describeProgram(): string {
  const width = Math.max(...VERBS.map((verb) => verb.help.name.length)) + 2;
  const verbs = VERBS.map(({ help }) => `  ${help.name.padEnd(width)}${help.summary}`);
  return [
    'weir: queues and streams that speak the Kafka protocol',
    '',
    'usage: weir VERB [FLAGS]',
    '',
    ...verbs,
    '',
    'weir VERB --help tells more; weir --version prints the version.',
  ].join('\n');
}

function describeVerb({ help }: Verb): string {
  return [help.summary, '', `usage: ${help.usage}`, '', ...help.details, '', describeFlags(help.flags)].join('\n');
}
