import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WEIR_LEVELS } from '../../../broker/core/config/weir-levels.ts';
import { ROOT } from '../../tidy/tree.ts';

/** Makes of this tree, in a directory, a release of that version, which can work at one level of `weir.version` more. Gives that level. */
export async function makeLaterRelease(directory: string, version: string): Promise<number> {
  for (const folder of ['broker', 'operator'])
    await cp(join(ROOT, folder), join(directory, folder), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  const described = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as object;
  await writeFile(join(directory, 'package.json'), JSON.stringify({ ...described, version }));
  const levels = [...WEIR_LEVELS, version];
  const text = `export const WEIR_LEVELS: readonly string[] = ${JSON.stringify(levels)};\n`;
  await writeFile(join(directory, 'broker/core/config/weir-levels.ts'), text);
  return levels.length;
}
