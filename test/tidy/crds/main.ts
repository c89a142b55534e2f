// `npm run crds`: writes the CRDs anew after an edit of operator/api.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../tree.ts';
import { CRD_FOLDERS, crdFiles } from './files.ts';

for (const folder of CRD_FOLDERS) {
  for (const [name, text] of crdFiles()) await writeFile(join(ROOT, folder, name), text);
}
