import { ensureGoProgram } from './go.ts';

/** The path of the program that reads workflows of GitHub Actions, built unless the cache has it. Throws `MissingPeer` without Go. */
export async function ensureActionlint(): Promise<string> {
  return ensureGoProgram({
    name: 'actionlint',
    module: 'github.com/rhysd/actionlint',
    version: 'v1.7.12',
    package: 'github.com/rhysd/actionlint/cmd/actionlint',
    tags: [],
    variables: {},
  });
}
