// Fetches every foreign program that the tests need: `node test/setup/main.ts`. A second call finds it all in the cache.
import { ensureClientImages } from '../kubernetes/clients/images.ts';
import { ensureCorpus } from './corpus.ts';
import { ensureImage } from './image.ts';
import { ensureClients44, ensureKafka } from './kafka.ts';
import { ensureKubernetes, ensureNodes } from './kubernetes.ts';
import { ensurePython } from './python.ts';

const peers = {
  kafka: ensureKafka,
  clients: ensureClients44,
  python: ensurePython,
  corpus: ensureCorpus,
  kubernetes: ensureKubernetes,
  podClients: ensureClientImages,
  nodes: ensureNodes,
  image: ensureImage,
};
let missing = 0;
for (const [name, ensure] of Object.entries(peers)) {
  const startMs = performance.now();
  try {
    await ensure();
    console.log(`${name}: there (${Math.round(performance.now() - startMs)} ms)`);
  } catch (error) {
    missing += 1;
    console.log(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
process.exitCode = missing === 0 ? 0 : 1;
