// The command `weir` as it is installed: finds the Node that came with it and runs the program there. With a Node that
// is new enough already, in this very process.
import module from 'node:module';
import { fileURLToPath } from 'node:url';
import { explainMissingRuntime, findRuntime, followParent, isHostNewEnough, replaceBy } from './runtime.mjs';

if (isHostNewEnough()) {
  // Saves the compilation of what ran before; a directory that can't be written only costs that.
  module.enableCompileCache?.();
  followParent(() => process.kill(process.pid, 'SIGTERM'));
  await import(new URL('./main.js', import.meta.url).href);
} else {
  const runtime = findRuntime(import.meta.url);
  if (runtime === null) {
    console.error(explainMissingRuntime());
    process.exit(1);
  }
  replaceBy(runtime, [fileURLToPath(import.meta.url), ...process.argv.slice(2)]);
}
