import { ensureClientImages } from '../kubernetes/clients/images.ts';
import { ensureActionlint } from '../setup/actionlint.ts';
import { hasCode } from '../setup/cache.ts';
import { ensureCorpus } from '../setup/corpus.ts';
import { ensureImage } from '../setup/image.ts';
import { ensureClients44, ensureKafka, ensureNewestServer } from '../setup/kafka.ts';
import { ensureKubernetes, ensureNodes } from '../setup/kubernetes.ts';
import { ensurePython } from '../setup/python.ts';
import type { Need } from './suites.ts';

const ENSURE: Readonly<Record<Need, () => Promise<unknown>>> = {
  kafka: ensureKafka,
  clients: async () => Promise.all([ensureClients44(), ensureNewestServer()]),
  python: ensurePython,
  corpus: ensureCorpus,
  kubernetes: ensureKubernetes,
  podClients: ensureClientImages,
  nodes: ensureNodes,
  image: async () => Promise.all([ensureImage(), ensureActionlint()]),
};

/**
 * Gets everything that `needs` names, into the cache outside the checkout. Gives why something can't be had on this
 * machine, or null. Rejects when a set-up that should work failed.
 */
export async function provide(needs: readonly Need[]): Promise<string | null> {
  for (const need of needs) {
    try {
      await ENSURE[need]();
    } catch (error) {
      if (hasCode(error, 'MISSING_PEER') && error instanceof Error) return error.message;
      throw error;
    }
  }
  return null;
}
