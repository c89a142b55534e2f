// `npm run crds`: writes crds/ anew after an edit of operator/api.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../tree.ts';
import { crdFiles } from './files.ts';

for (const [name, text] of crdFiles()) await writeFile(join(ROOT, 'crds', name), text);
