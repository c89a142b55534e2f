import { stat } from 'node:fs/promises';
import { ensureImage } from '../../../setup/image.ts';
import { installOperator } from '../operated.ts';
import { Nodes } from './nodes.ts';

/** Nodes that have the image which `npm run image` builds, and the operator of the chart, which may not be ready yet. */
export interface OperatedNodes {
  readonly nodes: Nodes;
  /** The image's name and tag. */
  readonly image: { readonly repository: string; readonly tag: string };
  /** Bytes of the image with its Debian, as an archive. */
  readonly imageBytes: number;
}

/** Starts three. The chart finds the image by the name that it has by itself. */
export async function startOperatedNodes(): Promise<OperatedNodes> {
  const { archive, reference } = await ensureImage();
  const { size: imageBytes } = await stat(archive);
  const [, repository = '', tag = ''] = /^(.*):([^:]+)$/.exec(reference) ?? [];
  const nodes = await Nodes.start();
  try {
    await nodes.load(archive);
    await installOperator(nodes.plane);
    return { nodes, image: { repository, tag }, imageBytes };
  } catch (error) {
    await nodes.stop();
    throw error;
  }
}
